// SPDX-License-Identifier: GPL-2.0-only
// Options of sockets, and the programs of cgroups that see them. Kernel counterpart: net/core/sock.c and
// __cgroup_bpf_run_filter_setsockopt of kernel/bpf/cgroup.c.

import { EFAULT, EINVAL, ENODEV, ENOENT, ENOMEM, ENOPROTOOPT, EOPNOTSUPP, EPERM } from '../gen/errno.gen'
import {
  AF_INET,
  IPPROTO_IP,
  IPPROTO_IPV6,
  SO_ATTACH_BPF,
  SO_ATTACH_FILTER,
  SO_ATTACH_REUSEPORT_CBPF,
  SO_ATTACH_REUSEPORT_EBPF,
  SO_BINDTODEVICE,
  SO_BINDTOIFINDEX,
  SO_BROADCAST,
  SO_COOKIE,
  SO_DEBUG,
  SO_DETACH_FILTER,
  SO_DETACH_REUSEPORT_BPF,
  SO_DOMAIN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LOCK_FILTER,
  SO_MARK,
  SO_MAX_PACING_RATE,
  SO_NETNS_COOKIE,
  SO_PRIORITY,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_RCVLOWAT,
  SO_RCVTIMEO,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDTIMEO,
  SO_TYPE,
  SOL_PACKET,
  SOL_SOCKET,
  SOL_TCP,
  TCP_CONGESTION,
  TCP_MAXSEG,
  TCP_NODELAY,
} from '../gen/system.gen'
import { BPF_CGROUP_GETSOCKOPT, BPF_CGROUP_SETSOCKOPT } from '../gen/uapi-enums.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { CAP_NET_ADMIN, CAP_NET_RAW, capable } from '../syscall/caps'
import { cgRun } from './cgroup-run'
import { cgroupEffective } from './cgroup'
import { PACKET_SOCKOPT } from './hook'
import { deviceByName, deviceIn, deviceName } from './device'
import { packetGetsockopt, packetSetsockopt } from './packet-socket'
import { reuseDetach } from './reuseport'
import { isTcp, Sock, sockCookie } from './sock'
import { controlChoose, controlOf } from './tcp-control'
import { tcpInfo } from './tcp-info'
import { attachBpf, attachClassic, attachReuseBpf, attachReuseClassic, detachFilter } from './sock-filter'
import { SOL_XDP, xskGetsockopt, xskSetsockopt } from './xsk'

const PAGE: i32 = 4096
const SO_ACCEPTCONN: i32 = 30
const SO_INCOMING_CPU: i32 = 49
const SO_TIMESTAMP: i32 = 29
const SO_BUSY_POLL: i32 = 46
const SO_LINGER: i32 = 13
const SO_OOBINLINE: i32 = 10
const SO_NO_CHECK: i32 = 11
const SO_RCVBUFFORCE: i32 = 33
const SO_SNDBUFFORCE: i32 = 32
const SO_TXREHASH: i32 = 74
const IP_TOS: i32 = 1
const IP_TTL: i32 = 2
const IP_RECVERR: i32 = 11
const IP_FREEBIND: i32 = 15
const IP_TRANSPARENT: i32 = 19
const IP_BIND_ADDRESS_NO_PORT: i32 = 24
const IPV6_UNICAST_HOPS: i32 = 16
const IPV6_V6ONLY: i32 = 26
const IPV6_RECVERR: i32 = 25
const IPV6_TCLASS: i32 = 67
const IPV6_AUTOFLOWLABEL: i32 = 70
const TCP_KEEPIDLE: i32 = 4
const TCP_KEEPINTVL: i32 = 5
const TCP_KEEPCNT: i32 = 6
const TCP_SYNCNT: i32 = 7
const TCP_WINDOW_CLAMP: i32 = 10
const TCP_INFO: i32 = 11
const TCP_USER_TIMEOUT: i32 = 18
const TCP_SAVE_SYN: i32 = 27
const TCP_BPF_IW: i32 = 1001
const TCP_BPF_SNDCWND_CLAMP: i32 = 1002
const TCP_BPF_DELACK_MAX: i32 = 1003
const TCP_BPF_RTO_MIN: i32 = 1004
const TCP_BPF_SOCK_OPS_CB_FLAGS: i32 = 1008
const MIN_BUF: u32 = 2304
const MAX_BUF: u32 = 212992

