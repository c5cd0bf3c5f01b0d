// SPDX-License-Identifier: GPL-2.0-only
// Addresses that the caller names, and the programs of cgroups that see and change them.
// Kernel counterpart: __cgroup_bpf_run_filter_sock_addr and struct bpf_sock_addr.

import { EAFNOSUPPORT, EINVAL } from '../gen/errno.gen'
import { AF_INET, AF_INET6, AF_UNIX } from '../gen/system.gen'
import { cgExtraBits, cgRun } from './cgroup-run'
import { cgroupEffective } from './cgroup'
import { Sock } from './sock'

/** struct bpf_sock_addr, and behind it what helpers need: the caller's address (unix), its room. */
const CTX: usize = memory.data(96, 8)
export const SOCK_ADDR_CTX: usize = CTX
/** Offset of the address of a sockaddr, of its length. */
export const CTX_UADDR: usize = 72
export const CTX_UADDR_LEN: usize = 76

/** Source address of a datagram under way: in and out of a SENDMSG hook. */
export const SENDMSG_SRC: usize = memory.data(16, 8)

// Fields of struct bpf_sock_addr
const USER_IP4: usize = 4
const USER_IP6: usize = 8
const USER_PORT: usize = 24
const MSG_SRC_IP4: usize = 40
const MSG_SRC_IP6: usize = 44
const SK: usize = 64

@inline export function addrPort(a: usize): u16 {
  return load<u16>(a, 2)
}
/** Address words of a sockaddr_in or sockaddr_in6. */
@inline export function addrWords(a: usize): usize {
  return a + (load<u16>(a) == AF_INET ? 4 : 8)
}

/** Writes a sockaddr; its length. `port` in network byte order. */
export function makeAddr(to: usize, family: u32, words: usize, port: u16): u32 {
  memory.fill(to, 0, family == AF_INET ? 16 : 28)
  store<u16>(to, <u16>family)
  store<u16>(to, port, 2)
  if (family == AF_INET) {
    store<u32>(to, load<u32>(words), 4)
    return 16
  }
  memory.copy(to + 8, words, 16)
  return 28
}

/** 0, or why an address does not suit the socket as a destination. */
export function sockaddrOk(sk: Sock, addr: usize, len: u32): i32 {
  if (sk.family == AF_INET) {
    if (len < 16) return -EINVAL
    const f = load<u16>(addr)
    return f == AF_INET || f == 0 ? 0 : -EAFNOSUPPORT
  }
  if (len < 24) return -EINVAL
  const f = load<u16>(addr)
  if (f == AF_INET6) return 0
  return f == 0 ? 0 : f == AF_INET && len >= 16 ? 0 : -EAFNOSUPPORT
}

/** Runs the programs of a hook on an address of the socket's family, which they may change. `addr` 0: an empty one. */
export function runSockAddr(sk: Sock, type: u32, addr: usize): i32 {
  if (!changetype<usize>(cgroupEffective(sk.cgroup, type))) return 0
  memory.fill(CTX, 0, 96)
  store<u32>(CTX, sk.family)
  store<u32>(CTX, sk.family, 28)
  store<u32>(CTX, sk.type, 32)
  store<u32>(CTX, sk.protocol, 36)
  store<u64>(CTX, <u64>changetype<usize>(sk), SK)
  store<usize>(CTX, addr, CTX_UADDR)
  if (addr) {
    store<u32>(CTX, <u32>load<u16>(addr))
    store<u32>(CTX, <u32>addrPort(addr), USER_PORT)
    if (sk.family == AF_INET) store<u32>(CTX, load<u32>(addr, 4), USER_IP4)
    else memory.copy(CTX + USER_IP6, addr + 8, 16)
  }
  store<u32>(CTX, load<u32>(SENDMSG_SRC), MSG_SRC_IP4)
  memory.copy(CTX + MSG_SRC_IP6, SENDMSG_SRC, 16)
  const ret = cgRun(sk.cgroup, type, CTX, 72, 0, 0, true)
  if (addr) {
    store<u16>(addr, load<u16>(CTX, USER_PORT), 2)
    if (sk.family == AF_INET) store<u32>(addr, load<u32>(CTX, USER_IP4), 4)
    else memory.copy(addr + 8, CTX + USER_IP6, 16)
  }
  if (sk.family == AF_INET) store<u32>(SENDMSG_SRC, load<u32>(CTX, MSG_SRC_IP4))
  else memory.copy(SENDMSG_SRC, CTX + MSG_SRC_IP6, 16)
  return ret
}

/** Bits that programs of the last hook gave above the verdict. */
export function sockAddrBits(): u32 {
  return cgExtraBits()
}

/** Runs the programs of a hook on a unix address of `*lenAt` bytes at `addr`, which has room for 110. */
export function runUnixAddr(sk: Sock, type: u32, addr: usize, lenAt: usize): i32 {
  if (!changetype<usize>(cgroupEffective(sk.cgroup, type))) return 0
  memory.fill(CTX, 0, 96)
  store<u32>(CTX, AF_UNIX)
  store<u32>(CTX, AF_UNIX, 28)
  store<u32>(CTX, sk.type, 32)
  store<u32>(CTX, sk.protocol, 36)
  store<u64>(CTX, <u64>changetype<usize>(sk), SK)
  store<usize>(CTX, addr, CTX_UADDR)
  store<u32>(CTX, load<u32>(lenAt), CTX_UADDR_LEN)
  const ret = cgRun(sk.cgroup, type, CTX, 72, 0, 0, false)
  store<u32>(lenAt, load<u32>(CTX, CTX_UADDR_LEN))
  return ret
}
