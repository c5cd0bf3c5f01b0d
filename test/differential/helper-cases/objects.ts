// SPDX-License-Identifier: BSD-2-Clause
/** Helpers on objects with type information, on user rings, on what hangs on sockets and devices. */
import { type Kernel, mapUpdateElem } from '@skep/core/load'
import * as U from '@skep/core/uapi'
import type { CaseMap, HelperCase } from './run.ts'

const TYPED: CaseMap = { type: U.BPF_MAP_TYPE_ARRAY, keySize: 4, valueSize: 32, maxEntries: 1, typed: true }
const keep = (n: number) => `*(u64 *)(r9 + ${n * 8}) = r0\n`
const END = 'r0 = 0\nexit\n'

/** The value of MAP0 in r8. */
const VALUE = `
  *(u32 *)(r10 - 8) = 0
  ld_pseudo r1, 1, MAP0
  r2 = r10
  r2 += -8
  call bpf_map_lookup_elem
  if r0 != 0 goto have_value
  r0 = 0
  exit
have_value:
  r8 = r0
`

function timers(): HelperCase[] {
  const init = (flags: number) => `r1 = r8\nld_pseudo r2, 1, MAP0\nr3 = ${flags}\ncall bpf_timer_init\n`
  const start = (ns: string, flags: number) => `r1 = r8\nr2 = ${ns}\nr3 = ${flags}\ncall bpf_timer_start\n`
  const set = 'r1 = r8\nr2 = each ll\ncall bpf_timer_set_callback\n'
  const cancel = 'r1 = r8\ncall bpf_timer_cancel\n'
  const far = '0x7fffffffffff ll'
  const each = 'each:\nr0 = 0\nexit'
  const steps = (list: readonly string[]) => list.map((step, n) => step + keep(n)).join('')
  const life = [
    cancel,
    start(far, 0),
    set,
    init(1),
    init(1),
    start(far, 0),
    set,
    start(far, 8),
    start(far, 0),
    cancel,
    cancel,
    start(far, 0),
    set,
    start(far, 1),
    start(far, 2),
    cancel,
  ]
  const cases: HelperCase[] = [{ name: 'life of a timer', maps: [TYPED], code: VALUE + steps(life) + END + each }]
  for (const clock of [0, 1, 2, 4, 7, 8, 15, 16, 17])
    cases.push({
      name: `timer of clock ${clock}`,
      maps: [TYPED],
      code: VALUE + steps([init(clock), set, cancel]) + END + each,
    })
  return cases
}

function locks(): HelperCase[] {
  const lock = 'r1 = r8\nr1 += 16\ncall bpf_spin_lock\n'
  const unlock = 'r1 = r8\nr1 += 16\ncall bpf_spin_unlock\n'
  const add = 'r1 = *(u64 *)(r8 + 24)\nr1 += 7\n*(u64 *)(r8 + 24) = r1\n'
  return [
    {
      name: 'a lock around an addition',
      maps: [TYPED],
      code: `${VALUE}${lock}${add}${unlock}${lock}${add}${unlock}r0 = *(u64 *)(r8 + 24)\n${keep(0)}${END}`,
    },
  ]
}

const USER_RING: CaseMap = { type: U.BPF_MAP_TYPE_USER_RINGBUF, keySize: 0, valueSize: 0, maxEntries: 4096 }
const BUSY = 0x80000000
const DISCARD = 0x40000000

/** Writes samples as their headers say and moves the producer. */
function produce(samples: readonly { header: number; first: number }[], shift = 0) {
  return (kernel: Kernel, [fd]: readonly number[]) => {
    const mapping = kernel.mmap(fd ?? -1, 4096 * 3, 4096, 3)
    if (typeof mapping === 'number') throw new Error(`mmap: ${mapping}`)
    const view = new DataView(mapping.bytes.buffer, mapping.bytes.byteOffset, mapping.bytes.length)
    let at = 0
    for (const { header, first } of samples) {
      view.setUint32(4096 + at, header >>> 0, true)
      view.setUint32(4096 + at + 8, first, true)
      at += ((header & 0x3fffffff) + 8 + 7) & ~7
    }
    view.setBigUint64(0, BigInt(at + shift), true)
    mapping[Symbol.dispose]()
  }
}