/** struct bpf_sockopt, 40 bytes. */
const CTX: usize = memory.data(48, 8)

// the caller's calls, with the programs around them

/** setsockopt(2). `value` is the caller's memory of `len` bytes. */
export function sockSetsockopt(sk: Sock, level: i32, name: i32, value: usize, len: i32): i32 {
  if (len < 0) return -EINVAL
  if (changetype<usize>(cgroupEffective(sk.cgroup, BPF_CGROUP_SETSOCKOPT)))
    return hookedSet(sk, level, name, value, len)
  return setOption(sk, level, name, value, <u32>len)
}

function hookedSet(sk: Sock, level: i32, name: i32, value: usize, len: i32): i32 {
  const room = min(max(16, len), PAGE)
  const buf = kzalloc(room)
  if (!buf) return -ENOMEM
  memory.copy(buf, value, min(len, room))
  fillContext(sk, level, name, buf, room, len, 0)
  const err = cgRun(sk.cgroup, BPF_CGROUP_SETSOCKOPT, CTX, 40, PACKET_SOCKOPT, 0, false)
  const optlen = load<i32>(CTX, 32)
  const l = load<i32>(CTX, 24)
  const n = load<i32>(CTX, 28)
  let ret: i32
  if (err) ret = err
  else if (optlen == -1) ret = 0
  else if (optlen > room || optlen < -1) ret = -EFAULT
  else if (optlen) ret = setOption(sk, l, n, buf, <u32>optlen)
  else ret = setOption(sk, l, n, value, <u32>len)
  kfree(buf)
  return ret
}

function fillContext(sk: Sock, level: i32, name: i32, buf: usize, room: i32, len: i32, retval: i32): void {
  store<u64>(CTX, <u64>changetype<usize>(sk))
  store<u64>(CTX, <u64>buf, 8)
  store<u64>(CTX, <u64>(buf + <usize>room), 16)
  store<i32>(CTX, level, 24)
  store<i32>(CTX, name, 28)
  store<i32>(CTX, len, 32)
  store<i32>(CTX, retval, 36)
}

/** getsockopt(2): bytes written to `value`, or an errno. */
export function sockGetsockopt(sk: Sock, level: i32, name: i32, value: usize, len: i32): i32 {
  if (len < 0) return -EINVAL
  const ret = getOption(sk, level, name, value, <u32>len)
  if (!changetype<usize>(cgroupEffective(sk.cgroup, BPF_CGROUP_GETSOCKOPT))) return ret
  return hookedGet(sk, level, name, value, len, ret)
}

function hookedGet(sk: Sock, level: i32, name: i32, value: usize, len: i32, got: i32): i32 {
  const room = min(len, PAGE)
  const buf = kzalloc(<usize>room + 16)
  if (!buf) return -ENOMEM
  const have = got < 0 ? len : got
  if (got >= 0) memory.copy(buf, value, min(got, room))
  const failed = got < 0 ? got : 0
  fillContext(sk, level, name, buf, room, have, failed)
  const err = cgRun(sk.cgroup, BPF_CGROUP_GETSOCKOPT, CTX, 40, PACKET_SOCKOPT, failed, false)
  const optlen = load<i32>(CTX, 32)
  let ret = err
  if (err >= 0) {
    if (optlen > room || optlen < 0) ret = -EFAULT
    else if (optlen) {
      memory.copy(value, buf, optlen)
      ret = err ? err : optlen
    } else ret = err ? err : have
  }
  kfree(buf)
  return ret
}

/** Return value that the program of a GETSOCKOPT hook sees and sets: in its context as in the run. */
export function sockoptContext(): usize {
  return CTX
}

// options themselves, also for bpf_setsockopt

