// SPDX-License-Identifier: GPL-2.0-only
// Programs that implement a member of a structure of functions.
// Kernel counterparts: check_struct_ops_btf_id, prepare_arg_info, bpf_struct_ops_supported, check_member,
// btf_struct_access of bpf_tcp_ca.c and bpf_dummy_struct_ops.c.

import { Btf, btfKind, btfNameOf, btfSize, btfType, btfTypeById, btfVlen } from '../../btf/btf'
import { btfTypeSkipModifiers, memberBitOffset, memberName, memberType } from '../../btf/kinds'
import { btfFind, kernelType } from '../../btf/name-index'
import { EACCES, EINVAL, ENOMEM, ENOTSUPP } from '../../gen/errno.gen'
import { NOT_INIT, PTR_MAYBE_NULL, PTR_TO_BTF_ID, PTR_TRUSTED } from '../../gen/verifier-types.gen'
import { cstrEquals, cstrIs, cstrPut, cstrlen } from '../../mem/bytes'
import { Prog } from '../../prog/prog'
import { KIND_FUNC, KIND_FUNC_PROTO, KIND_PTR, KIND_STRUCT, resolveSize } from '../btf-facts'
import { Env, subprogAt } from '../env'
import { Z, reject } from '../log/verbose'
import { RegState } from '../state'
import { ctxArgAt, reserveCtxArgs } from './ctx-args'
import { passedSize, paramTypeOf } from './proto'
import { isStructType } from './walk'

const NAME: usize = memory.data(160, 8)
const NAME_SIZE: usize = 160
const IDS: usize = memory.data(8, 8)

/** Whether the kernel has programs implement this structure; the others are in modules, or not built. */
export function isStructOps(name: usize): bool {
  return cstrIs(name, 'tcp_congestion_ops') || cstrIs(name, 'bpf_dummy_ops')
}

/** The prototype behind a member that points to a function, else 0. */
export function memberProto(btf: Btf, t: usize, i: u32): usize {
  const ptr = btfTypeSkipModifiers(btf, memberType(t, i), 0)
  if (!ptr || btfKind(ptr) != KIND_PTR) return 0
  const to = btfTypeSkipModifiers(btf, btfType(ptr), 0)
  return to && btfKind(to) == KIND_FUNC_PROTO ? to : 0
}

/** Members that the kernel has no use for a program in. */
function isSupported(struct: usize, member: usize): bool {
  return !(cstrIs(struct, 'tcp_congestion_ops') && cstrIs(member, 'get_info'))
}

function mayBe(prog: Prog, struct: usize, member: usize): bool {
  return !prog.sleepable || !cstrIs(struct, 'bpf_dummy_ops') || cstrIs(member, 'test_sleepable')
}

/** The kernel's own stand-in for the member, whose arguments' names tell more than their types: its prototype, or 0. */
function stubProto(btf: Btf, struct: usize, member: usize): usize {
  const n = cstrlen(struct)
  const m = cstrlen(member)
  if (n + m + 3 > NAME_SIZE) return 0
  memory.copy(NAME, struct, n)
  cstrPut(NAME + n, '__')
  memory.copy(NAME + n + 2, member, m + 1)
  const id = btfFind(btf, NAME, KIND_FUNC)
  return id ? btfTypeById(btf, btfType(btfTypeById(btf, id))) : 0
}

function hasSuffix(name: usize, suffix: string): bool {
  const n = cstrlen(name)
  return n >= <usize>suffix.length && cstrIs(name + n - <usize>suffix.length, suffix)
}

/** Arguments marked __nullable or __ref. */
function noteArguments(prog: Prog, btf: Btf, proto: usize, stub: usize): i32 {
  if (!reserveCtxArgs(prog, 0)) return -ENOMEM
  if (!stub || btfVlen(stub) != btfVlen(proto)) return 0
  const n = btfVlen(stub)
  if (!reserveCtxArgs(prog, n)) return -ENOMEM
  let count: u32 = 0
  let offset: u32 = 0
  for (let i: u32 = 0; i < n; i++) {
    const name = btf.strings + <usize>load<u32>(stub + 12 + ((<usize>i) << 3))
    const nullable = hasSuffix(name, '__nullable')
    const at = offset
    offset += (<u32>passedSize(btf, paramTypeOf(proto, i)) + 7) & ~7
    if (!nullable && !hasSuffix(name, '__ref')) continue
    const ptr = btfTypeSkipModifiers(btf, paramTypeOf(proto, i), 0)
    const to = btfTypeSkipModifiers(btf, btfType(ptr), IDS)
    if (!to || !isStructType(to)) return -EINVAL
    const a = ctxArgAt(prog, count++)
    a.offset = at
    a.type = PTR_TRUSTED | PTR_TO_BTF_ID | (nullable ? PTR_MAYBE_NULL : 0)
    a.btf = changetype<usize>(btf)
    a.btfId = load<u32>(IDS)
    a.refcounted = !nullable
  }
  prog.ctxArgCnt = count
  return 0
}

function refuseTailCalls(env: Env): i32 {
  let refs = false
  for (let i: u32 = 0; i < env.prog.ctxArgCnt; i++) if (ctxArgAt(env.prog, i).refcounted) refs = true
  if (!refs) return 0
  for (let i = 0; i < env.subprogCnt; i++)
    if (subprogAt(env, i).hasTailCall) return reject(env, -EINVAL, 'program with __ref argument cannot tail call\n')
  return 0
}

