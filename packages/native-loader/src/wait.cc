// SPDX-License-Identifier: BSD-2-Clause
//
// Waiting for fds without a thread: an epoll instance holds them, and since an epoll fd can itself be polled, the
// event loop watches that one.
#include <errno.h>
#include <node_api.h>
#include <uv.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "addon.h"
#include "args.h"
#include "fd.h"
#include "syscall.h"

namespace skep {

struct Wait {
  uv_poll_t poll;
  Fd epoll;
  size_t count;
  Napi::Env env;
  Napi::FunctionReference callback;
  napi_async_context context = nullptr;
  napi_async_cleanup_hook_handle hook = nullptr;
  std::shared_ptr<Waits> registry;
  uint32_t token = 0;

  Wait(Napi::Env environment, size_t fds) : count(std::max<size_t>(fds, 1)), env(environment) {}
};

namespace {

void OnClosed(uv_handle_t* handle) {
  Wait* wait = static_cast<Wait*>(handle->data);
  // Without its hook the environment may end; nothing may touch it after that.
  napi_async_cleanup_hook_handle hook = wait->hook;
  delete wait;
  if (hook != nullptr) napi_remove_async_cleanup_hook(hook);
}

// Ends a wait, once: it is in the registry until then.
void Stop(Wait* wait) {
  if (wait->registry->erase(wait->token) == 0) return;
  wait->callback.Reset();
  if (wait->context != nullptr) napi_async_destroy(wait->env, wait->context);
  wait->context = nullptr;
  uv_poll_stop(&wait->poll);
  uv_close(reinterpret_cast<uv_handle_t*>(&wait->poll), OnClosed);
}

// The environment ends while something still waits: it goes on only after OnClosed has removed the hook.
void OnEnvironmentEnd(napi_async_cleanup_hook_handle, void* data) {
  Stop(static_cast<Wait*>(data));
}

Napi::Array List(Napi::Env env, const std::vector<int>& fds) {
  Napi::Array list = Napi::Array::New(env, fds.size());
  for (size_t i = 0; i < fds.size(); i++) list.Set(static_cast<uint32_t>(i), Napi::Number::New(env, fds[i]));
  return list;
}

std::vector<int> Ready(const Wait* wait) {
  std::vector<int> ready(wait->count);
  int count = sys::EpollReady(wait->epoll.get(), ready.data(), static_cast<int>(ready.size()));
  ready.resize(static_cast<size_t>(std::max(count, 0)));
  return ready;
}

void OnReady(uv_poll_t* handle, int, int) {
  Wait* wait = static_cast<Wait*>(handle->data);
  std::vector<int> ready = Ready(wait);
  // Another reader of the same fd was faster: go on waiting.
  if (ready.empty()) return;
  Napi::Env env = wait->env;
  Napi::HandleScope scope(env);
  napi_value argument = List(env, ready);
  Napi::Function callback = wait->callback.Value();
  napi_async_context context = std::exchange(wait->context, nullptr);
  Stop(wait);
  napi_make_callback(env, context, env.Global(), callback, 1, &argument, nullptr);
  if (context != nullptr) napi_async_destroy(env, context);
}

// `always` receives the fds that epoll refuses because they never block (regular files).
int Start(Wait* wait, const std::vector<int>& fds, std::vector<int>* always) {
  int epoll = sys::EpollCreate();
  if (epoll < 0) return epoll;
  wait->epoll = Fd(epoll);
  for (int fd : fds) {
    int error = sys::EpollAdd(epoll, fd);
    if (error == -EPERM) {
      always->push_back(fd);
    } else if (error < 0) {
      return error;
    }
  }
  if (!always->empty()) return 0;
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(wait->env, &loop) != napi_ok) return -ENOSYS;
  int error = uv_poll_init(loop, &wait->poll, epoll);
  if (error < 0) return error;
  wait->poll.data = wait;
  return 0;
}

bool ReadFds(Args& args, const Napi::CallbackInfo& info, std::vector<int>* fds) {
  if (info.Length() < 1 || !info[0].IsArray()) {
    args.Reject(0, "an array of fds");
    return false;
  }
  Napi::Array list = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) {
    Napi::Value item = list.Get(i);
    double number = !item.IsEmpty() && item.IsNumber() ? item.As<Napi::Number>().DoubleValue() : 0.5;
    if (number != std::floor(number) || std::fabs(number) > INT_MAX) {
      args.Reject(0, "an array of fds");
      return false;
    }
    fds->push_back(static_cast<int>(number));
  }
  return true;
}

// waitStart(fds, callback): a token, above zero; or, without a callback to come, the list of fds that are ready already
// because some of them never block; or -errno. The callback receives the list of ready fds, once.
Napi::Value WaitStart(const Napi::CallbackInfo& info) {
  Args args(info);
  std::vector<int> fds;
  Napi::Function callback = args.Callback(1);
  if (!args.ok() || !ReadFds(args, info, &fds)) return args.Failed();
  Napi::Env env = args.env();
  Wait* wait = new Wait(env, fds.size());
  std::vector<int> always;
  int error = Start(wait, fds, &always);
  if (error < 0) {
    delete wait;
    return args.Result(error);
  }
  if (!always.empty()) {
    std::vector<int> ready = Ready(wait);
    ready.insert(ready.end(), always.begin(), always.end());
    delete wait;
    return List(env, ready);
  }
  Instance* instance = env.GetInstanceData<Instance>();
  do {
    wait->token = ++instance->last_token;
  } while (wait->token == 0 || instance->waits->count(wait->token) != 0);
  wait->registry = instance->waits;
  wait->registry->emplace(wait->token, wait);
  wait->callback = Napi::Persistent(callback);
  napi_async_init(env, nullptr, Napi::String::New(env, "skep:wait"), &wait->context);
  napi_add_async_cleanup_hook(env, OnEnvironmentEnd, wait, &wait->hook);
  uv_poll_start(&wait->poll, UV_READABLE, OnReady);
  return args.Result(wait->token);
}

// waitStop(token): the callback will not be called any more; the fds that are ready now, none for a wait that is over.
Napi::Value WaitStop(const Napi::CallbackInfo& info) {
  Args args(info);
  uint32_t token = static_cast<uint32_t>(args.Int(0));
  if (!args.ok()) return args.Failed();
  std::shared_ptr<Waits> waits = args.env().GetInstanceData<Instance>()->waits;
  auto found = waits->find(token);
  if (found == waits->end()) return List(args.env(), {});
  Wait* wait = found->second;
  std::vector<int> ready = Ready(wait);
  Stop(wait);
  return List(args.env(), ready);
}

}  // namespace

void ExportWait(Napi::Env env, Napi::Object exports) {
  Export<WaitStart>(env, exports, "waitStart");
  Export<WaitStop>(env, exports, "waitStop");
}

}  // namespace skep
