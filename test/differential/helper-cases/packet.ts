// SPDX-License-Identifier: BSD-2-Clause
/** Helpers on packets: bytes, checksums, length, tags. */
import * as U from '@skep/core/uapi'
import { FRAME, type HelperCase } from './run.ts'

const CLS = U.BPF_PROG_TYPE_SCHED_CLS
const XDP = U.BPF_PROG_TYPE_XDP

/** Calls with the context in r1 and these further arguments; r0 to the first word of the results. */
function call(
  helper: string,
  args: readonly (number | string)[],
  more: Partial<HelperCase> = {},
  before = '',
  after = '',
): HelperCase {
  const loads = args.map((arg, i) => `r${i + 2} = ${arg}`).join('\n')
  const code = `${before}
    r1 = r6
    ${loads}
    call ${helper}
    *(u64 *)(r9 + 0) = r0
    ${after}
    r0 = 0
    exit`
  return {
    name: `${helper}(${args.join(', ')}) type ${more.type ?? CLS} ${more.name ?? ''}`,
    code,
    ...more,
    ...(more.name ? { name: `${helper} ${more.name}` } : {}),
  }
}

/** r0's own field of the context to the results. */
const fields = (...offsets: number[]) =>
  offsets.map((offset, i) => `r1 = *(u32 *)(r6 + ${offset})\n*(u32 *)(r9 + ${16 + i * 4}) = r1`).join('\n')
const LEN = 0
const PROTOCOL = 16
const VLAN_PRESENT = 20
const VLAN_TCI = 24
const VLAN_PROTO = 28

function loads(): HelperCase[] {
  const cases: HelperCase[] = []
  for (const offset of [0, 13, 90, 97, 98, 99, 0xffff, 0x7fffffff, -1]) {
    for (const len of [1, 4, 8]) {
      const to = `*(u64 *)(r10 - 16) = -1\nr3 = r10\nr3 += -16`
      const keep = `r1 = *(u64 *)(r10 - 16)\n*(u64 *)(r9 + 8) = r1`
      const code = (helper: string, start?: number) => `${to}
        r1 = r6
        r2 = ${offset}
        r4 = ${len}
        ${start === undefined ? '' : `r5 = ${start}`}
        call ${helper}
        *(u64 *)(r9 + 0) = r0
        ${keep}
        r0 = 0
        exit`
      cases.push({ name: `skb_load_bytes ${offset} ${len}`, code: code('bpf_skb_load_bytes') })
      if (len !== 4) continue
      for (const start of [0, 1, 2]) {
        cases.push({
          name: `skb_load_bytes_relative ${offset} ${len} from ${start}`,
          code: code('bpf_skb_load_bytes_relative', start),
        })
      }
      cases.push({ name: `xdp_load_bytes ${offset} ${len}`, code: code('bpf_xdp_load_bytes'), type: XDP })
      cases.push({
        name: `skb_load_bytes ${offset} ${len} cgroup`,
        code: code('bpf_skb_load_bytes'),
        type: U.BPF_PROG_TYPE_CGROUP_SKB,
        attachType: U.BPF_CGROUP_INET_EGRESS,
      })
      cases.push({
        name: `skb_load_bytes ${offset} ${len} socket filter`,
        code: code('bpf_skb_load_bytes'),
        type: U.BPF_PROG_TYPE_SOCKET_FILTER,
      })
    }
  }
  return cases
}

function stores(): HelperCase[] {
  const before = 'r1 = 0x1122334455667788 ll\n*(u64 *)(r10 - 16) = r1\nr3 = r10\nr3 += -16'
  const cases: HelperCase[] = []
  for (const offset of [0, 30, 90, 91, 98, -1]) {
    for (const flags of [0, 1, 2, 3, 4]) {
      const code = `${before}
        r1 = r6
        r2 = ${offset}
        r4 = 8
        r5 = ${flags}
        call bpf_skb_store_bytes
        *(u64 *)(r9 + 0) = r0
        r0 = 0
        exit`
      cases.push({ name: `skb_store_bytes ${offset} flags ${flags}`, code })
    }
    const code = `${before}
      r1 = r6
      r2 = ${offset}
      r4 = 8
      call bpf_xdp_store_bytes
      *(u64 *)(r9 + 0) = r0
      r0 = 0
      exit`
    cases.push({ name: `xdp_store_bytes ${offset}`, code, type: XDP })
  }
  return cases
}

