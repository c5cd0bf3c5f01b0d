// SPDX-License-Identifier: GPL-2.0-only
// BPF_PROG_TEST_RUN of netfilter programs. Kernel counterpart: bpf_prog_test_run_nf of net/bpf/test_run.c.

import { EINVAL, ENOMEM, EPROTO } from '../gen/errno.gen'
import { ETH_P_IP, ETH_P_IPV6 } from '../gen/system.gen'
import { kfree } from '../mem/alloc'
import { Prog } from '../prog/prog'
import { deviceByIndex, NetDevice } from '../world/device'
import { PACKET_NONE, runCtx } from '../world/hook'
import { ETH_HLEN, ethTypeTrans, Skb, skbFree, skbOf, skbResetNet } from '../world/skb'
import { isErr } from './fd'
import {
  clearTrap,
  contextIn,
  dataIn,
  finish,
  givenSize,
  hasExtras,
  repeats,
  SHARED_INFO,
  startClock,
  stopClock,
  TestRun,
} from './test-run'

const HEADROOM: u32 = 64
const LOOPBACK: u32 = 1
const IPV4_HEADER: u32 = 20
const IPV6_HEADER: u32 = 40

const NFPROTO_IPV4: u32 = 2
const NFPROTO_IPV6: u32 = 10
const NF_INET_PRE_ROUTING: u32 = 0
const NF_INET_LOCAL_IN: u32 = 1
const NF_INET_FORWARD: u32 = 2
const NF_INET_LOCAL_OUT: u32 = 3
const NF_INET_POST_ROUTING: u32 = 4

/** struct nf_hook_state: hook u8, pf u8, then six pointers from 8 on: in, out, sk, net, okfn. */
const STATE_SIZE: u32 = 48
const STATE_PF: usize = 1
const STATE_IN: usize = 8
const STATE_OUT: usize = 16

/** struct bpf_nf_ctx: pointers to the state and the packet; the state follows. */
const CTX_SIZE: u32 = 16
const CTX: usize = memory.data(64, 8)

/** verify_and_copy_hook_state: the devices of a hook are the kernel's to fill. */
function takeState(state: usize, given: usize, dev: NetDevice): i32 {
  for (let i: u32 = <u32>STATE_IN; i < STATE_SIZE; i++) {
    if (load<u8>(given + <usize>i)) return -EINVAL
  }
  const hook = <u32>load<u8>(given)
  const pf = <u32>load<u8>(given, STATE_PF)
  if ((pf != NFPROTO_IPV4 && pf != NFPROTO_IPV6) || hook > NF_INET_POST_ROUTING) return -EINVAL
  const d = <u64>changetype<usize>(dev)
  if (hook == NF_INET_PRE_ROUTING || hook == NF_INET_LOCAL_IN || hook == NF_INET_FORWARD) store<u64>(state, d, STATE_IN)
  if (hook >= NF_INET_FORWARD) store<u64>(state, d, STATE_OUT)
  store<u8>(state, <u8>hook)
  store<u8>(state, <u8>pf, STATE_PF)
  return 0
}

/** Sets the protocol of the packet, and its data behind the Ethernet header where the hook sees received packets. */
function placeHeaders(skb: Skb, size: u32, hook: u32, pf: u32, dev: NetDevice): i32 {
  if (hook == NF_INET_LOCAL_OUT) {
    skb.dev = dev
    skb.protocol = <u32>bswap<u16>(<u16>(pf == NFPROTO_IPV4 ? ETH_P_IP : ETH_P_IPV6))
    return 0
  }
  if (size < ETH_HLEN + IPV4_HEADER) return -EINVAL
  ethTypeTrans(skb, dev)
  const proto = <i32>bswap<u16>(<u16>skb.protocol)
  if (proto == ETH_P_IP) {
    if (pf != NFPROTO_IPV4) return -EINVAL
  } else if (proto == ETH_P_IPV6) {
    if (size < ETH_HLEN + IPV6_HEADER || pf != NFPROTO_IPV6) return -EINVAL
  } else return -EPROTO
  skbResetNet(skb)
  return 0
}

function runHook(prog: Prog, t: TestRun, skb: Skb, size: u32, given: usize): i32 {
  const state = CTX + <usize>CTX_SIZE
  memory.fill(CTX, 0, 64)
  store<u8>(state, <u8>NF_INET_LOCAL_OUT)
  store<u8>(state, <u8>NFPROTO_IPV4, STATE_PF)
  const dev = deviceByIndex(LOOPBACK)
  if (given) {
    const bad = takeState(state, given, dev)
    if (bad) return bad
  }
  const bad = placeHeaders(skb, size, <u32>load<u8>(state), <u32>load<u8>(state, STATE_PF), dev)
  if (bad) return bad
  store<u64>(CTX, <u64>state)
  store<u64>(CTX, <u64>changetype<usize>(skb), 8)
  const n = repeats(t)
  clearTrap()
  const from = startClock()
  for (let i: u32 = 0; i < n; i++) t.retval = <u32>runCtx(prog, CTX, CTX_SIZE, PACKET_NONE, 0)
  const trapped = stopClock(t, from, n)
  return trapped ? trapped : finish(t, 0, 0, 0, 0)
}

export function testRunNetfilter(prog: Prog, t: TestRun): i32 {
  if (hasExtras(t)) return -EINVAL
  const size = givenSize(t)
  if (size < IPV4_HEADER) return -EINVAL
  const data = dataIn(t, size, size, HEADROOM, SHARED_INFO)
  if (isErr(data)) return <i32>data
  const given = contextIn(t, STATE_SIZE)
  if (isErr(given)) {
    kfree(data)
    return <i32>given
  }
  const skb = skbOf(data + HEADROOM, size, HEADROOM, 0)
  const err = changetype<usize>(skb) ? runHook(prog, t, skb, size, given) : -ENOMEM
  skbFree(skb)
  kfree(data)
  kfree(given)
  return err
}
