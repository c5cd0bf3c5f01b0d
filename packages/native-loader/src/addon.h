// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <napi.h>

#include <memory>
#include <unordered_map>

namespace skep {

// A range that this addon mapped and a JavaScript ArrayBuffer shows.
struct Region;
using Regions = std::unordered_map<void*, Region*>;

// A wait that goes on, by its token.
struct Wait;
using Waits = std::unordered_map<uint32_t, Wait*>;

// What one instance of the addon (one per Node environment: main thread, each worker) knows. There is no other state.
struct Instance {
  // Shared with each region and wait, because their last callbacks may run after the instance is gone.
  std::shared_ptr<Regions> regions = std::make_shared<Regions>();
  std::shared_ptr<Waits> waits = std::make_shared<Waits>();
  uint32_t last_token = 0;
};

// Each adds its functions to the addon's exports.
void ExportBpf(Napi::Env env, Napi::Object exports);
void ExportChild(Napi::Env env, Napi::Object exports);
void ExportFile(Napi::Env env, Napi::Object exports);
void ExportMemory(Napi::Env env, Napi::Object exports);
void ExportProcess(Napi::Env env, Napi::Object exports);
void ExportSocket(Napi::Env env, Napi::Object exports);
void ExportWait(Napi::Env env, Napi::Object exports);

template <Napi::Value (*function)(const Napi::CallbackInfo&)>
void Export(Napi::Env env, Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<function>(env, name));
}

}  // namespace skep