function checksums(): HelperCase[] {
  const cases: HelperCase[] = []
  for (const [from, to, flags] of [
    [0x0a000001, 0x0a0000fe, 4],
    [0x1234, 0xffee, 2],
    [0, 0x12345678, 0],
    [5, 1, 0],
    [1, 2, 3],
    [1, 2, 0x10],
    [-1, 0, 4],
    [0, 0, 2],
  ]) {
    for (const offset of [24, 25, 96, 98, 0x10000]) {
      cases.push(call('bpf_l3_csum_replace', [offset!, from!, to!, flags!]))
    }
    for (const extra of [0, 0x10, 0x20, 0x40, 0x60, 0x80, 0x100])
      cases.push(call('bpf_l4_csum_replace', [40, from!, to!, flags! | extra]))
  }
  const sizes = [
    [0, 8],
    [8, 0],
    [8, 8],
    [4, 12],
    [0, 0],
    [3, 4],
    [16, 16],
  ]
  for (const [a, b] of sizes) {
    for (const seed of [0, 1, -1, 0x12345678]) {
      const code = `r1 = 0xfffefdfc01020304 ll
        *(u64 *)(r10 - 32) = r1
        r1 = 0xffffffffffffffff ll
        *(u64 *)(r10 - 24) = r1
        r1 = 0x8000000080000001 ll
        *(u64 *)(r10 - 16) = r1
        r1 = r10
        r1 += -32
        r2 = ${a}
        r3 = r10
        r3 += -24
        r4 = ${b}
        r5 = ${seed}
        call bpf_csum_diff
        *(u64 *)(r9 + 0) = r0
        r0 = 0
        exit`
      cases.push({ name: `csum_diff ${a} ${b} seed ${seed}`, code })
    }
  }
  for (const level of [0, 1, 2, 3, 4]) cases.push(call('bpf_csum_level', [level]))
  cases.push(call('bpf_csum_update', [5]))
  return cases
}

function lengths(): HelperCase[] {
  const after = fields(LEN)
  const cases: HelperCase[] = []
  for (const len of [0, 13, 14, 33, 34, 50, 98, 99, 200, 1500, 16000, 17000, -1]) {
    cases.push(call('bpf_skb_change_tail', [len, 0], { ignoreData: len > 300 }, '', after))
    cases.push(call('bpf_skb_pull_data', [len], {}, '', after))
  }
  cases.push(call('bpf_skb_change_tail', [60, 1]))
  for (const room of [0, 1, 14, 100, 300, 20000, -1])
    cases.push(call('bpf_skb_change_head', [room, 0], { ignoreData: room > 100 }, '', after))
  cases.push(call('bpf_skb_change_head', [4, 1]))
  for (const diff of [0, 4, 20, 40, -4, -20, -40, -60, -64, -70, -84, 4095, 4096, -4096]) {
    for (const mode of [0, 1, 2])
      cases.push(call('bpf_skb_adjust_room', [diff, mode, 0], { ignoreData: diff > 100 }, '', after))
  }
  for (const flags of [1, 2, 4, 6, 2 | 8, 2 | 16, 2 | 8 | 16, 2 | 64, 4 | 16, 32, 128, 256, 384, 512]) {
    cases.push(call('bpf_skb_adjust_room', [28, 1, flags], {}, '', `${after}\n${fields(LEN, PROTOCOL)}`))
    cases.push(call('bpf_skb_adjust_room', [-20, 1, flags], {}, '', fields(LEN, PROTOCOL)))
  }
  for (const proto of [0xdd86, 0x0008, 0x0608])
    cases.push(call('bpf_skb_change_proto', [proto, 0], {}, '', fields(LEN, PROTOCOL)))
  cases.push(call('bpf_skb_change_proto', [0xdd86, 1]))
  for (const type of [0, 1, 2, 3, 4, 7, -1]) cases.push(call('bpf_skb_change_type', [type], {}, '', fields(4)))
  return cases
}