function userRings(): HelperCase[] {
  const drain = (flags: number) =>
    `ld_pseudo r1, 1, MAP0\nr2 = each ll\nr3 = r10\nr3 += -24\nr4 = ${flags}\ncall bpf_user_ringbuf_drain\n`
  const each = `each:
    r6 = r2
    r2 = 0
    r3 = 4
    call bpf_dynptr_data
    if r0 == 0 goto none
    r1 = *(u32 *)(r0 + 0)
    r2 = *(u64 *)(r6 + 0)
    r2 += r1
    *(u64 *)(r6 + 0) = r2
    if r1 != 99 goto none
    r0 = 1
    exit
  none:
    r0 = 0
    exit`
  const code = (flags = 0) =>
    `*(u64 *)(r10 - 24) = 0\n${drain(flags)}${keep(0)}r0 = *(u64 *)(r10 - 24)\n${keep(1)}${drain(0)}${keep(2)}${END}${each}`
  const ring = (
    name: string,
    samples: readonly { header: number; first: number }[],
    shift = 0,
    flags = 0,
  ): HelperCase => ({
    name: `user ring: ${name}`,
    maps: [USER_RING],
    prepare: produce(samples, shift),
    code: code(flags),
  })
  const sample = (size: number, first: number, bits = 0) => ({ header: size + bits, first })
  return [
    ring('empty', []),
    ring('three samples', [sample(8, 1), sample(16, 2), sample(4, 3)]),
    ring('a discarded one', [sample(8, 1), sample(8, 50, DISCARD), sample(8, 3)]),
    ring('a busy one', [sample(8, 1), sample(8, 50, BUSY), sample(8, 3)]),
    ring('one that stops', [sample(8, 1), sample(8, 99), sample(8, 3)]),
    ring('producer not aligned', [sample(8, 1)], 4),
    ring('longer than what was produced', [sample(64, 1)], -16),
    ring('no wake-up', [sample(8, 1)], 0, 1),
    ring('bad flags', [sample(8, 1)], 0, 4),
  ]
}

const DEVMAP: CaseMap = { type: U.BPF_MAP_TYPE_DEVMAP, keySize: 4, valueSize: 4, maxEntries: 4 }
const CPUMAP: CaseMap = { type: U.BPF_MAP_TYPE_CPUMAP, keySize: 4, valueSize: 4, maxEntries: 2 }
const XDP = U.BPF_PROG_TYPE_XDP

function redirects(): HelperCase[] {
  const cases: HelperCase[] = []
  const call = (helper: string, args: readonly number[]) =>
    `${args.map((arg, i) => `r${i + 1} = ${arg}`).join('\n')}\ncall ${helper}\n${keep(0)}${END}`
  for (const flags of [0, 1, 2, 8, 1 << 16]) {
    cases.push({ name: `redirect flags ${flags}`, code: call('bpf_redirect', [1, flags]) })
    cases.push({ name: `redirect flags ${flags} XDP`, type: XDP, code: call('bpf_redirect', [1, flags]) })
    cases.push({ name: `redirect_peer flags ${flags}`, code: call('bpf_redirect_peer', [1, flags]) })
    cases.push({
      name: `clone_redirect nowhere flags ${flags}`,
      code: `r1 = r6\nr2 = 77777\nr3 = ${flags}\ncall bpf_clone_redirect\n${keep(0)}${END}`,
    })
    for (const size of [0, 8, 20])
      cases.push({
        name: `redirect_neigh ${size} flags ${flags}`,
        code: `*(u64 *)(r10 - 24) = 2\n*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 8) = 0\nr1 = 1\nr2 = r10\nr2 += -24\nr3 = ${size}\nr4 = ${flags}\ncall bpf_redirect_neigh\n${keep(0)}${END}`,
      })
  }
  const lo = (kernel: Kernel, [fd]: readonly number[]) =>
    mapUpdateElem(kernel, fd ?? -1, new Uint8Array([1, 0, 0, 0]), new Uint8Array([1, 0, 0, 0]))
  for (const key of [0, 1, 3, 4, 100]) {
    for (const flags of [0, 1, 2, 3, 4, 8, 24, 32])
      cases.push({
        name: `redirect_map device ${key} flags ${flags}`,
        type: XDP,
        maps: [DEVMAP],
        prepare: lo,
        code: `ld_pseudo r1, 1, MAP0\nr2 = ${key}\nr3 = ${flags}\ncall bpf_redirect_map\n${keep(0)}${END}`,
      })
    cases.push({
      name: `redirect_map CPU ${key}`,
      type: XDP,
      maps: [CPUMAP],
      code: `ld_pseudo r1, 1, MAP0\nr2 = ${key}\nr3 = 2\ncall bpf_redirect_map\n${keep(0)}${END}`,
    })
  }
  return cases
}

