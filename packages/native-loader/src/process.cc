// SPDX-License-Identifier: BSD-2-Clause
//
// Calls about the calling thread, for tests that isolate themselves.
#include "addon.h"
#include "args.h"
#include "syscall.h"

namespace skep {
namespace {

Napi::Value Unshare(const Napi::CallbackInfo& info) {
  Args args(info);
  int flags = args.Int(0);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Unshare(flags));
}

// setns(fd, type)
Napi::Value SetNs(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  int type = args.Int(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::SetNs(fd, type));
}

Napi::Value GetPid(const Napi::CallbackInfo& info) {
  return Args(info).Result(sys::GetPid());
}

Napi::Value GetTid(const Napi::CallbackInfo& info) {
  return Args(info).Result(sys::GetTid());
}

// pidfd_open(pid, flags)
Napi::Value PidfdOpen(const Napi::CallbackInfo& info) {
  Args args(info);
  int pid = args.Int(0);
  int flags = args.Int(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::PidfdOpen(pid, static_cast<unsigned>(flags)));
}

Napi::Value SetAffinity(const Napi::CallbackInfo& info) {
  Args args(info);
  int cpu = args.Int(0);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::SetAffinity(cpu));
}

// setLimit(resource, soft, hard)
Napi::Value SetLimit(const Napi::CallbackInfo& info) {
  Args args(info);
  int resource = args.Int(0);
  uint64_t soft = args.Long(1);
  uint64_t hard = args.Long(2);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::SetLimit(resource, soft, hard));
}

}  // namespace

void ExportProcess(Napi::Env env, Napi::Object exports) {
  Export<Unshare>(env, exports, "unshare");
  Export<SetNs>(env, exports, "setns");
  Export<GetPid>(env, exports, "getpid");
  Export<GetTid>(env, exports, "gettid");
  Export<PidfdOpen>(env, exports, "pidfdOpen");
  Export<SetAffinity>(env, exports, "setAffinity");
  Export<SetLimit>(env, exports, "setLimit");
}

}  // namespace skep
