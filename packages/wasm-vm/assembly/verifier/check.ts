// SPDX-License-Identifier: GPL-2.0-only
// The order of the passes. Counterparts: bpf_check, do_check_common, do_check_subprogs.

import { BPF_PROG_TYPE_EXT } from '../gen/uapi-enums.gen'
import { monotonicNs } from '../wasi/clock'
import { EFAULT, ENOMEM, ENOTSUPP } from '../gen/errno.gen'
import {
  BPF_F_ANY_ALIGNMENT,
  BPF_F_STRICT_ALIGNMENT,
  BPF_F_TEST_REG_INVARIANTS,
  BPF_F_TEST_STATE_FREQ,
} from '../gen/uapi-defines.gen'
import {
  ATTR_PROG_LOAD__log_buf,
  ATTR_PROG_LOAD__log_level,
  ATTR_PROG_LOAD__log_size,
  ATTR_PROG_LOAD__log_true_size,
  ATTR_PROG_LOAD__prog_flags,
} from '../gen/uapi-layouts.gen'
import { putUser32 } from '../mem/user'
import { Prog } from '../prog/prog'
import { checkBtfInfo, checkBtfInfoEarly } from './check-btf'
import { markFastcallPatterns } from './call/summary'
import { checkCfg, computePostorder, computeScc } from './cfg'
import { createEnv, destroyEnv } from './env-life'
import { BPF_LOG_STATS, BPF_COMPLEXITY_LIMIT_INSNS, Env, markStateClean, subprogAt } from './env'
import { checkAttachTarget } from './attach-target'
import { removeFastcallSpills } from './fixups/dead-code'
import { applyFixups } from './fixups/fixups'
import { computeLiveRegisters } from './live-registers'
import { livenessInit } from './liveness'
import { logFinalize, logInit } from './log/buffer'
import { verbose } from './log/verbose'
import { processFdArray, resolvePseudoLoads } from './resolve'
import { addSubprogsAndKfuncs, checkMaxStackDepth, checkSubprogs } from './subprogs'
import { verifyGlobals, verifyMain } from './walk'

function staticPasses(env: Env): i32 {
  let ret = processFdArray(env)
  if (ret) return ret
  markStateClean(env)
  ret = checkBtfInfoEarly(env, env.attr)
  if (ret < 0) return ret
  ret = addSubprogsAndKfuncs(env)
  if (ret < 0) return ret
  ret = checkSubprogs(env)
  if (ret < 0) return ret
  ret = checkBtfInfo(env, env.attr)
  if (ret < 0) return ret
  ret = resolvePseudoLoads(env)
  if (ret < 0) return ret
  ret = checkCfg(env)
  if (ret < 0) return ret
  ret = computePostorder(env)
  if (ret < 0) return ret
  ret = livenessInit(env)
  if (ret) return ret
  ret = checkAttachTarget(env)
  if (ret) return ret
  ret = computeScc(env)
  if (ret < 0) return ret
  ret = computeLiveRegisters(env)
  if (ret < 0) return ret
  markFastcallPatterns(env)
  return 0
}

function printStats(env: Env, start: u64): void {
  if (env.log.level & BPF_LOG_STATS) {
    verbose(env, 'verification time %lld usec\nstack depth ', <i64>((monotonicNs() - start) / 1000))
    for (let i = 0; i < env.subprogCnt; i++) {
      if (i) verbose(env, '+')
      verbose(env, '%d', subprogAt(env, i).stackDepth)
    }
    verbose(env, '\n')
  }
  verbose(
    env,
    'processed %d insns (limit %d) max_states_per_insn %d total_states %d peak_states %d mark_read %d\n',
    env.insnProcessed,
    BPF_COMPLEXITY_LIMIT_INSNS,
    env.maxStatesPerInsn,
    env.totalStates,
    env.peakStates,
    0,
  )
}

/** Verifies a program; on success it is ready for the engines. attr: the kernel's copy; uattr: the caller's, or 0. */
export function bpfCheck(prog: Prog, attr: usize, attrSize: u32, uattr: u64): i32 {
  const start = monotonicNs()
  const env = createEnv(prog, attr)
  if (!changetype<usize>(env)) return -ENOMEM
  let ret = logInit(
    env.log,
    load<u32>(attr + ATTR_PROG_LOAD__log_level),
    load<u64>(attr + ATTR_PROG_LOAD__log_buf),
    load<u32>(attr + ATTR_PROG_LOAD__log_size),
  )
  if (ret) {
    destroyEnv(env)
    return ret
  }
  const flags = load<u32>(attr + ATTR_PROG_LOAD__prog_flags)
  env.strictAlignment = (flags & BPF_F_STRICT_ALIGNMENT) != 0 && !(flags & BPF_F_ANY_ALIGNMENT)
  env.testStateFreq = env.bpfCapable && (flags & BPF_F_TEST_STATE_FREQ) != 0
  env.testRegInvariants = (flags & BPF_F_TEST_REG_INVARIANTS) != 0
  ret = staticPasses(env)
  if (!ret) ret = verifyMain(env)
  if (!ret) ret = verifyGlobals(env)
  if (!ret) {
    removeFastcallSpills(env)
    ret = checkMaxStackDepth(env)
  }
  if (!ret) ret = applyFixups(env)
  // A path that finds no memory is a fault to those who push it.
  if (ret == -EFAULT && env.pool.short) ret = -ENOMEM
  if (ret && env.unsupported) ret = -ENOTSUPP
  printStats(env, start)
  prog.verifiedInsns = env.insnProcessed
  const err = logFinalize(env.log)
  if (err) ret = err
  if (
    uattr &&
    attrSize >= <u32>ATTR_PROG_LOAD__log_true_size + 4 &&
    !putUser32(uattr + ATTR_PROG_LOAD__log_true_size, env.log.lenMax)
  )
    ret = -EFAULT
  // an extension had its target's attach type only for as long as it was judged
  if (prog.type == BPF_PROG_TYPE_EXT) prog.expectedAttachType = 0
  destroyEnv(env)
  return ret
}
