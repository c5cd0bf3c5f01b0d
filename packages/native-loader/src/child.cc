// SPDX-License-Identifier: BSD-2-Clause
//
// System calls made by a process of its own that shares memory and files with this one: what only a process with a
// single thread may do, such as entering a user namespace, and what is wanted under the rights that it has there.
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "addon.h"
#include "args.h"

namespace skep {
namespace {

// As TypeScript packs it: number, six arguments, result.
struct Call {
  int64_t number;
  int64_t arguments[6];
  int64_t result;
};

struct Work {
  Call* calls;
  size_t count;
};

constexpr size_t kStack = 64 * 1024;

int Run(void* data) {
  auto* work = static_cast<Work*>(data);
  for (size_t i = 0; i < work->count; i++) {
    Call& c = work->calls[i];
    const int64_t* a = c.arguments;
    long ret = syscall(c.number, a[0], a[1], a[2], a[3], a[4], a[5]);
    c.result = ret < 0 ? -errno : ret;
    if (ret < 0) break;
  }
  return 0;
}

// The caller waits until the child has exited, so that its memory is used by one of both at a time.
int RunInChild(Work* work) {
  auto stack = std::make_unique<uint8_t[]>(kStack);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int pid = clone(Run, stack.get() + kStack, CLONE_VM | CLONE_VFORK | CLONE_FILES, work);
  int error = pid < 0 ? errno : 0;
  if (pid > 0) {
    int status;
    while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR) {
    }
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return -error;
}

// childCalls(calls): 0, or -errno where there is no child. Calls stop at the first that fails.
Napi::Value ChildCalls(const Napi::CallbackInfo& info) {
  Args args(info);
  Bytes calls = args.View(0);
  if (!args.ok()) return args.Failed();
  if (calls.length % sizeof(Call) != 0 || reinterpret_cast<uintptr_t>(calls.data) % alignof(Call) != 0) {
    args.Reject(0, "whole records of eight 64-bit words");
    return args.Failed();
  }
  Work work{reinterpret_cast<Call*>(calls.data), calls.length / sizeof(Call)};
  return args.Result(RunInChild(&work));
}

}  // namespace

void ExportChild(Napi::Env env, Napi::Object exports) {
  Export<ChildCalls>(env, exports, "childCalls");
}

}  // namespace skep
