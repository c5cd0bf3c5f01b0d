// SPDX-License-Identifier: GPL-2.0-only
// What a program is made to be attached to. Targets are kernel functions and other programs, known by kernel BTF.
// Counterparts: check_attach_btf_id, can_be_sleepable.

import { EINVAL, ENOTSUPP } from '../gen/errno.gen'
import {
  BPF_MODIFY_RETURN,
  BPF_PROG_TYPE_EXT,
  BPF_PROG_TYPE_KPROBE,
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_STRUCT_OPS,
  BPF_PROG_TYPE_SYSCALL,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_FENTRY,
  BPF_TRACE_FEXIT,
  BPF_TRACE_ITER,
} from '../gen/uapi-enums.gen'
import { Prog } from '../prog/prog'
import { Env } from './env'
import { reject, unsupported } from './log/verbose'

function canBeSleepable(prog: Prog): bool {
  switch (prog.type) {
    case BPF_PROG_TYPE_TRACING:
      switch (prog.expectedAttachType) {
        case BPF_TRACE_FENTRY:
        case BPF_TRACE_FEXIT:
        case BPF_MODIFY_RETURN:
        case BPF_TRACE_ITER:
          return true
      }
      return false
    case BPF_PROG_TYPE_LSM:
    case BPF_PROG_TYPE_KPROBE:
    case BPF_PROG_TYPE_STRUCT_OPS:
      return true
  }
  return false
}

export function checkAttachTarget(env: Env): i32 {
  const prog = env.prog
  const type = prog.type
  if (type == BPF_PROG_TYPE_SYSCALL)
    return prog.sleepable ? 0 : reject(env, -EINVAL, 'Syscall programs can only be sleepable\n')
  if (prog.sleepable && !canBeSleepable(prog))
    return reject(
      env,
      -EINVAL,
      'Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable\n',
    )
  if (type == BPF_PROG_TYPE_STRUCT_OPS) {
    if (!prog.gplCompatible) return reject(env, -EINVAL, 'struct ops programs must have a GPL compatible license\n')
    return prog.attachBtfId ? unsupported(env, 'struct_ops') : -ENOTSUPP
  }
  if (type != BPF_PROG_TYPE_TRACING && type != BPF_PROG_TYPE_LSM && type != BPF_PROG_TYPE_EXT) return 0
  if (!prog.attachBtfId) return reject(env, -EINVAL, 'Tracing programs must provide btf_id\n')
  return unsupported(env, 'attachment to kernel functions and other programs')
}
