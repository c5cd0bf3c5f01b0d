// SPDX-License-Identifier: BSD-2-Clause
#include "addon.h"
#include "args.h"
#include "fd.h"
#include "syscall.h"

namespace skep {
namespace {

// socket(domain, type, protocol)
Napi::Value Socket(const Napi::CallbackInfo& info) {
  Args args(info);
  int domain = args.Int(0);
  int type = args.Int(1);
  int protocol = args.Int(2);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Socket(domain, type, protocol));
}

// socketpair(domain, type, protocol): [fd, fd], or -errno.
Napi::Value SocketPair(const Napi::CallbackInfo& info) {
  Args args(info);
  int domain = args.Int(0);
  int type = args.Int(1);
  int protocol = args.Int(2);
  if (!args.ok()) return args.Failed();
  int fds[2];
  int result = sys::SocketPair(domain, type, protocol, fds);
  if (result < 0) return args.Result(result);
  Napi::Array pair = Napi::Array::New(args.env(), 2);
  pair.Set(0u, Napi::Number::New(args.env(), fds[0]));
  pair.Set(1u, Napi::Number::New(args.env(), fds[1]));
  return pair;
}

// bind(fd, addr)
Napi::Value Bind(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  Bytes addr = args.View(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Bind(fd, addr.data, addr.length));
}

// connect(fd, addr)
Napi::Value Connect(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  Bytes addr = args.View(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Connect(fd, addr.data, addr.length));
}

// listen(fd, backlog)
Napi::Value Listen(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  int backlog = args.Int(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Listen(fd, backlog));
}

// accept(fd, flags)
Napi::Value Accept(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  int flags = args.Int(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Accept(fd, flags));
}

// getsockname(fd, addr): the length of the address.
Napi::Value GetSockName(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  Bytes addr = args.View(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::GetSockName(fd, addr.data, addr.length));
}

// getpeername(fd, addr): the length of the address.
Napi::Value GetPeerName(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  Bytes addr = args.View(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::GetPeerName(fd, addr.data, addr.length));
}

// getsockopt(fd, level, name, value): the length of the value.
Napi::Value GetSockOpt(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  int level = args.Int(1);
  int name = args.Int(2);
  Bytes value = args.View(3);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::GetSockOpt(fd, level, name, value.data, value.length));
}

// setsockopt(fd, level, name, value)
Napi::Value SetSockOpt(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  int level = args.Int(1);
  int name = args.Int(2);
  Bytes value = args.View(3);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::SetSockOpt(fd, level, name, value.data, value.length));
}

// send(fd, data, flags, addr?)
Napi::Value Send(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  Bytes data = args.View(1);
  int flags = args.Int(2);
  Bytes addr;
  if (args.Has(3)) addr = args.View(3);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Send(fd, data.data, data.length, flags, addr.data, addr.length));
}

// recv(fd, data, flags)
Napi::Value Recv(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  Bytes data = args.View(1);
  int flags = args.Int(2);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Recv(fd, data.data, data.length, flags));
}

// recvfrom(fd, data, flags, addr): the length of the data; the sender's address is written to addr.
Napi::Value RecvFrom(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  Bytes data = args.View(1);
  int flags = args.Int(2);
  Bytes addr = args.View(3);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::RecvFrom(fd, data.data, data.length, flags, addr.data, addr.length));
}

}  // namespace

void ExportSocket(Napi::Env env, Napi::Object exports) {
  Export<Socket>(env, exports, "socket");
  Export<SocketPair>(env, exports, "socketpair");
  Export<Bind>(env, exports, "bind");
  Export<Connect>(env, exports, "connect");
  Export<Listen>(env, exports, "listen");
  Export<Accept>(env, exports, "accept");
  Export<GetSockName>(env, exports, "getsockname");
  Export<GetPeerName>(env, exports, "getpeername");
  Export<GetSockOpt>(env, exports, "getsockopt");
  Export<SetSockOpt>(env, exports, "setsockopt");
  Export<Send>(env, exports, "send");
  Export<Recv>(env, exports, "recv");
  Export<RecvFrom>(env, exports, "recvfrom");
}

}  // namespace skep
