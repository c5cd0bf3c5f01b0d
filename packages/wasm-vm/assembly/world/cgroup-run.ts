// SPDX-License-Identifier: GPL-2.0-only
// Running the programs of a cgroup. Kernel counterpart: bpf_prog_run_array_cg and __cgroup_bpf_run_filter_*.

import { EFAULT, EPERM } from '../gen/errno.gen'
import { BPF_CGROUP_DEVICE, BPF_CGROUP_INET_EGRESS, BPF_CGROUP_SOCK_OPS } from '../gen/uapi-enums.gen'
import { Cgroup, cgroupEffective } from './cgroup'
import { PACKET_SKB, PACKET_SOCK_OPS, runCtx, runSkbSaveCb } from './hook'
import { runItem } from './run-array'
import { Skb, skbNet, skbPull, skbPush } from './skb'
import { Sock } from './sock'
import { fillSkbSock } from './sock-context'
import { current } from './world'

export const NET_XMIT_SUCCESS: i32 = 0
export const NET_XMIT_DROP: i32 = 1
export const NET_XMIT_CN: i32 = 2

/** struct bpf_cg_run_ctx: the item that runs, and what the hook will return. */
const CG_ITEM: usize = memory.data(8, 8)
const CG_RETVAL: usize = CG_ITEM + 4
const SCRATCH: usize = memory.data(16, 8)

export function cgItem(): usize {
  return load<usize>(CG_ITEM)
}
export function cgRetval(): i32 {
  return load<i32>(CG_RETVAL)
}
export function cgSetRetval(value: i32): void {
  store<i32>(CG_RETVAL, value)
}

@inline function isErrValue(v: i32): bool {
  return <u32>v >= <u32>-4095
}

/** Bits that programs gave above the verdict, of the last run that collected them. */
const EXTRA: usize = memory.data(4, 4)
export function cgExtraBits(): u32 {
  return load<u32>(EXTRA)
}

/** Runs what is effective; `retval` is what the hook returns if nobody objects. With `collect`, bit 0 alone is the verdict. */
export function cgRun(cg: Cgroup, type: u32, ctx: usize, size: u32, fields: u32, retval: i32, collect: bool): i32 {
  store<u32>(EXTRA, 0)
  const array = cgroupEffective(cg, type)
  if (!changetype<usize>(array)) return retval
  const outer = load<u64>(CG_ITEM)
  store<i32>(CG_RETVAL, retval)
  let bits: u32 = 0
  for (let i: u32 = 0; i < array.count; i++) {
    const item = runItem(array, i)
    store<usize>(CG_ITEM, changetype<usize>(item))
    let ret: u32
    if (fields == PACKET_SKB) ret = runSkbSaveCb(item.prog, changetype<Skb>(ctx))
    else ret = <u32>runCtx(item.prog, ctx, size, fields, item.cookie)
    if (collect) {
      bits |= ret >> 1
      ret &= 1
    }
    if (!ret && !isErrValue(load<i32>(CG_RETVAL))) store<i32>(CG_RETVAL, -EPERM)
  }
  const result = load<i32>(CG_RETVAL)
  store<u64>(CG_ITEM, outer)
  store<u32>(EXTRA, bits)
  return result
}

/** Programs of INET_INGRESS and INET_EGRESS on a packet whose data starts anywhere: they see it from the network header. */
export function cgRunSkb(sk: Sock, skb: Skb, type: u32): i32 {
  if (!changetype<usize>(sk) || (sk.family != 2 && sk.family != 10)) return 0
  if (!changetype<usize>(cgroupEffective(sk.cgroup, type))) return 0
  const saved = skb.sk
  const offset = <i32>(<usize>skb.data - skbNet(skb))
  skb.sk = <u64>changetype<usize>(sk)
  fillSkbSock(skb, sk)
  skbPush(skb, offset)
  const egress = type == BPF_CGROUP_INET_EGRESS
  let ret = cgRun(sk.cgroup, type, changetype<usize>(skb), 192, PACKET_SKB, 0, egress)
  if (ret && !isErrValue(ret)) ret = -EFAULT
  if (egress) {
    const cn = (load<u32>(EXTRA) & 1) != 0
    ret = !ret ? (cn ? NET_XMIT_CN : NET_XMIT_SUCCESS) : cn ? NET_XMIT_DROP : ret
  }
  skbPull(skb, offset)
  skb.sk = saved
  return ret
}

/** Programs that see a socket: SOCK_CREATE, SOCK_RELEASE, POST_BIND. */
export function cgRunSock(sk: Sock, type: u32): i32 {
  return cgRun(sk.cgroup, type, changetype<usize>(sk), 80, 0, 0, false)
}

/** Programs that see a device access: `access` BPF_DEVCG_ACC_*, `kind` BPF_DEVCG_DEV_*. */
export function cgRunDevice(kind: u32, major: u32, minor: u32, access: u32): i32 {
  store<u32>(SCRATCH, (access << 16) | kind)
  store<u32>(SCRATCH, major, 4)
  store<u32>(SCRATCH, minor, 8)
  return cgRun(current().cgroup, BPF_CGROUP_DEVICE, SCRATCH, 12, 0, 0, false)
}

/** Programs of SOCK_OPS on a struct bpf_sock_ops. */
export function cgRunSockOps(cg: Cgroup, ops: usize): i32 {
  return cgRun(cg, BPF_CGROUP_SOCK_OPS, ops, 224, PACKET_SOCK_OPS, 0, false)
}
