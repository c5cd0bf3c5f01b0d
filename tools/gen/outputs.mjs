// SPDX-License-Identifier: BSD-2-Clause
import { attachTargetOutputs } from './attach-targets.mjs'
import { contextOutputs } from './contexts.mjs'
import { divergenceOutputs } from './divergences.mjs'
import { helperOutputs } from './helpers.mjs'
import { kfuncOutputs } from './kfuncs.mjs'
import { mapOutputs } from './maps.mjs'
import { ruleOutputs } from './rules.mjs'
import { uapiOutputs } from './uapi.mjs'

/** Every generated file of the repository. */
export function outputs() {
  return [
    ...uapiOutputs(),
    ...ruleOutputs(),
    ...helperOutputs(),
    ...contextOutputs(),
    ...kfuncOutputs(),
    ...mapOutputs(),
    ...attachTargetOutputs(),
    ...divergenceOutputs(),
  ]
}
