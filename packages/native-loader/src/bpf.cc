// SPDX-License-Identifier: BSD-2-Clause
#include "addon.h"
#include "args.h"
#include "syscall.h"

namespace skep {
namespace {

// bpf(command, attr): attr is read and written in place.
Napi::Value Bpf(const Napi::CallbackInfo& info) {
  Args args(info);
  int command = args.Int(0);
  Bytes attr = args.View(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Bpf(command, attr.data, attr.length));
}

// perfEventOpen(attr, pid, cpu, group, flags)
Napi::Value PerfEventOpen(const Napi::CallbackInfo& info) {
  Args args(info);
  Bytes attr = args.View(0);
  int pid = args.Int(1);
  int cpu = args.Int(2);
  int group = args.Int(3);
  uint64_t flags = args.Long(4);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::PerfEventOpen(attr.data, attr.length, pid, cpu, group, flags));
}

// ioctl(fd, request, number | bytes)
Napi::Value Ioctl(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  uint64_t request = args.Long(1);
  if (args.IsView(2)) {
    Bytes data = args.View(2);
    if (!args.ok()) return args.Failed();
    return args.Result(sys::IoctlBytes(fd, request, data.data, data.length));
  }
  uint64_t number = args.Long(2);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::IoctlNumber(fd, request, number));
}

}  // namespace

void ExportBpf(Napi::Env env, Napi::Object exports) {
  Export<Bpf>(env, exports, "bpf");
  Export<PerfEventOpen>(env, exports, "perfEventOpen");
  Export<Ioctl>(env, exports, "ioctl");
}

}  // namespace skep
