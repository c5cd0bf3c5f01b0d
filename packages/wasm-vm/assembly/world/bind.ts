// SPDX-License-Identifier: GPL-2.0-only
// Local addresses of Internet sockets. Kernel counterpart: inet_bind and inet6_bind.

import { EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EINVAL } from '../gen/errno.gen'
import { AF_INET, AF_INET6, SOCK_RAW } from '../gen/system.gen'
import {
  BPF_CGROUP_INET4_BIND,
  BPF_CGROUP_INET4_POST_BIND,
  BPF_CGROUP_INET6_BIND,
  BPF_CGROUP_INET6_POST_BIND,
} from '../gen/uapi-enums.gen'
import { CAP_NET_BIND_SERVICE, capable } from '../syscall/caps'
import { cgRunSock } from './cgroup-run'
import { portConflict, reusePeer, sockHash, sockUnhash } from './lookup'
import { addrFind } from './netns'
import { reuseJoin, reuseLeave } from './reuseport'
import { runSockAddr, sockAddrBits } from './sock-addr'
import { isTcp, Sock, sockSrc, TCP_CLOSE } from './sock'
import { isAny } from './udp'

/** Programs allow a low port by this bit. */
const NO_CAP: u32 = 1
const COPY: usize = memory.data(32, 8)

/** bind(2). */
export function inetBind(sk: Sock, addr: usize, len: u32): i32 {
  const need: u32 = sk.family == AF_INET ? 16 : 24
  if (len < need) return -EINVAL
  memory.fill(COPY, 0, 32)
  memory.copy(COPY, addr, min<u32>(len, 28))
  const type = sk.family == AF_INET ? BPF_CGROUP_INET4_BIND : BPF_CGROUP_INET6_BIND
  const err = runSockAddr(sk, type, COPY)
  if (err) return err
  const noCap = (sockAddrBits() & NO_CAP) != 0
  return bindTo(sk, COPY, noCap, true)
}

/** What bind does after the programs; also for bpf_bind, which they do not see. */
export function bindTo(sk: Sock, addr: usize, noCap: bool, hooks: bool): i32 {
  const family = <u32>load<u16>(addr)
  const v4 = sk.family == AF_INET
  const words = addr + (v4 ? 4 : 8)
  if (v4) {
    if (family != AF_INET && (family != 0 || load<u32>(words))) return -EAFNOSUPPORT
  } else if (family != AF_INET6) return -EAFNOSUPPORT
  const size: u32 = v4 ? 4 : 16
  const any = isAny(words, size)
  if (!any && !sk.freebind && !sk.transparent && !isLocal(sk, words)) return -EADDRNOTAVAIL
  const port = <u32>bswap<u16>(load<u16>(addr, 2))
  if (port && port < sk.netns.unprivPortStart && !noCap && !capable(CAP_NET_BIND_SERVICE)) return -EACCES
  if (sk.state != TCP_CLOSE || sk.srcPort) return -EINVAL
  memory.copy(sockSrc(sk), words, size)
  // bpf_bind may leave the port to connect
  if (sk.type != SOCK_RAW && (hooks || port)) {
    const err = takePort(sk, words, port)
    if (err) {
      memory.fill(sockSrc(sk), 0, size)
      return err
    }
  }
  if (hooks) {
    const refused = cgRunSock(sk, v4 ? BPF_CGROUP_INET4_POST_BIND : BPF_CGROUP_INET6_POST_BIND)
    if (refused) {
      memory.fill(sockSrc(sk), 0, size)
      dropPort(sk)
      return refused
    }
  }
  sk.bound = true
  return 0
}

function isLocal(sk: Sock, words: usize): bool {
  if (changetype<usize>(addrFind(sk.netns, sk.family, words))) return true
  if (sk.family == AF_INET) return (load<u8>(words) & 0xf0) == 0xe0 || load<u32>(words) == 0xffffffff
  // a mapped IPv4 address, a group
  return load<u8>(words) == 0xff || (!load<u64>(words) && load<u32>(words, 8) == 0xffff0000)
}

/** Reserves a port (0: any that is free). */
function takePort(sk: Sock, words: usize, port: u32): i32 {
  if (port) {
    if (portConflict(sk, words, port)) return -EADDRINUSE
    sk.srcPort = port
  } else {
    const ns = sk.netns
    let tries = 28232
    do {
      if (!tries--) return -EADDRINUSE
      port = ns.nextPort++
      if (ns.nextPort > 60999) ns.nextPort = 32768
    } while (portConflict(sk, words, port))
    sk.srcPort = port
  }
  sockHash(sk)
  if (sk.reuseport && !isTcp(sk)) return reuseJoin(sk, reusePeer(sk))
  return 0
}

export function dropPort(sk: Sock): void {
  reuseLeave(sk)
  sockUnhash(sk)
  sk.srcPort = 0
}

/** Gives a socket a port if it has none: 0 or an errno. */
export function autobind(sk: Sock): i32 {
  return sk.srcPort ? 0 : takePort(sk, sockSrc(sk), 0)
}
