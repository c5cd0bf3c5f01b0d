// SPDX-License-Identifier: BSD-2-Clause
//
// Memory that the kernel and JavaScript share.
//
// Buffers for pointers inside attr are ordinary ArrayBuffers: V8 keeps their bytes outside of its moving heap, zeroed
// and aligned, for as long as they are neither collected nor detached, so that their address can be handed to the
// kernel. Mappings are external ArrayBuffers over what mmap(2) returned.
#include <errno.h>

#include "addon.h"
#include "args.h"
#include "syscall.h"

namespace skep {

struct Region {
  void* address;
  size_t length;
  bool mapped;
  std::shared_ptr<Regions> registry;
};

namespace {

void Unmap(Region* region) {
  if (!region->mapped) return;
  region->mapped = false;
  region->registry->erase(region->address);
  sys::Munmap(region->address, region->length);
}

// V8 is done with the ArrayBuffer: detached, collected, or the environment ends.
void Finalize(napi_env, void*, void* hint) {
  Region* region = static_cast<Region*>(hint);
  Unmap(region);
  delete region;
}

// address(arrayBuffer): where its bytes lie, 0n for an empty or detached one.
Napi::Value Address(const Napi::CallbackInfo& info) {
  Args args(info);
  Napi::ArrayBuffer buffer = args.Buffer(0);
  if (!args.ok()) return args.Failed();
  return Napi::BigInt::New(args.env(), static_cast<uint64_t>(reinterpret_cast<uintptr_t>(buffer.Data())));
}

// detach(arrayBuffer): every view of it becomes empty and its bytes are freed.
Napi::Value Detach(const Napi::CallbackInfo& info) {
  Args args(info);
  Napi::ArrayBuffer buffer = args.Buffer(0);
  if (!args.ok()) return args.Failed();
  if (args.env().GetInstanceData<Instance>()->regions->count(buffer.Data()) != 0) return args.Result(-EINVAL);
  return args.Result(napi_detach_arraybuffer(args.env(), buffer) == napi_ok ? 0 : -EINVAL);
}

// mmap(fd, length, offset, prot, hint): an ArrayBuffer, or -errno.
Napi::Value Mmap(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  uint64_t length = args.Long(1);
  uint64_t offset = args.Long(2);
  int prot = args.Int(3);
  uint64_t hint = args.Long(4);
  if (!args.ok()) return args.Failed();
  // What an ArrayBuffer of every supported Node can show.
  constexpr uint64_t kMaxLength = uint64_t{1} << 32;
  if (length == 0) return args.Result(-EINVAL);
  if (length > kMaxLength) return args.Result(-ENOMEM);

  void* address = nullptr;
  int error = sys::Mmap(reinterpret_cast<void*>(static_cast<uintptr_t>(hint)), length, prot, fd, offset, &address);
  if (error < 0) return args.Result(error);
  std::shared_ptr<Regions> registry = args.env().GetInstanceData<Instance>()->regions;
  Region* region = new Region{address, length, true, registry};
  registry->emplace(address, region);
  napi_value result;
  napi_status status = napi_create_external_arraybuffer(args.env(), address, length, Finalize, region, &result);
  if (status != napi_ok) {
    // A V8 with a sandbox (Electron) cannot show memory that it did not allocate.
    Unmap(region);
    delete region;
    return args.Result(-ENOTSUP);
  }
  return Napi::Value(args.env(), result);
}

// munmap(arrayBuffer): -EINVAL unless it is a live mapping of this addon.
Napi::Value Munmap(const Napi::CallbackInfo& info) {
  Args args(info);
  Napi::ArrayBuffer buffer = args.Buffer(0);
  if (!args.ok()) return args.Failed();
  std::shared_ptr<Regions> registry = args.env().GetInstanceData<Instance>()->regions;
  auto found = registry->find(buffer.Data());
  if (buffer.Data() == nullptr || found == registry->end()) return args.Result(-EINVAL);
  Region* region = found->second;
  // Detaching first: no JavaScript view may outlive the pages. The finalizer frees the region later.
  if (napi_detach_arraybuffer(args.env(), buffer) != napi_ok) return args.Result(-EBUSY);
  Unmap(region);
  return args.Result(0);
}

}  // namespace

void ExportMemory(Napi::Env env, Napi::Object exports) {
  Export<Address>(env, exports, "address");
  Export<Detach>(env, exports, "detach");
  Export<Mmap>(env, exports, "mmap");
  Export<Munmap>(env, exports, "munmap");
  exports.Set("pageSize", Napi::Number::New(env, static_cast<double>(sys::PageSize())));
}

}  // namespace skep