function tags(): HelperCase[] {
  const after = fields(LEN, PROTOCOL, VLAN_PRESENT, VLAN_TCI, VLAN_PROTO)
  const cases: HelperCase[] = []
  for (const [proto, tci] of [
    [0x0081, 5],
    [0xa888, 0xfff],
    [0x1234, 0x2001],
  ]) {
    cases.push(call('bpf_skb_vlan_push', [proto!, tci!], {}, '', after))
    const twice = `r1 = r6\nr2 = ${proto}\nr3 = 7\ncall bpf_skb_vlan_push\n*(u64 *)(r9 + 8) = r0`
    cases.push(call('bpf_skb_vlan_push', [proto!, tci!], { name: `twice ${proto} ${tci}` }, twice, after))
    const thrice = `${twice}\nr1 = r6\nr2 = 0xa888\nr3 = 9\ncall bpf_skb_vlan_push`
    cases.push(call('bpf_skb_vlan_pop', [], { name: `after two pushes ${proto} ${tci}` }, thrice, after))
  }
  cases.push(call('bpf_skb_vlan_pop', [], { name: 'untagged' }, '', after))
  const tagged = Uint8Array.from([...FRAME.subarray(0, 12), 0x81, 0, 0x20, 5, ...FRAME.subarray(12)])
  cases.push(call('bpf_skb_vlan_pop', [], { name: 'tagged in the packet', data: tagged }, '', after))
  const stacked = Uint8Array.from([...FRAME.subarray(0, 12), 0x88, 0xa8, 0x20, 5, 0x81, 0, 0, 9, ...FRAME.subarray(12)])
  cases.push(call('bpf_skb_vlan_pop', [], { name: 'stacked in the packet', data: stacked }, '', after))
  return cases
}

function xdp(): HelperCase[] {
  const cases: HelperCase[] = []
  for (const offset of [0, 4, 14, 84, 85, 98, -4, -14, -200, -216, -217, -256, 0x7fffffff]) {
    cases.push(call('bpf_xdp_adjust_head', [offset], { type: XDP }))
    cases.push(call('bpf_xdp_adjust_tail', [offset], { type: XDP }))
    cases.push(call('bpf_xdp_adjust_meta', [offset], { type: XDP }))
  }
  for (const offset of [100, 1000, 3000, 3300, 3400, 3500, -80, -84, -85])
    cases.push(call('bpf_xdp_adjust_tail', [offset], { type: XDP, ignoreData: true }))
  for (const meta of [-3, -8, -32, -252, -253, -256]) cases.push(call('bpf_xdp_adjust_meta', [meta], { type: XDP }))
  const metaThenHead = 'r1 = r6\nr2 = -8\ncall bpf_xdp_adjust_meta'
  for (const offset of [4, -4, -206, -210])
    cases.push(call('bpf_xdp_adjust_head', [offset], { type: XDP, name: `after meta ${offset}` }, metaThenHead))
  cases.push(call('bpf_xdp_get_buff_len', [], { type: XDP }))
  return cases
}

/** Frames of several pages: bytes beyond the first are in fragments. */
function frags(): HelperCase[] {
  const cases: HelperCase[] = []
  const big = (size: number) =>
    Uint8Array.from({ length: size }, (_, i) => (i < FRAME.length ? (FRAME[i] ?? 0) : (i * 5) & 0xff))
  const shared = { type: XDP, flags: U.BPF_F_XDP_HAS_FRAGS }
  for (const size of [4000, 6000, 9000]) {
    const data = big(size)
    cases.push(call('bpf_xdp_get_buff_len', [], { ...shared, data, name: `of ${size}` }))
    for (const offset of [3400, 3516, 3520, 4090, size - 8, size - 7]) {
      const pointer = 'r1 = 0x0102030405060708 ll\n*(u64 *)(r10 - 16) = r1\nr3 = r10\nr3 += -16'
      const tail = 'r1 = *(u64 *)(r10 - 16)\n*(u64 *)(r9 + 8) = r1\nr0 = 0\nexit'
      for (const helper of ['bpf_xdp_load_bytes', 'bpf_xdp_store_bytes']) {
        const code = `${pointer}\nr1 = r6\nr2 = ${offset}\nr4 = 8\ncall ${helper}\n*(u64 *)(r9 + 0) = r0\n${tail}`
        cases.push({ name: `${helper} ${offset} of ${size}`, ...shared, data, code })
      }
    }
    const length = 'r1 = r6\ncall bpf_xdp_get_buff_len\n*(u64 *)(r9 + 8) = r0'
    for (const diff of [10, 300, 4000, -10, -2000, -3000, -size + 20, -size + 14, -size + 13, -size - 5]) {
      const more = { ...shared, data, name: `${diff} of ${size}`, ignoreData: diff > 0 }
      cases.push(call('bpf_xdp_adjust_tail', [diff], more, '', length))
    }
    const head = { ...shared, data, name: `then tail of ${size}` }
    cases.push(call('bpf_xdp_adjust_head', [14], head, 'r1 = r6\nr2 = -100\ncall bpf_xdp_adjust_tail', length))
  }
  cases.push(call('bpf_xdp_get_buff_len', [], { type: XDP, data: big(6000), name: 'without the flag' }))
  return cases
}

