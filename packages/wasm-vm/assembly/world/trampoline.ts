// SPDX-License-Identifier: GPL-2.0-only
// Calls of kernel functions, and of programs, that tracing programs are attached to. Kernel counterpart:
// kernel/bpf/trampoline.c.
//
// Order of a call: fentry; fmod_ret and LSM programs, of which the first that returns something else than 0 takes the
// place of the function; the function; fexit. What programs get as their context lies at `args`:
//
//   | address u64 | number of arguments u64 | args: u64 … | result u64 |

import { BPF_LSM_MAC, BPF_MODIFY_RETURN, BPF_TRACE_FENTRY, BPF_TRACE_FEXIT, BTF_KIND_FUNC } from '../gen/uapi-enums.gen'
import { Btf } from '../btf/btf'
import { btfFindByNameKind } from '../btf/kinds'
import { kfree, kzalloc } from '../mem/alloc'
import { cstrEquals, cstrlen, cstrPut } from '../mem/bytes'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { Link } from '../syscall/link'
import { runCtx } from './hook'
import { world } from './world'

const MAX_ARGS: u32 = 12
const HEAD: usize = 16
/** Where the kernel's text begins: functions get addresses from here by their number in the kernel's BTF. */
const TEXT: u64 = 0xffffffff81000000

@unmanaged export class Call {
  /** The program that is called, or 0 and the name of a kernel function. */
  target: Prog
  name: usize
  count: u32
  skipped: bool
  result: i64
}

const SIZE: usize = (offsetof<Call>() + 15) & ~15
const NAME: usize = memory.data(128, 8)

@inline function wordsOf(c: Call): usize {
  return changetype<usize>(c) + SIZE
}

/** The context of its programs. */
@inline export function callArgs(c: Call): usize {
  return wordsOf(c) + HEAD
}

/** Whether any program of these kinds is attached to anything. */
@inline export function traced(): bool {
  return world().tracing != 0
}

function attached(l: Link, target: usize, name: usize): bool {
  const prog = l.prog
  if (changetype<usize>(prog.attachProg) != target || !prog.attachFuncName) return false
  return target ? l.aux2 == 0 : cstrEquals(prog.attachFuncName, name)
}

function anyAttached(target: usize, name: usize): bool {
  for (let l = changetype<Link>(world().tracing); changetype<usize>(l); l = l.next) {
    if (attached(l, target, name)) return true
  }
  return false
}

function newCall(target: usize, name: usize): Call {
  const n = name ? cstrlen(name) + 1 : 0
  const c = changetype<Call>(kzalloc(SIZE + HEAD + <usize>(MAX_ARGS + 1) * 8 + n))
  if (!changetype<usize>(c)) return c
  c.target = changetype<Prog>(target)
  if (name) {
    c.name = callArgs(c) + <usize>(MAX_ARGS + 1) * 8
    memory.copy(c.name, name, n)
    store<u64>(wordsOf(c), functionAddress(name))
  }
  return c
}

/** Address of a function of the simulated kernel; 0 if the kernel's types do not name it. */
export function functionAddress(name: usize): u64 {
  const btf = kernel().vmlinux
  const id = btf ? btfFindByNameKind(changetype<Btf>(btf), name, BTF_KIND_FUNC) : 0
  return id ? TEXT + <u64>id * 64 : 0
}

/** A call of a kernel function if anything is attached to it, else 0. Arguments follow by callArg. */
export function callOf(name: usize): Call {
  return traced() && anyAttached(0, name) ? newCall(0, name) : changetype<Call>(0)
}

/** The same by a literal. */
export function callNamed(name: string): Call {
  if (!traced()) return changetype<Call>(0)
  cstrPut(NAME, name)
  return callOf(NAME)
}

/** The same with a prefix before the name. */
export function callPrefixed(prefix: string, name: string): Call {
  if (!traced()) return changetype<Call>(0)
  cstrPut(NAME + cstrPut(NAME, prefix), name)
  return callOf(NAME)
}

/** A call of a program if anything is attached to it, else 0. */
export function callOfProg(prog: Prog): Call {
  const p = changetype<usize>(prog)
  return anyAttached(p, 0) ? newCall(p, 0) : changetype<Call>(0)
}

/** The next argument. */
export function callArg(c: Call, value: u64): void {
  store<u64>(callArgs(c) + ((<usize>c.count) << 3), value)
  c.count++
}

/** Runs what comes before the function. True: it is not to run, callLeave gives the result. */
export function callEnter(c: Call): bool {
  store<u64>(wordsOf(c), <u64>c.count, 8)
  const ret = callArgs(c) + ((<usize>c.count) << 3)
  store<u64>(ret, 0)
  runKind(c, BPF_TRACE_FENTRY)
  for (let l = changetype<Link>(world().tracing); changetype<usize>(l) && !c.skipped; l = l.next) {
    if (l.attachType != BPF_MODIFY_RETURN && l.attachType != BPF_LSM_MAC) continue
    if (!attached(l, changetype<usize>(c.target), c.name)) continue
    const r = <i64>runOne(c, l)
    store<i64>(ret, r)
    if (<i32>r == 0) continue
    c.skipped = true
    c.result = r
  }
  return c.skipped
}

/** Runs what comes behind the function, which returned `ret`; the result of the call, which is over. */
export function callLeave(c: Call, ret: i64): i64 {
  const result = c.skipped ? c.result : ret
  store<i64>(callArgs(c) + ((<usize>c.count) << 3), result)
  runKind(c, BPF_TRACE_FEXIT)
  kfree(changetype<usize>(c))
  return result
}

function runKind(c: Call, kind: u32): void {
  for (let l = changetype<Link>(world().tracing); changetype<usize>(l); l = l.next) {
    if (l.attachType == kind && attached(l, changetype<usize>(c.target), c.name)) runOne(c, l)
  }
}

/** A program does not run in its own effects. */
function runOne(c: Call, l: Link): u64 {
  const prog = l.prog
  if (prog.active) {
    prog.recursionMisses++
    return 0
  }
  prog.active++
  const r = runCtx(prog, callArgs(c), (c.count + 1) << 3, 0, l.cookie)
  prog.active--
  return r
}

/**
 * A function of the simulated kernel is called with the arguments at `args` and returns `ret` if nothing that is attached
 * says otherwise: what it returns in the end.
 */
export function fireFunction(name: usize, args: usize, argCount: u32, ret: i64): i64 {
  const c = callOf(name)
  if (!changetype<usize>(c)) return ret
  for (let i: u32 = 0; i < min<u32>(argCount, MAX_ARGS); i++) callArg(c, load<u64>(args + ((<usize>i) << 3)))
  callEnter(c)
  return callLeave(c, ret)
}
