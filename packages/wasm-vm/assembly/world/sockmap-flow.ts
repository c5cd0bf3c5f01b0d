// SPDX-License-Identifier: GPL-2.0-only
// Data of sockets that are in sockmaps: parsers, verdicts and redirects. Kernel counterpart: net/core/skmsg.c,
// net/ipv4/tcp_bpf.c.

import { EACCES, ENOMEM } from '../gen/errno.gen'
import { AF_INET, AF_UNIX } from '../gen/system.gen'
import { kfree, kmalloc } from '../mem/alloc'
import { PACKET_MSG, runCtx, runSkb } from './hook'
import { queuePut, Skb, skbFree, skbMakeRoom, skbOf, skbPull, skbPut } from './skb'
import { isTcp, isUdp, Sock, sockDst6, sockInQueue, sockSrc6 } from './sock'
import { fillSkbSock } from './sock-context'
import { tcpSend } from './tcp'
import { udpSend } from './udp'
import { unixSend } from './unix'

const SK_PASS: u32 = 1

/** Takes data that arrives for a socket with a verdict; false: the socket has none. */
export function sockmapIngress(sk: Sock, skb: Skb): bool {
  if (!sk.mapLinks) return false
  const parser = changetype<usize>(sk.streamParser) != 0 && changetype<usize>(sk.streamVerdict) != 0 && isTcp(sk)
  if (parser) {
    parse(sk, skb)
    return true
  }
  if (!changetype<usize>(sk.streamVerdict) && !changetype<usize>(sk.skbVerdict)) return false
  verdict(sk, skb)
  return true
}

/** Cuts a stream into messages, each as long as the parser says. */
function parse(sk: Sock, skb: Skb): void {
  let all = skb
  if (changetype<usize>(sk.partial)) {
    all = sk.partial
    sk.partial = changetype<Skb>(0)
    if (skbMakeRoom(all, 0, skb.len)) memory.copy(skbPut(all, skb.len), skb.data, skb.len)
    skbFree(skb)
  }
  while (all.len) {
    prepare(sk, all)
    const want = <i32>runSkb(sk.streamParser, all)
    if (want == 0 || <u32>want > all.len) {
      if (want < 0) break
      sk.partial = all
      return
    }
    if (want < 0) break
    if (<u32>want == all.len) {
      verdict(sk, all)
      return
    }
    const message = skbOf(all.data, <u32>want, 64, 0)
    skbPull(all, <u32>want)
    if (changetype<usize>(message)) verdict(sk, message)
  }
  skbFree(all)
}

function prepare(sk: Sock, skb: Skb): void {
  skb.sk = <u64>changetype<usize>(sk)
  skb.chosen = 0
  skb.tcAtIngress = false
  fillSkbSock(skb, sk)
}

function verdict(sk: Sock, skb: Skb): void {
  prepare(sk, skb)
  const prog = changetype<usize>(sk.streamVerdict) ? sk.streamVerdict : sk.skbVerdict
  const ret = runSkb(prog, skb)
  skb.sk = 0
  const target = skb.chosen
  const ingress = skb.tcAtIngress
  skb.chosen = 0
  if (ret != SK_PASS) {
    skbFree(skb)
    return
  }
  if (!target) {
    queuePut(sockInQueue(sk), skb)
    return
  }
  redirect(changetype<Sock>(target), skb, ingress)
}

function redirect(to: Sock, skb: Skb, ingress: bool): void {
  if (to.dead || to.closing) {
    skbFree(skb)
    return
  }
  if (ingress) {
    queuePut(sockInQueue(to), skb)
    return
  }
  sendPlain(to, skb.data, skb.len)
  skbFree(skb)
}

/** Sends past the programs of the target. */
function sendPlain(to: Sock, data: usize, len: u32): i32 {
  if (isTcp(to)) return tcpSend(to, data, len)
  if (isUdp(to)) return udpSend(to, data, len, 0, 0)
  return to.family == AF_UNIX ? unixSend(to, data, len, 0, 0) : -22
}

// sk_msg

/** struct sk_msg_md, and behind it the message: buffer, redirect, what helpers asked for. */
@unmanaged export class MsgCtx {
  data: u64
  dataEnd: u64
  family: u32
  remoteIp4: u32
  localIp4: u32
  r0: u32
  r1: u32
  r2: u32
  r3: u32
  l0: u32
  l1: u32
  l2: u32
  l3: u32
  remotePort: u32
  localPort: u32
  size: u32
  sk: u64
  // the kernel's own
  buf: usize
  bufLen: u32
  redirect: usize
  flags: u32
  applyBytes: u32
  corkBytes: u32
}
const MSG: usize = memory.data(offsetof<MsgCtx>(), 8)
export const MSG_F_INGRESS: u32 = 1