function tunnels(): HelperCase[] {
  const cases: HelperCase[] = []
  const KEY = [7, 0x0a000001, 0, 0, 0, 0x4011, 0, 0x0a000002, 0, 0, 0]
  const key = (label: number, ext: number) =>
    KEY.map(
      (word, i) => `*(u32 *)(r10 - ${64 - i * 4}) = ${i === 6 ? label : i === 5 ? word | (ext << 16) : word}`,
    ).join('\n')
  const set = (size: number, flags: number, label = 0, ext = 0) =>
    `${key(label, ext)}\nr1 = r6\nr2 = r10\nr2 += -64\nr3 = ${size}\nr4 = ${flags}\ncall bpf_skb_set_tunnel_key\n${keep(0)}`
  const get = (size: number, flags: number) =>
    `r1 = r6\nr2 = r9\nr2 += 64\nr3 = ${size}\nr4 = ${flags}\ncall bpf_skb_get_tunnel_key\n${keep(1)}`
  const setOpt = (size: number) =>
    `r1 = 0x1122334455667788 ll\n*(u64 *)(r10 - 64) = r1\n*(u64 *)(r10 - 56) = r1\nr1 = r6\nr2 = r10\nr2 += -64\nr3 = ${size}\ncall bpf_skb_set_tunnel_opt\n${keep(2)}`
  const getOpt = (size: number) => `r1 = r6\nr2 = r9\nr2 += 128\nr3 = ${size}\ncall bpf_skb_get_tunnel_opt\n${keep(3)}`
  for (const flags of [0, 1, 2, 4, 8, 16, 31, 32]) {
    cases.push({ name: `tunnel key flags ${flags}`, code: set(44, flags) + get(44, flags & 1 ? 17 : 16) + END })
    cases.push({
      name: `tunnel key flags ${flags} read as the other family`,
      code: set(44, flags) + get(44, flags & 1 ? 0 : 1) + END,
    })
  }
  for (const size of [44, 28, 24, 22, 8, 4, 20]) {
    cases.push({ name: `tunnel key set with ${size}`, code: set(size, 0) + get(44, 0) + END })
    cases.push({ name: `tunnel key read with ${size}`, code: set(44, 0) + get(size, 0) + END })
    cases.push({ name: `tunnel key of IPv6 read with ${size}`, code: set(44, 1) + get(size, 1) + END })
  }
  cases.push(
    { name: 'tunnel key with a label', code: set(44, 0, 5) + END },
    { name: 'tunnel key with a label IPv6', code: set(44, 1, 0x12345678) + get(44, 1) + END },
  )
  cases.push(
    { name: 'tunnel key with ext', code: set(44, 0, 0, 1) + END },
    { name: 'tunnel key of none', code: get(44, 0) + END },
  )
  for (const size of [4, 8, 16, 3])
    cases.push({ name: `tunnel options ${size}`, code: set(44, 0) + setOpt(size) + getOpt(16) + get(44, 16) + END })
  cases.push(
    { name: 'tunnel options too long for the reader', code: set(44, 0) + setOpt(16) + getOpt(8) + END },
    { name: 'tunnel options of none', code: setOpt(8) + getOpt(8) + END },
  )
  cases.push({
    name: 'xfrm state',
    code: `r1 = r6\nr2 = 0\nr3 = r9\nr3 += 64\nr4 = 28\nr5 = 0\ncall bpf_skb_get_xfrm_state\n${keep(0)}${END}`,
  })
  return cases
}

