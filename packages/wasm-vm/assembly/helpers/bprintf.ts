// SPDX-License-Identifier: GPL-2.0-only
// Formats of the printing helpers. First the format is checked and the arguments are packed into at most 512 bytes, then
// text is made of both. Kernel counterparts: bpf_bprintf_prepare (kernel/bpf/helpers.c) and bstr_printf (lib/vsprintf.c).
//
// Packed: integers and pointers aligned to 4; strings, addresses of hosts and symbols as zero-terminated text; %c a byte.

import { EINVAL, ENOSPC } from '../gen/errno.gen'
import {
  FMT_LEFT,
  FMT_PLUS,
  FMT_SIGNED,
  FMT_SPACE,
  FMT_UPPER,
  FMT_ZERO,
  putByte,
  putNumber,
  putText,
  Sink,
} from '../mem/format'
import { keyHash } from '../maps/jhash'
import { isAlnum, isControl, isDigit, isPunct, isSpace } from './ctype'
import { readable } from './probe'

const BIN_SIZE: usize = 512
export const PRINT_BUF_SIZE: usize = 1024
export const MAX_VARARGS: u64 = 12

const BIN: usize = memory.data(512 + 64, 8)
/** The buffer in which trace_printk makes its text. */
export const PRINT_BUF: usize = memory.data(1024, 8)
const SINK: usize = memory.data(offsetof<Sink>(), 8)
const WORD: usize = memory.data(16, 8)
const TEMP: usize = memory.data(64, 8)

const PERCENT: u32 = 37

/** Where the walk over a format is; `bin` is the next packed byte. */
@unmanaged class Prepare {
  fmt: usize
  i: usize
  args: usize
  num: u32
  cnt: u32
  bin: usize
  pack: bool
}
const PREPARE: usize = memory.data(offsetof<Prepare>(), 8)

@inline function at(p: Prepare, off: usize): u32 {
  return <u32>load<u8>(p.fmt + p.i + off)
}

@inline function argument(p: Prepare): u64 {
  return load<u64>(p.args + ((<usize>p.cnt) << 3))
}

@inline function endsHere(c: u32): bool {
  return c == 0 || isSpace(c) || isPunct(c)
}

/** 0 or -errno: is `fmt`, at most `size` bytes with its zero, good for `num` arguments? Packs them if `args` is not 0. */
export function bprintfPrepare(fmt: usize, size: usize, args: usize, num: u32): i32 {
  let len: usize = 0
  while (len < size && load<u8>(fmt + len)) len++
  if (len == size) return -EINVAL
  const p = changetype<Prepare>(PREPARE)
  p.fmt = fmt
  p.args = args
  p.num = num
  p.cnt = 0
  p.bin = BIN
  p.pack = args != 0 && num != 0
  for (p.i = 0; p.i < len; p.i++) {
    const c = at(p, 0)
    if (c < 128 && isControl(c)) return -EINVAL
    if (c != PERCENT) continue
    if (at(p, 1) == PERCENT) {
      p.i++
      continue
    }
    if (p.cnt >= num) return -EINVAL
    p.i++
    if (at(p, 0) >= 128) return -EINVAL
    const err = conversion(p)
    if (err) return err
    p.cnt++
  }
  return 0
}

function skipWidth(p: Prepare): void {
  while (at(p, 0) == 48 || at(p, 0) == 43 || at(p, 0) == 45 || at(p, 0) == 32) p.i++
  if (at(p, 0) == 48) return
  while (isDigit(at(p, 0))) p.i++
}

function conversion(p: Prepare): i32 {
  skipWidth(p)
  const c = at(p, 0)
  if (c == 112) return pointerConversion(p)
  if (c == 115) return stringArgument(p)
  if (c == 99) return charArgument(p)
  let size: usize = 4
  if (at(p, 0) == 108) {
    size = 8
    p.i++
  }
  if (at(p, 0) == 108) p.i++
  const k = at(p, 0)
  if (k != 105 && k != 100 && k != 117 && k != 120 && k != 88) return -EINVAL
  return packNumber(p, size)
}

function packNumber(p: Prepare, size: usize): i32 {
  if (!p.pack) return 0
  p.bin = (p.bin + 3) & ~3
  if (p.bin > BIN + BIN_SIZE || BIN + BIN_SIZE - p.bin < size) return -ENOSPC
  if (size == 8) store<u64>(p.bin, argument(p))
  else store<u32>(p.bin, <u32>argument(p))
  p.bin += size
  return 0
}