export function setOption(sk: Sock, level: i32, name: i32, value: usize, len: u32): i32 {
  switch (level) {
    case SOL_SOCKET:
      return setSocket(sk, name, value, len)
    case SOL_PACKET:
      return sk.family == 17 ? packetSetsockopt(sk, name, value, len) : -ENOPROTOOPT
    case SOL_XDP:
      return sk.family == 44 ? xskSetsockopt(sk, name, value, len) : -ENOPROTOOPT
    case SOL_TCP:
      return isTcp(sk) ? setTcp(sk, name, value, len) : -ENOPROTOOPT
    case IPPROTO_IP:
      return sk.family == AF_INET || sk.family == 10 ? setIp(sk, name, value, len) : -EOPNOTSUPP
    case IPPROTO_IPV6:
      return sk.family == 10 ? setIp6(sk, name, value, len) : -ENOPROTOOPT
    default:
      return -ENOPROTOOPT
  }
}

function setSocket(sk: Sock, name: i32, value: usize, len: u32): i32 {
  switch (name) {
    case SO_BINDTODEVICE:
      return bindDevice(sk, value, len)
    case SO_ATTACH_FILTER:
      return attachClassic(sk, value, len)
    case SO_ATTACH_REUSEPORT_CBPF:
      return attachReuseClassic(sk, value, len)
    default:
      break
  }
  if (len < 4) return -EINVAL
  const v = load<i32>(value)
  const on = v != 0
  switch (name) {
    case SO_ATTACH_BPF:
      return len == 4 ? attachBpf(sk, v) : -EINVAL
    case SO_ATTACH_REUSEPORT_EBPF:
      return len == 4 ? attachReuseBpf(sk, v) : -EINVAL
    case SO_DETACH_FILTER:
      return detachFilter(sk)
    case SO_DETACH_REUSEPORT_BPF:
      return reuseDetach(sk)
    case SO_LOCK_FILTER:
      if (sk.filterLocked && !on) return -EPERM
      sk.filterLocked = on
      return 0
    case SO_REUSEADDR:
      sk.reuseaddr = on
      return 0
    case SO_REUSEPORT:
      sk.reuseport = on
      return 0
    case SO_BROADCAST:
      sk.broadcast = on
      return 0
    case SO_KEEPALIVE:
      sk.keepalive = on
      return 0
    case SO_MARK:
      if (!capable(CAP_NET_ADMIN) && !capable(CAP_NET_RAW)) return -EPERM
      sk.mark = <u32>v
      return 0
    case SO_PRIORITY:
      if ((v < 0 || v > 6) && !capable(CAP_NET_ADMIN)) return -EPERM
      sk.priority = <u32>v
      return 0
    case SO_SNDBUF:
    case SO_SNDBUFFORCE:
      sk.sndbuf = max<u32>(min<u32>(<u32>v, MAX_BUF) * 2, 4608)
      return 0
    case SO_RCVBUF:
    case SO_RCVBUFFORCE:
      sk.rcvbuf = max<u32>(min<u32>(<u32>v, MAX_BUF) * 2, MIN_BUF)
      return 0
    case SO_RCVLOWAT:
      sk.rcvlowat = v < 0 ? 0x7fffffff : v ? <u32>v : 1
      return 0
    case SO_MAX_PACING_RATE:
      sk.maxPacing = v == -1 ? ~(<u64>0) : <u64>(<u32>v)
      return 0
    case SO_BINDTOIFINDEX:
      return bindIndex(sk, <u32>v)
    case SO_DEBUG:
    case SO_RCVTIMEO:
    case SO_SNDTIMEO:
    case SO_TIMESTAMP:
    case SO_LINGER:
    case SO_OOBINLINE:
    case SO_NO_CHECK:
    case SO_BUSY_POLL:
    case SO_INCOMING_CPU:
    case SO_TXREHASH:
      return 0
    default:
      return -ENOPROTOOPT
  }
}

const NAME: usize = memory.data(16, 8)

