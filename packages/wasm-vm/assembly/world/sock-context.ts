// SPDX-License-Identifier: GPL-2.0-only
// What a packet's context shows of its socket.

import { AF_INET, AF_INET6 } from '../gen/system.gen'
import { __sk_buff__local_ip6, __sk_buff__remote_ip6 } from '../gen/uapi-layouts.gen'
import { Skb } from './skb'
import { Sock, sockDst6, sockSrc6 } from './sock'

/** Addresses as the socket knows them: local is what it is bound to, remote what it is connected to. */
export function fillSkbSock(skb: Skb, sk: Sock): void {
  skb.family = sk.family
  skb.remotePort = (<u32>sk.dstPort) << 16
  skb.localPort = sk.srcPort
  skb.remoteIp4 = 0
  skb.localIp4 = 0
  const remote = changetype<usize>(skb) + __sk_buff__remote_ip6
  const local = changetype<usize>(skb) + __sk_buff__local_ip6
  memory.fill(remote, 0, 32)
  if (sk.family == AF_INET) {
    skb.remoteIp4 = sk.dstIp4
    skb.localIp4 = sk.srcIp4
  } else if (sk.family == AF_INET6) {
    memory.copy(remote, sockDst6(sk), 16)
    memory.copy(local, sockSrc6(sk), 16)
  }
}
