// SPDX-License-Identifier: GPL-2.0-only
// Kernel functions on dynptrs. Kernel counterpart: bpf_dynptr_* of kernel/bpf/helpers.c, net/core/filter.c.

import { E2BIG, EINVAL, ERANGE } from '../gen/errno.gen'
import {
  DYNPTR_SKB,
  DYNPTR_XDP,
  Dynptr,
  dynptrClear,
  dynptrHas,
  dynptrPlain,
  dynptrRead,
  dynptrWrite,
  dynptrInit,
  dynptrReadOnly,
  dynptrSetReadOnly,
  dynptrSetSize,
  dynptrSize,
  dynptrType,
} from '../helpers/dynptr'
import { errno, giveMemory, progType } from '../helpers/given'
import { probeRead, probeReadStr } from '../helpers/probe'
import { skbLoadBytes } from '../helpers/skb-bytes'
import { xdpGetBuffLen, xdpLoadBytes } from '../helpers/xdp'
import { packetAccess } from '../verifier/tables'

export function dynptrAdjust(ptr: u64, start: u64, end: u64, r4: u64, r5: u64): u64 {
  const d = changetype<Dynptr>(<usize>ptr)
  const from = <u32>start
  const to = <u32>end
  if (!d.data || from > to) return errno(EINVAL)
  const size = dynptrSize(d)
  if (from > size || to > size) return errno(ERANGE)
  d.offset += from
  dynptrSetSize(d, to - from)
  return 0
}

export function dynptrIsNull(ptr: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return changetype<Dynptr>(<usize>ptr).data ? 0 : 1
}

export function dynptrIsRdonly(ptr: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const d = changetype<Dynptr>(<usize>ptr)
  return d.data && dynptrReadOnly(d) ? 1 : 0
}

export function dynptrSizeOf(ptr: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  const d = changetype<Dynptr>(<usize>ptr)
  return d.data ? <u64>dynptrSize(d) : errno(EINVAL) & 0xffffffff
}

export function dynptrClone(ptr: u64, out: u64, r3: u64, r4: u64, r5: u64): u64 {
  const d = changetype<Dynptr>(<usize>ptr)
  if (!d.data) {
    dynptrClear(changetype<Dynptr>(<usize>out))
    return errno(EINVAL)
  }
  memory.copy(<usize>out, <usize>ptr, offsetof<Dynptr>())
  return 0
}

/** The length is the first word of what a program sees of a packet. */
export function dynptrFromSkb(ctx: u64, flags: u64, out: u64, r4: u64, r5: u64): u64 {
  const d = changetype<Dynptr>(<usize>out)
  if (flags) {
    dynptrClear(d)
    return errno(EINVAL)
  }
  dynptrInit(d, <usize>ctx, DYNPTR_SKB, load<u32>(<usize>ctx))
  if (!(packetAccess(<i32>progType()) & 2)) dynptrSetReadOnly(d)
  return 0
}

export function dynptrFromXdp(ctx: u64, flags: u64, out: u64, r4: u64, r5: u64): u64 {
  const d = changetype<Dynptr>(<usize>out)
  if (flags) {
    dynptrClear(d)
    return errno(EINVAL)
  }
  dynptrInit(d, <usize>ctx, DYNPTR_XDP, <u32>xdpGetBuffLen(ctx, 0, 0, 0, 0))
  return 0
}

/** Bytes of a packet where they are if they lie in one piece, else copied to the buffer. */
function packetSlice(d: Dynptr, at: u32, buffer: u64, len: u32): u64 {
  const ctx = <usize>d.data
  const skb = dynptrType(d) == DYNPTR_SKB
  const data = load<u32>(skb ? ctx + 76 : ctx)
  const end = load<u32>(skb ? ctx + 80 : ctx + 4)
  if (<u64>data + at + len <= <u64>end) {
    giveMemory(<usize>(data + at), len)
    return <u64>(data + at)
  }
  if (!buffer) return 0
  const err = skb
    ? skbLoadBytes(d.data, <u64>at, buffer, <u64>len, 0)
    : xdpLoadBytes(d.data, <u64>at, buffer, <u64>len, 0)
  return err ? 0 : buffer
}

export function dynptrSlice(ptr: u64, offset: u64, buffer: u64, size: u64, r5: u64): u64 {
  const d = changetype<Dynptr>(<usize>ptr)
  const off = <u32>offset
  const len = <u32>size
  if (!d.data || !dynptrHas(d, off, len)) return 0
  if (dynptrType(d) == DYNPTR_SKB || dynptrType(d) == DYNPTR_XDP) return packetSlice(d, d.offset + off, buffer, len)
  const p = <usize>d.data + d.offset + off
  giveMemory(p, len)
  return <u64>p
}

