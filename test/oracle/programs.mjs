// SPDX-License-Identifier: BSD-2-Clause
// Programs of ours whose verdicts are recorded, in assembly. A map is written `map N`, its first value `value N`: its
// place in the list of maps of the fuzzer. Types: 1 socket filter, 2 kprobe, 3 tc classifier, 5 tracepoint, 6 XDP,
// 8 cgroup skb, 17 raw tracepoint, 18 cgroup sock_addr.

const lookup = (map) => `
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = map ${map}
  call bpf_map_lookup_elem`

const end = '\n  r0 = 0\n  exit'

/** Start of an XDP program: r2 packet, r3 its end. */
const packet = `
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)`

/** [name, type, text]. */
export const PROGRAMS = [
  ['empty: only exit', 1, 'exit'],
  ['returns a constant', 1, 'r0 = 7\nexit'],
  ['no exit at the end', 1, 'r0 = 0'],
  ['falls out of the program', 1, 'r0 = 0\nif r0 == 0 goto +1\nexit\nr0 = 1'],
  ['jumps behind the end', 1, 'r0 = 0\ngoto +5\nexit'],
  ['jumps before the start', 1, 'r0 = 0\ngoto -3\nexit'],
  ['jumps into a wide load', 1, 'r0 = 0\nif r0 == 0 goto +1\nr1 = 0x1234567890 ll\nexit'],
  ['unreachable code', 1, 'r0 = 0\nexit\nr0 = 1\nexit'],
  ['loop without an end', 1, 'r0 = 0\nl:\ngoto l\nexit'],
  ['counted loop', 1, 'r0 = 0\nr1 = 0\nl:\nr0 += 2\nr1 += 1\nif r1 < 10 goto l\nexit'],
  ['counted loop, hundred rounds', 1, 'r0 = 0\nr1 = 0\nl:\nr0 += r1\nr1 += 1\nif r1 != 100 goto l\nexit'],
  ['loop over an unknown number', 1, 'r0 = 0\nr1 = *(u32 *)(r1 + 0)\nl:\nr0 += 1\nif r0 < r1 goto l\nexit'],
  ['reads a register never written', 1, 'r0 = r3\nexit'],
  ['writes the frame pointer', 1, 'r10 = 1\nr0 = 0\nexit'],
  ['leaks the frame pointer', 1, 'r0 = r10\nexit'],
  ['leaks the context', 1, 'r0 = r1\nexit'],
  ['stack: written and read', 1, `*(u64 *)(r10 - 8) = 5\nr1 = *(u64 *)(r10 - 8)\nr0 = r1\nexit`],
  ['stack: read before written', 1, 'r0 = *(u64 *)(r10 - 8)\nexit'],
  ['stack: below its end', 1, `*(u64 *)(r10 - 520) = 1${end}`],
  ['stack: above its start', 1, `*(u64 *)(r10 + 8) = 1${end}`],
  ['stack: misaligned', 1, `*(u64 *)(r10 - 12) = 1${end}`],
  [
    'stack: a spilled pointer comes back',
    1,
    '*(u64 *)(r10 - 8) = r1\nr2 = *(u64 *)(r10 - 8)\nr0 = *(u32 *)(r2 + 0)\nexit',
  ],
  ['stack: half of a spilled pointer', 1, '*(u64 *)(r10 - 8) = r1\nr0 = *(u32 *)(r10 - 8)\nexit'],
  [
    'stack: a pointer overwritten in part',
    1,
    '*(u64 *)(r10 - 8) = r1\n*(u8 *)(r10 - 8) = 1\nr0 = *(u64 *)(r10 - 8)\nexit',
  ],
  ['stack: bytes one by one', 1, '*(u32 *)(r10 - 8) = 1\n*(u32 *)(r10 - 4) = 2\nr0 = *(u64 *)(r10 - 8)\nexit'],
  [
    'stack: variable place, written',
    1,
    `r2 = *(u32 *)(r1 + 0)\nr2 &= 7\nr2 += -16\nr2 += r10\n*(u8 *)(r2 + 0) = 1${end}`,
  ],
  ['stack: variable place, unbounded', 1, `r2 = *(u32 *)(r1 + 0)\nr2 += r10\n*(u8 *)(r2 + 0) = 1${end}`],
  ['context: a field', 1, 'r0 = *(u32 *)(r1 + 0)\nexit'],
  ['context: a part of a field', 1, 'r0 = *(u8 *)(r1 + 1)\nexit'],
  ['context: beyond its end', 1, 'r0 = *(u32 *)(r1 + 400)\nexit'],
  ['context: misaligned', 1, 'r0 = *(u32 *)(r1 + 2)\nexit'],
  ['context: the mark, written', 3, `*(u32 *)(r1 + 8) = 1${end}`],
  ['context: the mark of a socket filter, written', 1, `*(u32 *)(r1 + 8) = 1${end}`],
  ['context: moved by a variable', 1, `r2 = *(u32 *)(r1 + 0)\nr1 += r2\nr0 = *(u32 *)(r1 + 0)\nexit`],
  ['context: pointer in a tracepoint', 5, 'r0 = *(u64 *)(r1 + 8)\nr0 = 0\nexit'],
  ['context: an address from a kprobe', 2, 'r0 = *(u64 *)(r1 + 112)\nr0 = 0\nexit'],
  ['arithmetic on the context pointer: multiplied', 1, `r1 *= 2${end}`],
  ['arithmetic on the frame pointer: 32 bits', 1, `r2 = r10\nw2 += 4\n*(u8 *)(r2 - 8) = 1${end}`],
  ['division by a zero constant', 1, 'r0 = 1\nr0 /= 0\nexit'],
  ['division by an unknown number', 1, 'r2 = *(u32 *)(r1 + 0)\nr0 = 100\nr0 /= r2\nexit'],
  ['shift by 64', 1, 'r0 = 1\nr0 <<= 64\nexit'],
  ['shift by an unknown number', 1, 'r2 = *(u32 *)(r1 + 0)\nr0 = 1\nr0 <<= r2\nexit'],
  ['signed division, modulo', 1, 'r2 = *(u32 *)(r1 + 0)\nr0 = -7\nr0 s/= r2\nr0 s%= 3\nexit'],
  ['sign extension', 1, 'r2 = *(u32 *)(r1 + 0)\nr0 = (s8)r2\nw2 = (s16)w2\nr0 += r2\nexit'],
  ['byte swaps', 1, 'r2 = *(u32 *)(r1 + 0)\nr2 = be16 r2\nr2 = bswap64 r2\nr0 = r2\nexit'],
  ['atomic addition on the stack', 1, `*(u64 *)(r10 - 8) = 1\nr1 = 2\nlock *(u64 *)(r10 - 8) += r1${end}`],
  ['atomic addition to the context', 1, `r2 = 2\nlock *(u32 *)(r1 + 0) += r2${end}`],
  ['32-bit compare and branch', 1, 'r2 = *(u32 *)(r1 + 0)\nr0 = 0\nif w2 s> -5 goto +1\nr0 = 1\nexit'],
  [
    'branches that exclude each other',
    1,
    'r2 = *(u32 *)(r1 + 0)\nr0 = 0\nif r2 > 10 goto out\nif r2 > 20 goto bad\nout:\nexit\nbad:\nr0 = r9\nexit',
  ],
  ['bits known to be zero', 1, `r2 = *(u32 *)(r1 + 0)\nr2 &= 0xfff0\nif r2 & 8 goto bad${end}\nbad:\nr0 = r9\nexit`],
  [
    'equal registers share bounds',
    1,
    `r2 = *(u32 *)(r1 + 0)\nr3 = r2\nif r2 > 3 goto out\nr3 += r10\n*(u8 *)(r3 - 16) = 1\nout:${end}`,
  ],
  ['return value of a cgroup program: 2', 8, 'r0 = 2\nexit'],
  ['return value of a cgroup program: unknown', 8, 'r0 = *(u32 *)(r1 + 0)\nexit'],
  ['return value of a cgroup program: masked', 8, 'r0 = *(u32 *)(r1 + 0)\nr0 &= 1\nexit'],
  ['map: lookup without a test', 1, `${lookup(0)}\n r0 = *(u64 *)(r0 + 0)\nexit`],
  ['map: lookup with a test', 1, `${lookup(0)}\nif r0 == 0 goto +1\nr0 = *(u64 *)(r0 + 0)\nexit`],
  ['map: behind the value', 1, `${lookup(0)}\nif r0 == 0 goto +1\nr0 = *(u64 *)(r0 + 48)\nexit`],
  ['map: before the value', 1, `${lookup(0)}\nif r0 == 0 goto +1\nr0 = *(u8 *)(r0 - 1)\nexit`],
  ['map: misaligned', 1, `${lookup(0)}\nif r0 == 0 goto +1\nr0 = *(u64 *)(r0 + 4)\nexit`],
  [
    'map: masked index',
    1,
    `r6 = r1${lookup(0)}\nif r0 == 0 goto out\nr1 = *(u32 *)(r6 + 0)\nr1 &= 31\nr0 += r1\nr0 = *(u8 *)(r0 + 0)\nout:\nexit`,
  ],
  [
    'map: index with a bound that is too wide',
    1,
    `r6 = r1${lookup(0)}\nif r0 == 0 goto out\nr1 = *(u32 *)(r6 + 0)\nr1 &= 63\nr0 += r1\nr0 = *(u8 *)(r0 + 0)\nout:\nexit`,
  ],
  [
    'map: index that may be negative',
    1,
    `r6 = r1${lookup(0)}\nif r0 == 0 goto out\nr1 = *(u32 *)(r6 + 0)\nr1 s>>= 1\nif r1 s> 40 goto out\nr0 += r1\nr0 = *(u8 *)(r0 + 0)\nout:\nexit`,
  ],
  ['map: key not on the stack yet', 1, 'r2 = r10\nr2 += -4\nr1 = map 0\ncall bpf_map_lookup_elem\nr0 = 0\nexit'],
  ['map: a number instead of a map', 1, 'r2 = r10\nr2 += -4\nr1 = 5\ncall bpf_map_lookup_elem\nr0 = 0\nexit'],
  ['map: direct value', 1, 'r1 = value 0\nr0 = *(u64 *)(r1 + 40)\nexit'],
  ['map: direct value, too far', 1, 'r1 = value 0\nr0 = *(u64 *)(r1 + 48)\nexit'],
  ['map: direct value of a hash', 1, 'r1 = value 1\nr0 = 0\nexit'],
  ['map: read-only for programs, written', 1, `${lookup(11)}\nif r0 == 0 goto +1\n*(u64 *)(r0 + 0) = 1${end}`],
  ['map: write-only for programs, read', 1, `${lookup(12)}\nif r0 == 0 goto +1\nr0 = *(u64 *)(r0 + 0)\nexit`],
  ['map: a program array looked up', 1, `${lookup(5)}\nr0 = 0\nexit`],
  [
    'map: inner map looked up',
    1,
    `${lookup(7)}\nif r0 == 0 goto out\n*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr1 = r0\ncall bpf_map_lookup_elem\nout:${end}`,
  ],
  [
    'map: updated from the stack',
    1,
    `*(u32 *)(r10 - 4) = 0\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -56\nr1 = map 0\nr4 = 0\ncall bpf_map_update_elem${end}`,
  ],
  ['tail call', 1, 'r2 = map 5\nr3 = 1\ncall bpf_tail_call\nr0 = 0\nexit'],
  ['tail call without the context', 1, 'r1 = 0\nr2 = map 5\nr3 = 1\ncall bpf_tail_call\nr0 = 0\nexit'],
  [
    'ring buffer: reserved and submitted',
    1,
    `r1 = map 4\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\nif r0 == 0 goto out\n*(u64 *)(r0 + 8) = 1\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\nout:${end}`,
  ],
  ['ring buffer: reserved and lost', 1, `r1 = map 4\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve${end}`],
  [
    'ring buffer: submitted twice',
    1,
    `r1 = map 4\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\nif r0 == 0 goto out\nr6 = r0\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\nr1 = r6\nr2 = 0\ncall bpf_ringbuf_submit\nout:${end}`,
  ],
  [
    'ring buffer: written behind the record',
    1,
    `r1 = map 4\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\nif r0 == 0 goto out\n*(u64 *)(r0 + 16) = 1\nr1 = r0\nr2 = 0\ncall bpf_ringbuf_submit\nout:${end}`,
  ],
  ['packet: read without a test', 6, `${packet}\nr0 = *(u8 *)(r2 + 0)\nexit`],
  [
    'packet: read after a test',
    6,
    `${packet}\nr4 = r2\nr4 += 14\nif r4 > r3 goto out\nr5 = *(u16 *)(r2 + 12)\nout:\nr0 = 2\nexit`,
  ],
  [
    'packet: one byte too far',
    6,
    `${packet}\nr4 = r2\nr4 += 14\nif r4 > r3 goto out\nr5 = *(u16 *)(r2 + 13)\nout:\nr0 = 2\nexit`,
  ],
  [
    'packet: variable header length',
    6,
    `${packet}\nr4 = r2\nr4 += 20\nif r4 > r3 goto out\nr5 = *(u8 *)(r2 + 0)\nr5 &= 15\nr5 <<= 2\nr2 += r5\nr4 = r2\nr4 += 8\nif r4 > r3 goto out\nr0 = *(u16 *)(r2 + 2)\nout:\nr0 = 2\nexit`,
  ],
  [
    'packet: pointer after a helper that moves it',
    6,
    `r6 = r1${packet}\nr4 = r2\nr4 += 14\nif r4 > r3 goto out\nr7 = r2\nr1 = r6\nr2 = 4\ncall bpf_xdp_adjust_head\nr0 = *(u8 *)(r7 + 0)\nout:\nr0 = 2\nexit`,
  ],
  [
    'packet: compared the other way',
    6,
    `${packet}\nr4 = r2\nr4 += 14\nif r3 >= r4 goto +1\ngoto out\nr5 = *(u16 *)(r2 + 12)\nout:\nr0 = 2\nexit`,
  ],
  [
    'packet: written in XDP',
    6,
    `${packet}\nr4 = r2\nr4 += 2\nif r4 > r3 goto out\n*(u16 *)(r2 + 0) = 7\nout:\nr0 = 2\nexit`,
  ],
  ['packet: legacy loads', 1, 'r6 = r1\nr0 = *(u16 *)skb[12]\nexit'],
  ['packet: legacy load without the context in r6', 1, 'r0 = *(u16 *)skb[12]\nexit'],
  ['packet: legacy load in XDP', 6, 'r6 = r1\nr0 = *(u16 *)skb[12]\nexit'],
  ['helper: unknown number', 1, 'call 9999\nexit'],
  ['helper: not for this type', 1, 'r1 = 0\ncall bpf_xdp_adjust_head\nr0 = 0\nexit'],
  ['helper: clobbers r1 to r5', 1, 'r3 = 1\ncall bpf_ktime_get_ns\nr0 = r3\nexit'],
  ['helper: keeps r6 to r9', 1, 'r6 = 1\ncall bpf_ktime_get_ns\nr0 = r6\nexit'],
  [
    'helper: size may be zero',
    1,
    'r6 = r1\nr1 = r10\nr1 += -8\nr2 = *(u32 *)(r6 + 0)\nr2 &= 7\nr3 = r10\ncall bpf_probe_read_kernel\nr0 = 0\nexit',
  ],
  [
    'helper: size without a bound',
    1,
    'r6 = r1\nr1 = r10\nr1 += -8\nr2 = *(u32 *)(r6 + 0)\nr3 = r10\ncall bpf_probe_read_kernel\nr0 = 0\nexit',
  ],
  ['helper: prints', 3, `*(u64 *)(r10 - 8) = 0\nr1 = r10\nr1 += -8\nr2 = 8\nr3 = 1\ncall bpf_trace_printk${end}`],
  ['subprogram', 1, 'r1 = 3\ncall f\nexit\nf:\nr0 = r1\nr0 *= 2\nexit'],
  ['subprogram that never returns a value', 1, 'r1 = 3\ncall f\nexit\nf:\nexit'],
  [
    'subprogram writes the stack of its caller',
    1,
    `*(u64 *)(r10 - 8) = 0\nr1 = r10\nr1 += -8\ncall f\nr0 = *(u64 *)(r10 - 8)\nexit\nf:\n*(u64 *)(r1 + 0) = 5${end}`,
  ],
  ['subprogram returns its own stack', 1, 'call f\nr0 = *(u64 *)(r0 + 0)\nexit\nf:\nr0 = r10\nexit'],
  ['recursion', 1, 'call f\nexit\nf:\nr0 = 1\ncall f\nexit'],
  [
    'chain of calls that needs too much stack',
    1,
    'call f\nexit\nf:\n*(u64 *)(r10 - 256) = 0\ncall g\nexit\ng:\n*(u64 *)(r10 - 256) = 0\ncall h\nexit\nh:\n*(u64 *)(r10 - 8) = 0\nr0 = 0\nexit',
  ],
  ['cgroup bind: port read and written', 18, `r2 = *(u32 *)(r1 + 24)\n*(u32 *)(r1 + 24) = r2\nr0 = 1\nexit`],
  ['raw tracepoint arguments', 17, 'r0 = *(u64 *)(r1 + 0)\nr0 = 0\nexit'],
  ['may_goto loop', 1, 'r0 = 0\nl:\nmay_goto +2\nr0 += 1\ngoto l\nexit'],
]
