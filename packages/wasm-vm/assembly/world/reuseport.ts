// SPDX-License-Identifier: GPL-2.0-only
// Sockets that share an address, and who of them gets a packet. Kernel counterpart: net/core/sock_reuseport.c.

import { EINVAL, ENOENT, ENOMEM } from '../gen/errno.gen'
import { BPF_PROG_TYPE_SK_REUSEPORT } from '../gen/uapi-enums.gen'
import { kfree, kmalloc, kzalloc } from '../mem/alloc'
import { Prog } from '../prog/prog'
import { progPut } from '../prog/refs'
import { PACKET_MSG, runCtx, runSkb } from './hook'
import { Skb, skbPull, skbPush } from './skb'
import { Sock } from './sock'

const MAX_SOCKS: u32 = 128

/** Up to 128 members; a program chooses among them. */
@unmanaged export class ReuseGroup {
  count: u32
  prog: Prog
  socks: usize
  /** Whether it is bound to every address. */
  bindInany: bool
}

@inline function member(g: ReuseGroup, i: u32): Sock {
  return changetype<Sock>(load<usize>(g.socks + ((<usize>i) << 2)))
}

/** Makes a group of a socket, or joins that of another one with the same address. */
export function reuseJoin(sk: Sock, other: Sock): i32 {
  if (changetype<usize>(sk.reuseGroup) && !changetype<usize>(other)) return 0
  let g = changetype<usize>(other) ? other.reuseGroup : changetype<ReuseGroup>(0)
  if (!changetype<usize>(g)) {
    g = changetype<usize>(sk.reuseGroup) ? sk.reuseGroup : newGroup(sk)
    if (!changetype<usize>(g)) return -ENOMEM
  } else if (changetype<usize>(sk.reuseGroup)) {
    // a program that was set before the socket was bound to its group stays with the group that had none
    const mine = sk.reuseGroup
    if (changetype<usize>(mine.prog) && !changetype<usize>(g.prog)) {
      g.prog = mine.prog
      mine.prog = changetype<Prog>(0)
    }
    reuseLeave(sk)
  }
  if (g.count >= MAX_SOCKS) return -ENOMEM
  for (let i: u32 = 0; i < g.count; i++) if (member(g, i) == sk) return 0
  store<usize>(g.socks + ((<usize>g.count) << 2), changetype<usize>(sk))
  g.count++
  sk.reuseGroup = g
  return 0
}

function newGroup(sk: Sock): ReuseGroup {
  const g = changetype<ReuseGroup>(kzalloc(offsetof<ReuseGroup>()))
  if (!changetype<usize>(g)) return g
  g.socks = kmalloc(<usize>MAX_SOCKS * 4)
  if (!g.socks) {
    kfree(changetype<usize>(g))
    return changetype<ReuseGroup>(0)
  }
  const src = changetype<usize>(sk)
  g.bindInany =
    sk.family == 2
      ? !sk.srcIp4
      : !load<u64>(src, offsetof<Sock>('srcIp60')) && !load<u64>(src, offsetof<Sock>('srcIp62'))
  return g
}

export function reuseLeave(sk: Sock): void {
  const g = sk.reuseGroup
  if (!changetype<usize>(g)) return
  sk.reuseGroup = changetype<ReuseGroup>(0)
  for (let i: u32 = 0; i < g.count; i++) {
    if (member(g, i) != sk) continue
    // the last one takes the place of the one that left
    store<usize>(g.socks + ((<usize>i) << 2), load<usize>(g.socks + ((<usize>(g.count - 1)) << 2)))
    g.count--
    break
  }
  if (g.count) return
  if (changetype<usize>(g.prog)) progPut(g.prog)
  kfree(g.socks)
  kfree(changetype<usize>(g))
}

/** SO_ATTACH_REUSEPORT_EBPF and _CBPF. The reference of `prog` goes over. */
export function reuseAttach(sk: Sock, prog: Prog): i32 {
  if (!sk.reuseport) return -EINVAL
  if (!changetype<usize>(sk.reuseGroup)) {
    const err = reuseJoin(sk, changetype<Sock>(0))
    if (err) return err
  }
  const g = sk.reuseGroup
  if (changetype<usize>(g.prog)) progPut(g.prog)
  g.prog = prog
  return 0
}

export function reuseDetach(sk: Sock): i32 {
  const g = sk.reuseGroup
  if (!changetype<usize>(g) || !changetype<usize>(g.prog)) return sk.reuseport ? -ENOENT : -EINVAL
  progPut(g.prog)
  g.prog = changetype<Prog>(0)
  return 0
}

/** struct sk_reuseport_md, and behind it what helpers need: the chosen socket, the packet. */
@unmanaged export class ReuseCtx {
  data: u64
  dataEnd: u64
  len: u32
  ethProtocol: u32
  ipProtocol: u32
  bindInany: u32
  hash: u32
  pad: u32
  sk: u64
  migratingSk: u64
  skb: Skb
  selected: Sock
}
const CTX: usize = memory.data(offsetof<ReuseCtx>(), 8)

/** The member that gets a packet whose transport header is at `transport`; 0: it is dropped. */
export function reuseSelect(sk: Sock, skb: Skb, hash: u32): Sock {
  const g = sk.reuseGroup
  if (!changetype<usize>(g) || !g.count) return sk
  if (changetype<usize>(g.prog)) {
    if (g.prog.type == BPF_PROG_TYPE_SK_REUSEPORT) return runChooser(g, sk, skb, hash)
    const i = runFilter(g.prog, skb)
    if (i < g.count) return member(g, i)
    return byHash(g, hash)
  }
  return byHash(g, hash)
}

function byHash(g: ReuseGroup, hash: u32): Sock {
  return member(g, <u32>((<u64>hash * <u64>g.count) >> 32))
}

/** A socket filter sees the payload and returns an index. */
function runFilter(prog: Prog, skb: Skb): u32 {
  const header: u32 = skb.ipProto == 6 ? (<u32>(load<u8>(skb.head + <usize>skb.transport, 12) >> 4)) << 2 : 8
  const offset = skb.head + <usize>skb.transport + <usize>header - <usize>skb.data
  skbPull(skb, <u32>offset)
  const ret = runSkb(prog, skb)
  skbPush(skb, <i32>offset)
  return ret
}

const SK_PASS: u32 = 1

function runChooser(g: ReuseGroup, sk: Sock, skb: Skb, hash: u32): Sock {
  const c = changetype<ReuseCtx>(CTX)
  const transport = skb.head + <usize>skb.transport
  c.data = <u64>transport
  c.dataEnd = <u64>skb.dataEnd
  c.len = skb.dataEnd - <u32>transport
  c.ethProtocol = skb.protocol
  c.ipProtocol = sk.protocol
  c.bindInany = u32(g.bindInany)
  c.hash = hash
  c.sk = <u64>changetype<usize>(sk)
  c.migratingSk = 0
  c.selected = changetype<Sock>(0)
  c.skb = skb
  const ret = <u32>runCtx(g.prog, CTX, 56, PACKET_MSG, 0)
  if (ret != SK_PASS) return changetype<Sock>(0)
  return changetype<usize>(c.selected) ? c.selected : byHash(g, hash)
}
