// SPDX-License-Identifier: BSD-2-Clause
//
// Arguments of a call from JavaScript, checked. TypeScript has validated them already and words the errors; this is
// the second fence: whatever is passed, the addon throws a TypeError and never reads a wrong byte.
#pragma once

#include <napi.h>

#include <string>

namespace skep {

struct Bytes {
  uint8_t* data = nullptr;
  size_t length = 0;
};

class Args {
 public:
  explicit Args(const Napi::CallbackInfo& info) : info_(info), env_(info.Env()) {}

  // The first argument that does not fit raises a TypeError; everything read after it is zero.
  int32_t Int(size_t index);
  // Unsigned 64-bit: a BigInt, or a safe integer that is not negative.
  uint64_t Long(size_t index);
  // A Uint8Array. A detached one is empty.
  Bytes View(size_t index);
  bool Has(size_t index) const { return index < info_.Length() && !info_[index].IsUndefined(); }
  bool IsView(size_t index) const { return index < info_.Length() && info_[index].IsTypedArray(); }
  // A string without NUL bytes.
  std::string Text(size_t index);
  Napi::ArrayBuffer Buffer(size_t index);
  Napi::Function Callback(size_t index);

  bool ok() const { return ok_; }
  Napi::Env env() const { return env_; }
  Napi::Value Result(int64_t value) const { return Napi::Number::New(env_, static_cast<double>(value)); }
  Napi::Value Failed() const { return env_.Undefined(); }

  void Reject(size_t index, const char* expected);

 private:
  const Napi::CallbackInfo& info_;
  Napi::Env env_;
  bool ok_ = true;
};

}  // namespace skep
