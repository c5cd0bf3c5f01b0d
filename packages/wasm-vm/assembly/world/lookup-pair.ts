// SPDX-License-Identifier: GPL-2.0-only
// The socket that sent a packet with these ends.

import { AF_INET } from '../gen/system.gen'
import { Netns } from './netns'
import { Sock, sockDst } from './sock'

/** The connected socket with this local port and these remote address and port (network byte order), or 0. */
export function findPair(
  ns: Netns,
  protocol: u32,
  family: u32,
  local: usize,
  lport: u16,
  remote: usize,
  rport: u16,
): Sock {
  const n: usize = family == AF_INET ? 4 : 16
  for (let sk = ns.socks; changetype<usize>(sk); sk = sk.next) {
    if (sk.protocol != protocol || sk.family != family || sk.dstPort != rport) continue
    if (sk.srcPort != <u32>bswap<u16>(lport)) continue
    if (memory.compare(sockDst(sk), remote, n) == 0) return sk
  }
  return changetype<Sock>(0)
}