function packetsOf(tos: number, version: number): Uint8Array {
  const frame = new Uint8Array(14 + 60)
  frame.set(
    version === 4
      ? [8, 0, 0x45, tos, 0, 60, 0, 0, 0, 0, 64, 17, 0x12, 0x34]
      : [0x86, 0xdd, 0x60 | (tos >> 4), (tos << 4) & 0xff],
    12,
  )
  return frame
}

function sockets(): HelperCase[] {
  const cases: HelperCase[] = []
  for (const version of [4, 6])
    for (const tos of [0, 1, 2, 3, 0xfd])
      cases.push({
        name: `ecn_set_ce IPv${version} ${tos}`,
        type: U.BPF_PROG_TYPE_CGROUP_SKB,
        attachType: U.BPF_CGROUP_INET_EGRESS,
        data: packetsOf(tos, version),
        code: `r1 = r6\ncall bpf_skb_ecn_set_ce\n${keep(0)}r0 = 1\nexit`,
      })
  const tuple = [...Array(5)].map((_, i) => `*(u64 *)(r10 - ${40 - i * 8}) = 0`).join('\n')
  for (const helper of ['bpf_sk_lookup_tcp', 'bpf_sk_lookup_udp', 'bpf_skc_lookup_tcp']) {
    for (const [size, netns, flags] of [
      [12, -1, 0],
      [36, -1, 0],
      [16, -1, 0],
      [12, 5, 0],
      [12, -1, 1],
    ]) {
      for (const type of [U.BPF_PROG_TYPE_SCHED_CLS, XDP]) {
        cases.push({
          name: `${helper} ${size} ${netns} ${flags} type ${type}`,
          type,
          code: `${tuple}\nr1 = r6\nr2 = r10\nr2 += -40\nr3 = ${size}\nr4 = ${netns}\nr5 = ${flags}\ncall ${helper}\nif r0 == 0 goto none\nr1 = r0\ncall bpf_sk_release\nr0 = 1\nnone:\n${keep(0)}${END}`,
        })
      }
    }
  }
  for (const helper of ['bpf_get_socket_uid', 'bpf_get_route_realm', 'bpf_get_cgroup_classid'])
    cases.push({ name: helper, code: `r1 = r6\ncall ${helper}\n${keep(0)}${END}` })
  const cgroups: CaseMap = { type: U.BPF_MAP_TYPE_CGROUP_ARRAY, keySize: 4, valueSize: 4, maxEntries: 2 }
  for (const index of [0, 2]) {
    cases.push({
      name: `skb_under_cgroup ${index}`,
      maps: [cgroups],
      code: `r1 = r6\nld_pseudo r2, 1, MAP0\nr3 = ${index}\ncall bpf_skb_under_cgroup\n${keep(0)}${END}`,
    })
    cases.push({
      name: `current_task_under_cgroup ${index}`,
      maps: [cgroups],
      type: U.BPF_PROG_TYPE_RAW_TRACEPOINT,
      code: `ld_pseudo r1, 1, MAP0\nr2 = ${index}\ncall bpf_current_task_under_cgroup\n${keep(0)}${END}`,
    })
  }
  return cases
}

function encapsulation(): HelperCase[] {
  const cases: HelperCase[] = []
  const header = (first: number, words: number) =>
    [...Array(words)].map((_, i) => `*(u64 *)(r10 - ${64 - i * 8}) = ${i === 0 ? first : i}`).join('\n')
  for (const [first, len, type] of [
    [0x45, 20, 2],
    [0x45, 19, 2],
    [0x46, 20, 2],
    [0x60, 40, 2],
    [0x60, 39, 2],
    [0x35, 20, 2],
    [0x45, 20, 3],
    [0x45, 20, 0],
    [0x45, 20, 1],
  ]) {
    cases.push({
      name: `lwt_push_encap ${first} ${len} ${type}`,
      type: U.BPF_PROG_TYPE_LWT_IN,
      data: packetsOf(0, 4),
      code: `${header(first!, 5)}\nr1 = r6\nr2 = ${type}\nr3 = r10\nr3 += -64\nr4 = ${len}\ncall bpf_lwt_push_encap\n${keep(0)}${END}`,
    })
  }
  return cases
}

