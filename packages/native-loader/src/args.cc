// SPDX-License-Identifier: BSD-2-Clause
#include "args.h"

#include <cmath>

namespace skep {

void Args::Reject(size_t index, const char* expected) {
  if (!ok_) return;
  ok_ = false;
  std::string text = "argument " + std::to_string(index) + ": expected " + expected;
  Napi::TypeError::New(env_, text).ThrowAsJavaScriptException();
}

int32_t Args::Int(size_t index) {
  if (!ok_) return 0;
  if (index < info_.Length() && info_[index].IsNumber()) {
    double value = info_[index].As<Napi::Number>().DoubleValue();
    // Unsigned 32-bit values (flags with the top bit) are taken as their bits.
    if (value == std::floor(value) && value >= -2147483648.0 && value <= 4294967295.0) {
      return static_cast<int32_t>(static_cast<uint32_t>(static_cast<int64_t>(value)));
    }
  }
  Reject(index, "a 32-bit integer");
  return 0;
}

uint64_t Args::Long(size_t index) {
  if (!ok_) return 0;
  if (index < info_.Length() && info_[index].IsBigInt()) {
    bool lossless = false;
    uint64_t value = info_[index].As<Napi::BigInt>().Uint64Value(&lossless);
    if (lossless) return value;
  } else if (index < info_.Length() && info_[index].IsNumber()) {
    double value = info_[index].As<Napi::Number>().DoubleValue();
    if (value == std::floor(value) && value >= 0 && value <= 9007199254740991.0) return static_cast<uint64_t>(value);
  }
  Reject(index, "an unsigned 64-bit integer");
  return 0;
}

Bytes Args::View(size_t index) {
  if (!ok_) return {};
  if (index < info_.Length() && info_[index].IsTypedArray()) {
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    napi_status status = napi_get_typedarray_info(env_, info_[index], &type, &length, &data, nullptr, nullptr);
    if (status == napi_ok && type == napi_uint8_array) {
      // A detached array has no data; it may still report a byte offset, which napi adds to null.
      if (length == 0) return {};
      return {static_cast<uint8_t*>(data), length};
    }
  }
  Reject(index, "a Uint8Array");
  return {};
}

std::string Args::Text(size_t index) {
  if (!ok_) return {};
  if (index < info_.Length() && info_[index].IsString()) {
    std::string text = info_[index].As<Napi::String>().Utf8Value();
    if (text.find('\0') == std::string::npos) return text;
  }
  Reject(index, "a string without NUL");
  return {};
}

Napi::ArrayBuffer Args::Buffer(size_t index) {
  if (!ok_) return {};
  if (index < info_.Length() && info_[index].IsArrayBuffer()) return info_[index].As<Napi::ArrayBuffer>();
  Reject(index, "an ArrayBuffer");
  return {};
}

Napi::Function Args::Callback(size_t index) {
  if (!ok_) return {};
  if (index < info_.Length() && info_[index].IsFunction()) return info_[index].As<Napi::Function>();
  Reject(index, "a function");
  return {};
}

}  // namespace skep
