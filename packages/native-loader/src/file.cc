// SPDX-License-Identifier: BSD-2-Clause
#include "addon.h"
#include "args.h"
#include "syscall.h"

namespace skep {
namespace {

Napi::Value Close(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Close(fd));
}

// open(path, flags, mode)
Napi::Value Open(const Napi::CallbackInfo& info) {
  Args args(info);
  std::string path = args.Text(0);
  int flags = args.Int(1);
  int mode = args.Int(2);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Open(path.c_str(), flags, static_cast<unsigned>(mode)));
}

// mkdir(path, mode)
Napi::Value Mkdir(const Napi::CallbackInfo& info) {
  Args args(info);
  std::string path = args.Text(0);
  int mode = args.Int(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Mkdir(path.c_str(), static_cast<unsigned>(mode)));
}

Napi::Value Rmdir(const Napi::CallbackInfo& info) {
  Args args(info);
  std::string path = args.Text(0);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Rmdir(path.c_str()));
}

Napi::Value Unlink(const Napi::CallbackInfo& info) {
  Args args(info);
  std::string path = args.Text(0);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Unlink(path.c_str()));
}

// read(fd, data)
Napi::Value Read(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  Bytes data = args.View(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Read(fd, data.data, data.length));
}

// write(fd, data)
Napi::Value Write(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  Bytes data = args.View(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Write(fd, data.data, data.length));
}

Napi::Value Fchdir(const Napi::CallbackInfo& info) {
  Args args(info);
  int fd = args.Int(0);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Fchdir(fd));
}

Napi::Value Chroot(const Napi::CallbackInfo& info) {
  Args args(info);
  std::string path = args.Text(0);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Chroot(path.c_str()));
}

// mount(source, target, type, flags, data)
Napi::Value Mount(const Napi::CallbackInfo& info) {
  Args args(info);
  std::string source = args.Text(0);
  std::string target = args.Text(1);
  std::string type = args.Text(2);
  uint64_t flags = args.Long(3);
  std::string data = args.Text(4);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Mount(source.c_str(), target.c_str(), type.c_str(), flags, data.c_str()));
}

// umount(target, flags)
Napi::Value Umount(const Napi::CallbackInfo& info) {
  Args args(info);
  std::string target = args.Text(0);
  int flags = args.Int(1);
  if (!args.ok()) return args.Failed();
  return args.Result(sys::Umount(target.c_str(), flags));
}

}  // namespace

void ExportFile(Napi::Env env, Napi::Object exports) {
  Export<Close>(env, exports, "close");
  Export<Open>(env, exports, "open");
  Export<Mkdir>(env, exports, "mkdir");
  Export<Rmdir>(env, exports, "rmdir");
  Export<Unlink>(env, exports, "unlink");
  Export<Read>(env, exports, "read");
  Export<Write>(env, exports, "write");
  Export<Fchdir>(env, exports, "fchdir");
  Export<Chroot>(env, exports, "chroot");
  Export<Mount>(env, exports, "mount");
  Export<Umount>(env, exports, "umount");
}

}  // namespace skep
