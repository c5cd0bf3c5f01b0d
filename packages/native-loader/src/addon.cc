// SPDX-License-Identifier: BSD-2-Clause
#include "addon.h"

namespace skep {

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Instance());
  ExportBpf(env, exports);
  ExportChild(env, exports);
  ExportFile(env, exports);
  ExportMemory(env, exports);
  ExportProcess(env, exports);
  ExportSocket(env, exports);
  ExportWait(env, exports);
  return exports;
}

}  // namespace skep

using skep::Init;
NODE_API_MODULE(skep, Init)