/** What the packet helpers do in other program types. */
function otherTypes(): HelperCase[] {
  const cases: HelperCase[] = []
  for (const type of [U.BPF_PROG_TYPE_LWT_XMIT, U.BPF_PROG_TYPE_SCHED_ACT]) {
    for (const room of [4, 14, 200, 20000])
      cases.push(call('bpf_skb_change_head', [room, 0], { type, ignoreData: room > 100 }, '', fields(LEN)))
    for (const len of [30, 60, 150]) cases.push(call('bpf_skb_change_tail', [len, 0], { type }, '', fields(LEN)))
    cases.push(
      call('bpf_skb_pull_data', [50], { type }),
      call(
        'bpf_get_hash_recalc',
        [],
        { type, name: `type ${type}` },
        '',
        'if r0 != 0 goto hashed\nr0 = 9\nexit\nhashed:\nr0 = 0\n*(u64 *)(r9 + 0) = r0',
      ),
    )
    cases.push(call('bpf_l3_csum_replace', [24, 0x1234, 0x4321, 2], { type }), call('bpf_csum_level', [0], { type }))
  }
  return cases
}

function mtu(): HelperCase[] {
  const cases: HelperCase[] = []
  for (const type of [CLS, XDP]) {
    for (const [ifindex, len, diff, flags] of [
      [0, 0, 0, 0],
      [1, 0, 0, 0],
      [1, 65536, 0, 0],
      [1, 65537, 0, 0],
      [1, 100, 65500, 0],
      [1, 0, -50, 0],
      [77777, 0, 0, 0],
      [0, 0, 0, 1],
      [0, 5, 0, 1],
      [0, 0, 4, 1],
      [0, 0, 0, 2],
    ]) {
      const before = `*(u32 *)(r10 - 8) = ${len}\nr3 = r10\nr3 += -8`
      const code = `${before}
        r1 = r6
        r2 = ${ifindex}
        r4 = ${diff}
        r5 = ${flags}
        call bpf_check_mtu
        *(u64 *)(r9 + 0) = r0
        r1 = *(u32 *)(r10 - 8)
        *(u64 *)(r9 + 8) = r1
        r0 = 0
        exit`
      cases.push({ name: `check_mtu ${[ifindex, len, diff, flags].join(' ')} type ${type}`, code, type })
    }
  }
  return cases
}

function stamps(): HelperCase[] {
  const cases: HelperCase[] = []
  for (const [stamp, type] of [
    [0, 0],
    [5, 0],
    [5, 1],
    [0, 1],
    [7, 2],
    [0, 2],
    [7, 3],
  ]) {
    cases.push(call('bpf_skb_set_tstamp', [stamp!, type!], {}, '', 'r1 = *(u64 *)(r6 + 152)\n*(u64 *)(r9 + 16) = r1'))
  }
  cases.push(
    call('bpf_set_hash', [77], { name: 'then get' }, '', 'r1 = r6\ncall bpf_get_hash_recalc\n*(u64 *)(r9 + 16) = r0'),
  )
  return cases
}

export const PACKET_CASES: readonly HelperCase[] = [
  ...loads(),
  ...stores(),
  ...checksums(),
  ...lengths(),
  ...tags(),
  ...xdp(),
  ...mtu(),
  ...frags(),
  ...otherTypes(),
  ...stamps(),
]
