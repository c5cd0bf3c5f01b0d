// SPDX-License-Identifier: BSD-2-Clause
//
// An addon that leaks on purpose: it shows that the leak check sees what an addon loses.
#include <node_api.h>

static napi_value Leak(napi_env env, napi_callback_info info) {
  volatile char* lost = new char[4321];
  lost[0] = 1;
  lost = nullptr;
  return nullptr;
}

NAPI_MODULE_INIT() {
  napi_value leak;
  napi_create_function(env, "leak", NAPI_AUTO_LENGTH, Leak, nullptr, &leak);
  napi_set_named_property(env, exports, "leak", leak);
  return exports;
}