function bindDevice(sk: Sock, value: usize, len: u32): i32 {
  memory.fill(NAME, 0, 16)
  memory.copy(NAME, value, min<u32>(len, 15))
  if (!load<u8>(NAME)) return bindIndex(sk, 0)
  const dev = deviceByName(sk.netns, NAME)
  return changetype<usize>(dev) ? bindIndex(sk, <u32>dev.ifindex) : -ENODEV
}

function bindIndex(sk: Sock, ifindex: u32): i32 {
  if (sk.boundDevIf && !capable(CAP_NET_RAW)) return -EPERM
  if (<i32>ifindex < 0) return -EINVAL
  sk.boundDevIf = ifindex
  return 0
}

function setIp(sk: Sock, name: i32, value: usize, len: u32): i32 {
  const v = len >= 4 ? load<i32>(value) : len ? <i32>load<u8>(value) : 0
  switch (name) {
    case IP_TOS:
      sk.tos = (<u32>v) & 0xff
      return 0
    case IP_TTL:
      if (v != -1 && (v < 1 || v > 255)) return -EINVAL
      sk.ttl = v == -1 ? 64 : <u32>v
      return 0
    case IP_FREEBIND:
      sk.freebind = v != 0
      return 0
    case IP_TRANSPARENT:
      if (v && !capable(CAP_NET_ADMIN) && !capable(CAP_NET_RAW)) return -EPERM
      sk.transparent = v != 0
      return 0
    case IP_RECVERR:
      sk.recvErr = v != 0
      return 0
    case IP_BIND_ADDRESS_NO_PORT:
      return 0
    default:
      return -ENOPROTOOPT
  }
}

function setIp6(sk: Sock, name: i32, value: usize, len: u32): i32 {
  if (len < 4) return -EINVAL
  const v = load<i32>(value)
  switch (name) {
    case IPV6_V6ONLY:
      if (sk.srcPort) return -EINVAL
      sk.v6only = v != 0
      return 0
    case IPV6_TCLASS:
      if (v < -1 || v > 255) return -EINVAL
      sk.tclass = v == -1 ? 0 : <u32>v
      return 0
    case IPV6_UNICAST_HOPS:
      if (v < -1 || v > 255) return -EINVAL
      sk.ttl = v == -1 ? 64 : <u32>v
      return 0
    case IPV6_RECVERR:
      sk.recvErr = v != 0
      return 0
    case IPV6_AUTOFLOWLABEL:
      return 0
    default:
      return -ENOPROTOOPT
  }
}

const CONTROL_NAME: usize = memory.data(16, 8)
const INFO: usize = memory.data(248, 8)

function setTcp(sk: Sock, name: i32, value: usize, len: u32): i32 {
  if (name == TCP_CONGESTION) {
    if (len < 1) return -EINVAL
    memory.fill(CONTROL_NAME, 0, 16)
    for (let i: u32 = 0; i < min<u32>(len, 15) && load<u8>(value + <usize>i); i++)
      store<u8>(CONTROL_NAME + <usize>i, load<u8>(value + <usize>i))
    return controlChoose(sk, CONTROL_NAME, capable(CAP_NET_ADMIN))
  }
  if (len < 4) return -EINVAL
  const v = load<i32>(value)
  switch (name) {
    case TCP_NODELAY:
      sk.nodelay = v != 0
      return 0
    case TCP_MAXSEG:
      if (v && (v < 88 || v > 32767)) return -EINVAL
      if (v) sk.mssCache = <u32>v
      return 0
    case TCP_KEEPIDLE:
      if (v < 1 || v > 32767) return -EINVAL
      sk.keepidle = <u32>v
      return 0
    case TCP_KEEPINTVL:
      if (v < 1 || v > 32767) return -EINVAL
      sk.keepintvl = <u32>v
      return 0
    case TCP_KEEPCNT:
      if (v < 1 || v > 127) return -EINVAL
      sk.keepcnt = <u32>v
      return 0
    case TCP_SYNCNT:
      if (v < 1 || v > 127) return -EINVAL
      sk.syncnt = <u32>v
      return 0
    case TCP_USER_TIMEOUT:
      if (v < 0) return -EINVAL
      sk.userTimeout = <u32>v
      return 0
    case TCP_WINDOW_CLAMP:
      sk.windowClamp = <u32>v
      return 0
    case TCP_SAVE_SYN:
      return v < 0 || v > 2 ? -EINVAL : 0
    default:
      return -ENOPROTOOPT
  }
}