function charArgument(p: Prepare): i32 {
  if (!p.pack) return 0
  if (p.bin >= BIN + BIN_SIZE) return -ENOSPC
  store<u8>(p.bin++, <u8>argument(p))
  return 0
}

function stringArgument(p: Prepare): i32 {
  if (!endsHere(at(p, 1))) return -EINVAL
  if (!p.pack) return 0
  if (p.bin >= BIN + BIN_SIZE) return -ENOSPC
  const n = copyString(p.bin, argument(p), BIN + BIN_SIZE - p.bin)
  if (n < 0) {
    store<u8>(p.bin, 0)
    p.bin++
  } else p.bin += <usize>n
  return 0
}

/** Copies a string that may not be there: bytes with the final zero, -1 if the first byte cannot be read. */
export function copyString(dst: usize, src: u64, size: usize): i32 {
  if (!size) return 0
  for (let n: usize = 0; n < size; n++) {
    if (!readable(src + <u64>n, 1)) return -1
    const c = load<u8>(<usize>src + n)
    store<u8>(dst + n, c)
    if (!c) return <i32>n + 1
  }
  store<u8>(dst + size - 1, 0)
  return <i32>size
}

function pointerConversion(p: Prepare): i32 {
  const c = at(p, 1)
  if (endsHere(c)) return packNumber(p, 8)
  if ((c == 107 || c == 117) && at(p, 2) == 115) {
    p.i += 2
    return stringArgument(p)
  }
  if (c == 75 || c == 120 || c == 115 || c == 83) {
    p.i++
    return packNumber(p, 8)
  }
  if (c == 66) {
    p.i++
    return packText(p, symbolText(p, argument(p)))
  }
  if ((c != 105 && c != 73) || (at(p, 2) != 52 && at(p, 2) != 54)) return -EINVAL
  p.i += 2
  if (!p.pack) return 0
  return packHost(p, c == 73)
}

/** Text of a symbol without a symbol table: the address. Made at TEMP; its length. */
function symbolText(p: Prepare, addr: u64): usize {
  if (!p.pack) return 0
  const s = sinkOf(TEMP, 63)
  putByte(s, 48)
  putByte(s, 120)
  putNumber(s, addr, 16, 0, 0, -1)
  store<u8>(TEMP + s.len, 0)
  return s.len
}

function packText(p: Prepare, len: usize): i32 {
  if (!p.pack) return 0
  const room = p.bin < BIN + BIN_SIZE ? BIN + BIN_SIZE - p.bin : 0
  if (room) {
    const n = min(len, room - 1)
    memory.copy(p.bin, TEMP, n)
    store<u8>(p.bin + n, 0)
  }
  p.bin += len + 1
  return 0
}

/** An IP address: %I separates and drops leading zeros (IPv4) or colons in, %i does not. */
function packHost(p: Prepare, plain: bool): i32 {
  const v4 = at(p, 0) == 52
  const size: usize = v4 ? 4 : 16
  if (p.bin > BIN + BIN_SIZE || BIN + BIN_SIZE - p.bin < size) return -ENOSPC
  const addr = argument(p)
  memory.fill(WORD, 0, 16)
  if (readable(addr, size)) memory.copy(WORD, <usize>addr, size)
  const s = sinkOf(TEMP, 63)
  for (let i: usize = 0; i < size; i++) {
    const b = <u64>load<u8>(WORD + i)
    if (v4) {
      if (i) putByte(s, 46)
      putNumber(s, b, 10, FMT_ZERO, plain ? 0 : 3, -1)
    } else {
      if (i && plain && !(i & 1)) putByte(s, 58)
      putNumber(s, b, 16, FMT_ZERO, 2, -1)
    }
  }
  return packText(p, s.len)
}

function sinkOf(buf: usize, cap: usize): Sink {
  const s = changetype<Sink>(SINK)
  s.buf = buf
  s.cap = cap
  s.len = 0
  return s
}

// printing

/** Flags, width and how far the format was read. */
@unmanaged class Spec {
  fmt: usize
  bin: usize
  flags: u32
  width: i32
  long: bool
}
const SPEC: usize = memory.data(offsetof<Spec>(), 8)

/**
 * Makes text of a format that bprintfPrepare took and of what it packed: at most `size` bytes with the final zero, as
 * snprintf does. The length that the whole text has.
 */