function fillMsg(m: MsgCtx, sk: Sock, buf: usize, len: u32): void {
  memory.fill(changetype<usize>(m), 0, offsetof<MsgCtx>())
  m.data = <u64>buf
  m.dataEnd = <u64>(buf + <usize>len)
  m.size = len
  m.family = sk.family
  if (sk.family == AF_INET) {
    m.remoteIp4 = sk.dstIp4
    m.localIp4 = sk.srcIp4
  } else {
    memory.copy(changetype<usize>(m) + offsetof<MsgCtx>('r0'), sockDst6(sk), 16)
    memory.copy(changetype<usize>(m) + offsetof<MsgCtx>('l0'), sockSrc6(sk), 16)
  }
  m.remotePort = (<u32>sk.dstPort) << 16
  m.localPort = sk.srcPort
  m.sk = <u64>changetype<usize>(sk)
  m.buf = buf
  m.bufLen = len
}

/** Sends in the name of a socket with a message verdict: how many bytes, or an errno. */
export function sockmapSend(sk: Sock, data: usize, len: u32): i32 {
  const total = sk.corkLen + len
  const buf = kmalloc(<usize>total + 64)
  if (!buf) return -ENOMEM
  if (sk.corkLen) memory.copy(buf, sk.cork, sk.corkLen)
  memory.copy(buf + <usize>sk.corkLen, data, len)
  kfree(sk.cork)
  sk.cork = 0
  sk.corkLen = 0
  if (sk.corkBytes > total) {
    keepCork(sk, buf, total)
    return <i32>len
  }
  sk.corkBytes = 0
  const ret = sendVerdicts(sk, buf, total, len)
  return ret
}

function keepCork(sk: Sock, buf: usize, total: u32): void {
  sk.cork = buf
  sk.corkLen = total
}

/** Asks for a verdict, and again where the last one covers no more. Frees the buffer. */
function sendVerdicts(sk: Sock, buf: usize, total: u32, len: u32): i32 {
  const m = changetype<MsgCtx>(MSG)
  let at: u32 = 0
  let cur = buf
  let left = total
  let ret = <i32>len
  while (left) {
    let act: u32
    let target: usize
    let ingress: bool
    let n = left
    if (sk.msgEval) {
      // the last verdict covers more, or it was to drop: Linux keeps that for good
      act = sk.msgVerdictLast
      target = sk.msgRedirLast
      ingress = sk.msgIngress
      if (sk.applyBytes) n = min(n, sk.applyBytes)
    } else {
      fillMsg(m, sk, cur + <usize>at, left)
      act = <u32>runCtx(sk.msgVerdict, MSG, 80, PACKET_MSG, 0)
      target = m.redirect
      ingress = (m.flags & MSG_F_INGRESS) != 0
      if (m.corkBytes > left) {
        // the program waits for more
        sk.corkBytes = m.corkBytes
        const keep = kmalloc(<usize>left + 64)
        if (keep) {
          memory.copy(keep, <usize>m.buf, left)
          keepCork(sk, keep, left)
        }
        if (m.buf != cur + <usize>at) kfree(m.buf)
        break
      }
      if (m.buf != cur + <usize>at) {
        // helpers made the message longer: a new buffer
        kfree(cur)
        cur = m.buf
        at = 0
      }
      left = m.bufLen
      n = left
      if (m.applyBytes) {
        sk.applyBytes = m.applyBytes
        n = min(n, m.applyBytes)
      }
      sk.msgEval = true
      sk.msgVerdictLast = act
      sk.msgRedirLast = target
      sk.msgIngress = ingress
    }
    if (sk.applyBytes) sk.applyBytes -= min(sk.applyBytes, n)
    if (act != SK_PASS) {
      if (!at) ret = -EACCES
      break
    }
    const err = target
      ? toTarget(changetype<Sock>(target), cur + <usize>at, n, ingress)
      : tcpSend(sk, cur + <usize>at, n)
    if (err < 0) {
      if (!at) ret = err
      break
    }
    at += n
    left -= n
    if (!sk.applyBytes) sk.msgEval = false
  }
  kfree(cur)
  return ret
}

function toTarget(to: Sock, data: usize, len: u32, ingress: bool): i32 {
  if (to.dead || to.closing) return -32
  if (!ingress) return sendPlain(to, data, len)
  const skb = skbOf(data, len, 0, 0)
  if (!changetype<usize>(skb)) return -ENOMEM
  queuePut(sockInQueue(to), skb)
  return <i32>len
}