/** Options that only programs may set; -ENOPROTOOPT: it is none of them. */
export function setBpfOption(sk: Sock, level: i32, name: i32, value: usize, len: u32): i32 {
  if (level != SOL_TCP || !isTcp(sk) || len != 4) return -ENOPROTOOPT
  const v = load<i32>(value)
  switch (name) {
    case TCP_BPF_IW:
      if (v <= 0 || sk.dataSegsOut) return -EINVAL
      sk.sndCwnd = <u32>v
      return 0
    case TCP_BPF_SNDCWND_CLAMP:
      if (v <= 0) return -EINVAL
      sk.sndSsthresh = <u32>v
      return 0
    case TCP_BPF_DELACK_MAX:
    case TCP_BPF_RTO_MIN:
      return v <= 0 ? -EINVAL : 0
    case TCP_BPF_SOCK_OPS_CB_FLAGS:
      if (v & ~0x7f) return -EINVAL
      sk.opsFlags = <u32>v
      return 0
    default:
      return -ENOPROTOOPT
  }
}

export function getOption(sk: Sock, level: i32, name: i32, value: usize, len: u32): i32 {
  switch (level) {
    case SOL_SOCKET:
      return getSocket(sk, name, value, len)
    case SOL_PACKET:
      return sk.family == 17 ? packetGetsockopt(sk, name, value, len) : -ENOPROTOOPT
    case SOL_XDP:
      return sk.family == 44 ? xskGetsockopt(sk, name, value, len) : -ENOPROTOOPT
    case SOL_TCP:
      return isTcp(sk) ? getTcp(sk, name, value, len) : -ENOPROTOOPT
    case IPPROTO_IP:
      return getIp(sk, name, value, len)
    case IPPROTO_IPV6:
      return sk.family == 10 ? getIp6(sk, name, value, len) : -ENOPROTOOPT
    default:
      return -ENOPROTOOPT
  }
}

const WORD: usize = memory.data(8, 8)
function give(value: usize, len: u32, v: u64, size: u32): i32 {
  store<u64>(WORD, v)
  const n = min(len, size)
  memory.copy(value, WORD, n)
  return <i32>n
}

function getSocket(sk: Sock, name: i32, value: usize, len: u32): i32 {
  switch (name) {
    case SO_TYPE:
      return give(value, len, sk.type, 4)
    case SO_DOMAIN:
      return give(value, len, sk.family, 4)
    case SO_PROTOCOL:
      return give(value, len, sk.protocol, 4)
    case SO_ERROR: {
      const e = sk.err
      sk.err = 0
      return give(value, len, <u64>e, 4)
    }
    case SO_MARK:
      return give(value, len, sk.mark, 4)
    case SO_PRIORITY:
      return give(value, len, sk.priority, 4)
    case SO_SNDBUF:
      return give(value, len, sk.sndbuf, 4)
    case SO_RCVBUF:
      return give(value, len, sk.rcvbuf, 4)
    case SO_RCVLOWAT:
      return give(value, len, sk.rcvlowat, 4)
    case SO_REUSEADDR:
      return give(value, len, u32(sk.reuseaddr), 4)
    case SO_REUSEPORT:
      return give(value, len, u32(sk.reuseport), 4)
    case SO_BROADCAST:
      return give(value, len, u32(sk.broadcast), 4)
    case SO_KEEPALIVE:
      return give(value, len, u32(sk.keepalive), 4)
    case SO_LOCK_FILTER:
      return give(value, len, u32(sk.filterLocked), 4)
    case SO_ACCEPTCONN:
      return give(value, len, u32(sk.state == 10), 4)
    case SO_BINDTOIFINDEX:
      return give(value, len, sk.boundDevIf, 4)
    case SO_MAX_PACING_RATE:
      return give(value, len, sk.maxPacing ? sk.maxPacing : 0xffffffff, 4)
    case SO_BINDTODEVICE: {
      if (!sk.boundDevIf) return 0
      const dev = deviceIn(sk.netns, <i32>sk.boundDevIf)
      if (len < 16) return -EINVAL
      if (!changetype<usize>(dev)) return -ENODEV
      memory.copy(value, deviceName(dev), 16)
      return 16
    }
    case SO_COOKIE:
      return len < 8 ? -EINVAL : give(value, len, sockCookie(sk), 8)
    case SO_NETNS_COOKIE:
      return len < 8 ? -EINVAL : give(value, len, sk.netns.cookie, 8)
    case SO_DEBUG:
    case SO_TIMESTAMP:
    case SO_OOBINLINE:
    case SO_NO_CHECK:
    case SO_BUSY_POLL:
      return give(value, len, 0, 4)
    case SO_INCOMING_CPU:
      return give(value, len, <u64>-1, 4)
    case SO_TXREHASH:
      return give(value, len, 1, 4)
    case SO_ATTACH_FILTER:
      return 0
    default:
      return -ENOPROTOOPT
  }
}