export function dynptrSliceRdwr(ptr: u64, offset: u64, buffer: u64, size: u64, r5: u64): u64 {
  const d = changetype<Dynptr>(<usize>ptr)
  if (!d.data || dynptrReadOnly(d)) return 0
  return dynptrSlice(ptr, offset, buffer, size, 0)
}

const CHUNK: usize = memory.data(256, 8)
const CHUNK_SIZE: u32 = 256

/** bpf_dynptr_copy: through a small buffer, since neither side need lie in one piece. */
export function dynptrCopy(dst: u64, dstOff: u64, src: u64, srcOff: u64, size: u64): u64 {
  const to = changetype<Dynptr>(<usize>dst)
  const from = changetype<Dynptr>(<usize>src)
  const n = <u32>size
  const at = <u32>dstOff
  const off = <u32>srcOff
  if (!to.data || !from.data || dynptrReadOnly(to)) return errno(EINVAL)
  if (!dynptrHas(to, at, n) || !dynptrHas(from, off, n)) return errno(E2BIG)
  const plain = dynptrPlain(to) && dynptrPlain(from)
  if (plain) {
    memory.copy(<usize>to.data + to.offset + at, <usize>from.data + from.offset + off, n)
    return 0
  }
  for (let done: u32 = 0; done < n;) {
    const part = min<u32>(n - done, CHUNK_SIZE)
    let err = dynptrRead(<u64>CHUNK, <u64>part, src, <u64>(off + done), 0)
    if (err) return err
    err = dynptrWrite(dst, <u64>(at + done), <u64>CHUNK, <u64>part, 0)
    if (err) return err
    done += part
  }
  return 0
}

export function dynptrMemset(ptr: u64, offset: u64, size: u64, value: u64, r5: u64): u64 {
  const d = changetype<Dynptr>(<usize>ptr)
  const n = <u32>size
  const off = <u32>offset
  if (!d.data || dynptrReadOnly(d)) return errno(EINVAL)
  if (!dynptrHas(d, off, n)) return errno(E2BIG)
  if (dynptrPlain(d)) {
    memory.fill(<usize>d.data + d.offset + off, <u8>value, n)
    return 0
  }
  for (let done: u32 = 0; done < n;) {
    const part = min<u32>(n - done, CHUNK_SIZE)
    memory.fill(CHUNK, <u8>value, part)
    const err = dynptrWrite(ptr, <u64>(off + done), <u64>CHUNK, <u64>part, 0)
    if (err) return err
    done += part
  }
  return 0
}

/** Copies memory that may not be there into a dynptr; a string with its final zero. */
function probeInto(ptr: u64, offset: u64, size: u64, src: u64, str: bool): u64 {
  const d = changetype<Dynptr>(<usize>ptr)
  const n = <u32>size
  const off = <u32>offset
  if (!d.data || dynptrReadOnly(d)) return errno(EINVAL)
  if (!dynptrHas(d, off, n)) return errno(E2BIG)
  for (let done: u32 = 0; done < n;) {
    const part = min<u32>(n - done, CHUNK_SIZE)
    const got = str
      ? probeReadStr(<u64>CHUNK, <u64>part, src + <u64>done, 0, 0)
      : probeRead(<u64>CHUNK, <u64>part, src + <u64>done, 0, 0)
    if (<i64>got < 0) return got
    const len = str ? <u32>got : part
    const ends = str && (len < part || !load<u8>(CHUNK + <usize>(len - 1)))
    const last = !ends && str && done + part == n
    if (last) store<u8>(CHUNK + <usize>(part - 1), 0)
    // A chunk of a string that goes on holds no final zero.
    const keep = str && !ends && !last ? part - 1 : len
    const err = dynptrWrite(ptr, <u64>(off + done), <u64>CHUNK, <u64>keep, 0)
    if (err) return err
    done += keep
    if (ends || last) return <u64>done
  }
  return 0
}

export function probeReadDynptr(ptr: u64, off: u64, size: u64, src: u64, r5: u64): u64 {
  return probeInto(ptr, off, size, src, false)
}
export function probeReadStrDynptr(ptr: u64, off: u64, size: u64, src: u64, r5: u64): u64 {
  return probeInto(ptr, off, size, src, true)
}
/** The memory of a task is the one address space that there is. */
export function copyFromTaskDynptr(ptr: u64, off: u64, size: u64, src: u64, task: u64): u64 {
  return probeInto(ptr, off, size, src, false)
}
export function copyStrFromTaskDynptr(ptr: u64, off: u64, size: u64, src: u64, task: u64): u64 {
  return probeInto(ptr, off, size, src, true)
}