export function bprintf(buf: usize, size: usize, fmt: usize): i32 {
  const s = sinkOf(buf, size)
  const spec = changetype<Spec>(SPEC)
  spec.fmt = fmt
  spec.bin = BIN
  while (load<u8>(spec.fmt)) {
    const c = <u32>load<u8>(spec.fmt++)
    if (c != PERCENT) {
      putByte(s, c)
      continue
    }
    decode(spec)
    put(s, spec)
  }
  if (size) store<u8>(buf + min(s.len, size - 1), 0)
  return <i32>s.len
}

function decode(spec: Spec): void {
  spec.flags = 0
  spec.width = -1
  spec.long = false
  for (; ; spec.fmt++) {
    const c = load<u8>(spec.fmt)
    if (c == 45) spec.flags |= FMT_LEFT
    else if (c == 43) spec.flags |= FMT_PLUS
    else if (c == 32) spec.flags |= FMT_SPACE
    else if (c == 48) spec.flags |= FMT_ZERO
    else break
  }
  if (isDigit(load<u8>(spec.fmt))) spec.width = 0
  for (; isDigit(load<u8>(spec.fmt)); spec.fmt++) {
    if (spec.width < 32768) spec.width = spec.width * 10 + <i32>load<u8>(spec.fmt) - 48
  }
  if (spec.width > 32767) spec.width = 32767
  for (; load<u8>(spec.fmt) == 108; spec.fmt++) spec.long = true
}

function takeNumber(spec: Spec, long: bool): u64 {
  spec.bin = (spec.bin + 3) & ~3
  const v = long ? load<u64>(spec.bin) : <u64>load<u32>(spec.bin)
  spec.bin += long ? 8 : 4
  return v
}

function put(s: Sink, spec: Spec): void {
  const c = <u32>load<u8>(spec.fmt++)
  const width = max(spec.width, 0)
  switch (c) {
    case PERCENT:
      putByte(s, PERCENT)
      break
    case 99:
      putChar(s, <u32>load<u8>(spec.bin++), spec.flags, width)
      break
    case 115:
      putPackedText(s, spec, spec.flags, width)
      break
    case 112:
      putPointer(s, spec)
      break
    case 100:
    case 105: {
      const v = takeNumber(spec, spec.long)
      putNumber(s, spec.long ? v : <u64>(<i64>(<i32>v)), 10, spec.flags | FMT_SIGNED, width, -1)
      break
    }
    case 117:
      putNumber(s, takeNumber(spec, spec.long), 10, spec.flags, width, -1)
      break
    case 120:
      putNumber(s, takeNumber(spec, spec.long), 16, spec.flags, width, -1)
      break
    default:
      putNumber(s, takeNumber(spec, spec.long), 16, spec.flags | FMT_UPPER, width, -1)
  }
}

function putChar(s: Sink, c: u32, flags: u32, width: i32): void {
  if (!(flags & FMT_LEFT)) {
    for (; width > 1; width--) putByte(s, 32)
  }
  putByte(s, c)
  for (; width > 1; width--) putByte(s, 32)
}

function putPackedText(s: Sink, spec: Spec, flags: u32, width: i32): void {
  putText(s, spec.bin, 1, flags, width, -1)
  while (load<u8>(spec.bin++)) {}
}

/** Behind %p and its letters all letters and digits are passed over, as the kernel does. */
function putPointer(s: Sink, spec: Spec): void {
  const c = <u32>load<u8>(spec.fmt)
  const raw = !isAlnum(c) || c == 75 || c == 120
  if (raw || c == 115 || c == 83) {
    const v = takeNumber(spec, true)
    if (!raw) putSymbol(s, v, spec)
    else putAddress(s, c == 120 ? v : hashedPointer(v), spec)
  } else putPackedText(s, spec, 0, 0)
  while (isAlnum(load<u8>(spec.fmt))) spec.fmt++
}

function putAddress(s: Sink, v: u64, spec: Spec): void {
  if (spec.width < 0) putNumber(s, v, 16, spec.flags | FMT_ZERO, 16, -1)
  else putNumber(s, v, 16, spec.flags, spec.width, -1)
}

/** Addresses are not shown but as a number that stands for them; null and errors are. */
export function hashedPointer(v: u64): u64 {
  if (v == 0 || v >= <u64>-4095) return v
  store<u64>(WORD, v)
  return <u64>keyHash(WORD, 8, 0x5ce9)
}

function putSymbol(s: Sink, addr: u64, spec: Spec): void {
  const len = s.len
  putByte(s, 48)
  putByte(s, 120)
  putNumber(s, addr, 16, 0, 0, -1)
  for (let n = <i32>(s.len - len); n < spec.width; n++) putByte(s, 32)
}
