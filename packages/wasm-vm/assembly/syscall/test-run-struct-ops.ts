// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_TEST_RUN of programs for struct bpf_dummy_ops, which exists for that. Kernel counterpart:
// net/bpf/bpf_dummy_struct_ops.c.

import { Btf, btfKind, btfNameOf, btfTypeById, btfVlen } from '../btf/btf'
import { btfTypeSkipModifiers, KIND_PTR } from '../btf/kinds'
import { EFAULT, EINVAL, EOPNOTSUPP } from '../gen/errno.gen'
import { ATTR_TEST__ctx_in, ATTR_TEST__ctx_size_in, ATTR_TEST__retval } from '../gen/uapi-layouts.gen'
import { grantRegion } from '../interp/regions'
import { currentRun, TRAP_NONE } from '../interp/run-state'
import { copyFromUser, copyToUser, putUser32 } from '../mem/user'
import { Prog } from '../prog/prog'
import { ctxArgAt } from '../verifier/btf/ctx-args'
import { PACKET_NONE, runCtx } from '../world/hook'
import { OPS_DUMMY, structOpsByName } from '../world/struct-ops-types'
import { clearTrap, field, field64, TestRun } from './test-run'

const MAX_ARGS: u32 = 12
/** Arguments of the call, and struct bpf_dummy_ops_state, an int. */
const ARGS: usize = memory.data(12 * 8, 8)
const STATE: usize = memory.data(8, 8)

/** Whether a word of the context is known to be null at times. */
function mayBeNull(prog: Prog, offset: u32): bool {
  for (let i: u32 = 0; i < prog.ctxArgCnt; i++) {
    const a = ctxArgAt(prog, i)
    if (a.offset == offset) return true
  }
  return false
}

export function testRunStructOps(prog: Prog, t: TestRun): i32 {
  const btf = changetype<Btf>(prog.attachBtf)
  if (!changetype<usize>(btf)) return -EINVAL
  if (structOpsByName(btfNameOf(btf, btfTypeById(btf, prog.attachBtfId))) != OPS_DUMMY) return -EOPNOTSUPP
  const proto = prog.attachFuncProto
  const count = btfVlen(proto)
  if (count > MAX_ARGS || field(t, ATTR_TEST__ctx_size_in) != count * 8) return -EINVAL
  if (!copyFromUser(ARGS, field64(t, ATTR_TEST__ctx_in), <usize>count * 8)) return -EFAULT
  const user = load<u64>(ARGS)
  store<u64>(STATE, 0)
  if (user && !copyFromUser(STATE, user, 4)) return -EFAULT
  for (let i: u32 = 0; i < count; i++) {
    if (load<u64>(ARGS + ((<usize>i) << 3))) continue
    // parameters of a prototype: name, type
    const type = btfTypeSkipModifiers(btf, load<u32>(proto + 12 + ((<usize>i) << 3), 4), 0)
    if (type && btfKind(type) == KIND_PTR && !mayBeNull(prog, i * 8)) return -EINVAL
  }
  if (user) store<u64>(ARGS, <u64>STATE)
  clearTrap()
  grantRegion(currentRun(), STATE, 8)
  const ret = <u32>runCtx(prog, ARGS, count * 8, PACKET_NONE, 0)
  if (currentRun().trap != TRAP_NONE) return -EFAULT
  if (user && !copyToUser(user, STATE, 4)) return -EFAULT
  return putUser32(t.uattr + ATTR_TEST__retval, ret) ? 0 : -EFAULT
}