function getIp(sk: Sock, name: i32, value: usize, len: u32): i32 {
  switch (name) {
    case IP_TOS:
      return give(value, len, sk.tos, len < 4 ? 1 : 4)
    case IP_TTL:
      return give(value, len, sk.ttl, len < 4 ? 1 : 4)
    case IP_FREEBIND:
      return give(value, len, u32(sk.freebind), 4)
    case IP_TRANSPARENT:
      return give(value, len, u32(sk.transparent), 4)
    case IP_RECVERR:
      return give(value, len, u32(sk.recvErr), 4)
    case IP_BIND_ADDRESS_NO_PORT:
      return give(value, len, 0, 4)
    default:
      return -ENOPROTOOPT
  }
}
function getIp6(sk: Sock, name: i32, value: usize, len: u32): i32 {
  switch (name) {
    case IPV6_V6ONLY:
      return give(value, len, u32(sk.v6only), 4)
    case IPV6_TCLASS:
      return give(value, len, sk.tclass, 4)
    case IPV6_UNICAST_HOPS:
      return give(value, len, sk.ttl, 4)
    case IPV6_RECVERR:
      return give(value, len, u32(sk.recvErr), 4)
    case IPV6_AUTOFLOWLABEL:
      return give(value, len, 1, 4)
    default:
      return -ENOPROTOOPT
  }
}

function getTcp(sk: Sock, name: i32, value: usize, len: u32): i32 {
  switch (name) {
    case TCP_NODELAY:
      return give(value, len, u32(sk.nodelay), 4)
    case TCP_MAXSEG:
      return give(value, len, sk.mssCache ? sk.mssCache : 536, 4)
    case TCP_KEEPIDLE:
      return give(value, len, sk.keepidle, 4)
    case TCP_KEEPINTVL:
      return give(value, len, sk.keepintvl, 4)
    case TCP_KEEPCNT:
      return give(value, len, sk.keepcnt, 4)
    case TCP_SYNCNT:
      return give(value, len, sk.syncnt, 4)
    case TCP_USER_TIMEOUT:
      return give(value, len, sk.userTimeout, 4)
    case TCP_WINDOW_CLAMP:
      return give(value, len, sk.windowClamp, 4)
    case TCP_SAVE_SYN:
      return give(value, len, 0, 4)
    case TCP_BPF_SOCK_OPS_CB_FLAGS:
      return give(value, len, sk.opsFlags, 4)
    case TCP_CONGESTION: {
      const n = min<u32>(len, 16)
      memory.copy(value, controlOf(sk), n)
      return <i32>n
    }
    case TCP_INFO: {
      const n = min<u32>(len, 248)
      memory.fill(INFO, 0, 248)
      tcpInfo(sk, INFO)
      memory.copy(value, INFO, n)
      return <i32>n
    }
    default:
      return -ENOPROTOOPT
  }
}