export function checkStructOpsTarget(env: Env): i32 {
  const prog = env.prog
  if (!prog.gplCompatible) return reject(env, -EINVAL, 'struct ops programs must have a GPL compatible license\n')
  const id = prog.attachBtfId
  if (!id) return -ENOTSUPP
  const btf = prog.attachBtf
  const t = btfTypeById(btf, id)
  const name = t ? btfNameOf(btf, t) : 0
  if (!name || btfKind(t) != KIND_STRUCT || !isStructOps(name))
    return reject(env, -ENOTSUPP, 'attach_btf_id %u is not a supported struct\n', id)
  const i = prog.expectedAttachType
  if (i >= btfVlen(t)) return reject(env, -EINVAL, 'attach to invalid member idx %u of struct %S\n', i, Z(name))
  const member = memberName(btf, t, i)
  const proto = memberProto(btf, t, i)
  if (!proto) return reject(env, -EINVAL, 'attach to invalid member %S(@idx %u) of struct %S\n', Z(member), i, Z(name))
  if (!isSupported(name, member) || !mayBe(prog, name, member))
    return reject(
      env,
      isSupported(name, member) ? -EINVAL : -ENOTSUPP,
      'attach to unsupported member %S of struct %S\n',
      Z(member),
      Z(name),
    )
  const err = noteArguments(prog, btf, proto, stubProto(btf, name, member))
  if (err) return err
  prog.attachFuncProto = proto
  prog.attachFuncName = member
  prog.attachMemberOff = memberBitOffset(t, i) >> 3
  return refuseTailCalls(env)
}

/** End of what a member of tcp_sock, or of a structure that it begins with, takes up; 0: the offset is not its start. */
function writableEnd(btf: Btf, struct: string, member: string, off: i32, inside: bool): i32 {
  const t = btfTypeById(btf, kernelType(struct, KIND_STRUCT))
  if (!t) return 0
  cstrPut(NAME, member)
  for (let i: u32 = 0; i < btfVlen(t); i++) {
    if (!cstrEquals(memberName(btf, t, i), NAME)) continue
    const at = <i32>(memberBitOffset(t, i) >> 3)
    const end = at + <i32>resolveSize(btf, btfTypeSkipModifiers(btf, memberType(t, i), 0))
    return off == at || (inside && off > at && off < end) ? end : 0
  }
  return 0
}

/** Where icsk_ack.pending ends, if it begins at the offset. */
function ackPendingEnd(btf: Btf, off: i32): i32 {
  const t = btfTypeById(btf, kernelType('inet_connection_sock', KIND_STRUCT))
  if (!t) return 0
  for (let i: u32 = 0; i < btfVlen(t); i++) {
    if (!cstrIs(memberName(btf, t, i), 'icsk_ack')) continue
    const inner = btfTypeSkipModifiers(btf, memberType(t, i), 0)
    const base = <i32>(memberBitOffset(t, i) >> 3)
    for (let j: u32 = 0; j < btfVlen(inner); j++) {
      if (!cstrIs(memberName(btf, inner, j), 'pending')) continue
      const at = base + <i32>(memberBitOffset(inner, j) >> 3)
      const size = <i32>resolveSize(btf, btfTypeSkipModifiers(btf, memberType(inner, j), 0))
      return off == at ? at + size : 0
    }
  }
  return 0
}

function tcpSockEnd(btf: Btf, off: i32): i32 {
  let end = writableEnd(btf, 'sock', 'sk_pacing_rate', off, false)
  if (!end) end = writableEnd(btf, 'sock', 'sk_pacing_status', off, false)
  if (!end) end = writableEnd(btf, 'inet_connection_sock', 'icsk_ca_priv', off, true)
  if (!end) end = ackPendingEnd(btf, off)
  if (!end) end = writableEnd(btf, 'tcp_sock', 'snd_cwnd', off, false)
  if (!end) end = writableEnd(btf, 'tcp_sock', 'snd_cwnd_cnt', off, false)
  if (!end) end = writableEnd(btf, 'tcp_sock', 'snd_cwnd_stamp', off, false)
  if (!end) end = writableEnd(btf, 'tcp_sock', 'snd_ssthresh', off, false)
  if (!end) end = writableEnd(btf, 'tcp_sock', 'ecn_flags', off, false)
  return end ? end : writableEnd(btf, 'tcp_sock', 'app_limited', off, false)
}

/** A store to a structure of the kernel by a struct_ops program: NOT_INIT or -errno. */
export function structOpsStore(env: Env, reg: RegState, off: i32, size: i32): i32 {
  const prog = env.prog
  const btf = changetype<Btf>(reg.btf)
  const ops = btfNameOf(prog.attachBtf, btfTypeById(prog.attachBtf, prog.attachBtfId))
  if (cstrIs(ops, 'bpf_dummy_ops')) {
    const state = kernelType('bpf_dummy_ops_state', KIND_STRUCT)
    if (!state) return -EINVAL
    if (reg.btfId != state) return reject(env, -EACCES, 'only access to bpf_dummy_ops_state is supported\n')
    if (<u32>(off + size) > btfSize(btfTypeById(btf, state)))
      return reject(env, -EACCES, 'write access at off %d with size %d\n', off, size)
    return NOT_INIT
  }
  if (reg.btfId != kernelType('tcp_sock', KIND_STRUCT)) return reject(env, -EACCES, 'only read is supported\n')
  const end = tcpSockEnd(btf, off)
  if (!end) return reject(env, -EACCES, 'no write support to tcp_sock at off %d\n', off)
  if (off + size > end)
    return reject(
      env,
      -EACCES,
      'write access at off %d with size %d beyond the member of tcp_sock ended at %d\n',
      off,
      size,
      end,
    )
  return NOT_INIT
}