/** System calls of programs. */
function systemCalls(): HelperCase[] {
  const SYSCALL = { type: U.BPF_PROG_TYPE_SYSCALL, flags: U.BPF_F_SLEEPABLE, ctx: new Uint8Array(16) }
  const attr = (words: readonly number[]) =>
    Array.from(
      { length: 9 },
      (_, i) =>
        `*(u32 *)(r10 - ${80 - i * 8}) = ${words[i * 2] ?? 0}\n*(u32 *)(r10 - ${76 - i * 8}) = ${words[i * 2 + 1] ?? 0}`,
    ).join('\n')
  const bpf = (cmd: number, words: readonly number[], size = 72) =>
    `${attr(words)}\nr1 = ${cmd}\nr2 = r10\nr2 += -80\nr3 = ${size}\ncall bpf_sys_bpf\n`
  const close = 'r1 = r0\ncall bpf_sys_close\n'
  return [
    {
      name: 'sys_bpf makes a map, sys_close closes it',
      ...SYSCALL,
      code: `${bpf(0, [2, 4, 8, 1])}if r0 s< 3 goto bad\n${close}${keep(0)}r0 = 7\nexit\nbad:\n${keep(0)}r0 = 1\nexit`,
    },
    {
      name: 'sys_bpf refuses attributes',
      ...SYSCALL,
      code: `${bpf(0, [2, 5, 8, 1])}${keep(0)}${bpf(0, [99, 4, 8, 1])}${keep(1)}${bpf(1, [1])}${keep(2)}${bpf(12, [0])}${keep(3)}${bpf(14, [0])}${keep(4)}${END}`,
    },
    {
      name: 'sys_bpf on a bad fd',
      ...SYSCALL,
      code: `${bpf(3, [5000])}${keep(0)}${bpf(22, [5000])}${keep(1)}${bpf(14, [0x7fffffff])}${keep(2)}${END}`,
    },
    { name: 'sys_close of a bad fd', ...SYSCALL, code: `r1 = 5000\ncall bpf_sys_close\n${keep(0)}${END}` },
    {
      name: 'kallsyms_lookup_name refuses',
      ...SYSCALL,
      text: 'abc',
      code: `ld_pseudo r1, 2, TEXT\nr2 = 3\nr3 = 0\nr4 = r10\nr4 += -8\ncall bpf_kallsyms_lookup_name\n${keep(0)}ld_pseudo r1, 2, TEXT\nr2 = 4\nr3 = 1\nr4 = r10\nr4 += -8\ncall bpf_kallsyms_lookup_name\n${keep(1)}${END}`,
    },
    {
      name: 'btf_find_by_name_kind refuses',
      ...SYSCALL,
      text: 'abc',
      code: `ld_pseudo r1, 2, TEXT\nr2 = 3\nr3 = 4\nr4 = 0\ncall bpf_btf_find_by_name_kind\n${keep(0)}ld_pseudo r1, 2, TEXT\nr2 = 4\nr3 = 4\nr4 = 1\ncall bpf_btf_find_by_name_kind\n${keep(1)}${END}`,
    },
  ]
}

function cgroupStorage(): HelperCase[] {
  const cases: HelperCase[] = []
  for (const type of [U.BPF_MAP_TYPE_CGROUP_STORAGE, U.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE]) {
    const map: CaseMap = { type, keySize: 16, valueSize: 8, maxEntries: 0 }
    const add =
      'ld_pseudo r1, 1, MAP0\nr2 = 0\ncall bpf_get_local_storage\nr1 = *(u64 *)(r0 + 0)\nr1 += 3\n*(u64 *)(r0 + 0) = r1\nr0 = r1\n'
    cases.push({
      name: `get_local_storage ${type}`,
      type: U.BPF_PROG_TYPE_CGROUP_SKB,
      attachType: U.BPF_CGROUP_INET_EGRESS,
      maps: [map],
      code: `${add}${keep(0)}${add}${keep(1)}r0 = 1\nexit`,
    })
  }
  return cases
}

export const OBJECT_CASES: readonly HelperCase[] = [
  ...timers(),
  ...locks(),
  ...userRings(),
  ...redirects(),
  ...tunnels(),
  ...sockets(),
  ...encapsulation(),
  ...cgroupStorage(),
  ...systemCalls(),
]
