// SPDX-License-Identifier: GPL-2.0-only
// CPU masks: the kernel's structure, of which the first word holds all CPUs that there can be; the count of references
// is behind the bits. Kernel counterpart: kernel/bpf/cpumask.c.

import { Btf, btfSize, btfTypeById } from '../btf/btf'
import { EACCES } from '../gen/errno.gen'
import { errno, giveMemory, takeMemory } from '../helpers/given'
import { kzalloc } from '../mem/alloc'
import { rcuFree } from '../mem/rcu'
import { kernel } from '../mem/root'
import { structId } from '../world/image'

/** Behind the bits: u32 count of references, padding to eight bytes. */
const REFS_FROM_END: usize = 8

@inline function cpus(): u32 {
  return kernel().cpus
}

/** All CPUs that there can be. */
@inline function every(): u64 {
  return cpus() >= 64 ? ~(<u64>0) : ((<u64>1) << (<u64>cpus())) - 1
}

@inline function bits(mask: u64): u64 {
  return load<u64>(<usize>mask) & every()
}

@inline function bitOf(cpu: u64): u64 {
  return <u32>cpu < cpus() ? (<u64>1) << (cpu & 63) : 0
}

@inline function truth(v: bool): u64 {
  return v ? 1 : 0
}

/** The first CPU of a set, the number of CPUs if there is none. */
function firstOf(set: u64): u64 {
  return set ? ctz<u64>(set) : <u64>cpus()
}

function maskSize(): u32 {
  return btfSize(btfTypeById(changetype<Btf>(kernel().vmlinux), structId('bpf_cpumask')))
}

@inline function refsOf(mask: u64): usize {
  return <usize>mask + maskSize() - REFS_FROM_END
}

export function cpumaskCreate(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const size = maskSize()
  const p = kzalloc(size)
  if (!p) return 0
  store<u32>(p + size - REFS_FROM_END, 1)
  giveMemory(p, size)
  return <u64>p
}

export function cpumaskAcquire(mask: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const refs = refsOf(mask)
  store<u32>(refs, load<u32>(refs) + 1)
  return mask
}

export function cpumaskRelease(mask: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const refs = refsOf(mask)
  const left = load<u32>(refs) - 1
  store<u32>(refs, left)
  if (left) return 0
  takeMemory(<usize>mask)
  rcuFree(<usize>mask)
  return 0
}

export function cpumaskFirst(mask: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return firstOf(bits(mask))
}
export function cpumaskFirstZero(mask: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return firstOf(~bits(mask) & every())
}
export function cpumaskFirstAnd(a: u64, b: u64, r3: u64, r4: u64, r5: u64): u64 {
  return firstOf(bits(a) & bits(b))
}

export function cpumaskSetCpu(cpu: u64, mask: u64, r3: u64, r4: u64, r5: u64): u64 {
  store<u64>(<usize>mask, load<u64>(<usize>mask) | bitOf(cpu))
  return 0
}
export function cpumaskClearCpu(cpu: u64, mask: u64, r3: u64, r4: u64, r5: u64): u64 {
  store<u64>(<usize>mask, load<u64>(<usize>mask) & ~bitOf(cpu))
  return 0
}
export function cpumaskTestCpu(cpu: u64, mask: u64, r3: u64, r4: u64, r5: u64): u64 {
  return truth((bits(mask) & bitOf(cpu)) != 0)
}
export function cpumaskTestAndSetCpu(cpu: u64, mask: u64, r3: u64, r4: u64, r5: u64): u64 {
  const was = cpumaskTestCpu(cpu, mask, 0, 0, 0)
  cpumaskSetCpu(cpu, mask, 0, 0, 0)
  return was
}
export function cpumaskTestAndClearCpu(cpu: u64, mask: u64, r3: u64, r4: u64, r5: u64): u64 {
  const was = cpumaskTestCpu(cpu, mask, 0, 0, 0)
  cpumaskClearCpu(cpu, mask, 0, 0, 0)
  return was
}

export function cpumaskSetall(mask: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  store<u64>(<usize>mask, every())
  return 0
}
export function cpumaskClear(mask: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  store<u64>(<usize>mask, 0)
  return 0
}

export function cpumaskAnd(dst: u64, a: u64, b: u64, r4: u64, r5: u64): u64 {
  const set = bits(a) & bits(b)
  store<u64>(<usize>dst, set)
  return truth(set != 0)
}
export function cpumaskOr(dst: u64, a: u64, b: u64, r4: u64, r5: u64): u64 {
  store<u64>(<usize>dst, bits(a) | bits(b))
  return 0
}
export function cpumaskXor(dst: u64, a: u64, b: u64, r4: u64, r5: u64): u64 {
  store<u64>(<usize>dst, bits(a) ^ bits(b))
  return 0
}
export function cpumaskCopy(dst: u64, src: u64, r3: u64, r4: u64, r5: u64): u64 {
  store<u64>(<usize>dst, bits(src))
  return 0
}

export function cpumaskEqual(a: u64, b: u64, r3: u64, r4: u64, r5: u64): u64 {
  return truth(bits(a) == bits(b))
}
export function cpumaskIntersects(a: u64, b: u64, r3: u64, r4: u64, r5: u64): u64 {
  return truth((bits(a) & bits(b)) != 0)
}
export function cpumaskSubset(a: u64, b: u64, r3: u64, r4: u64, r5: u64): u64 {
  return truth((bits(a) & ~bits(b)) == 0)
}
export function cpumaskEmpty(mask: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return truth(bits(mask) == 0)
}
export function cpumaskFull(mask: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return truth(bits(mask) == every())
}
export function cpumaskWeight(mask: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return popcnt<u64>(bits(mask))
}

/** The next CPU after the one that was given last, around. */
function distribute(set: u64): u64 {
  if (!set) return <u64>cpus()
  const k = kernel()
  const last = <u64>k.lastCpuOfMask
  const above = last >= 63 ? 0 : set & (~(<u64>0) << (last + 1))
  const cpu = firstOf(above ? above : set)
  k.lastCpuOfMask = <u32>cpu
  return cpu
}
export function cpumaskAnyDistribute(mask: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return distribute(bits(mask))
}
export function cpumaskAnyAndDistribute(a: u64, b: u64, r3: u64, r4: u64, r5: u64): u64 {
  return distribute(bits(a) & bits(b))
}

/** The bits of a program's memory, which must have room for every CPU. */
export function cpumaskPopulate(mask: u64, src: u64, size: u64, r4: u64, r5: u64): u64 {
  if (<u32>size < ((cpus() + 63) >> 6) << 3) return errno(EACCES)
  store<u64>(<usize>mask, load<u64>(<usize>src) & every())
  return 0
}
