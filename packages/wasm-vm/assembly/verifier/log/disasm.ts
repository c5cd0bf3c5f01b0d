// SPDX-License-Identifier: GPL-2.0-only
// An instruction as the kernel prints it. Counterpart: kernel/bpf/disasm.c.

import { kernelFunctionName } from '../../kfunc/known'
import { insnClass, insnCode, insnDst, insnImm, insnImm64, insnOff, insnSrc } from '../../insn/raw'
import { Env } from '../env'
import { helperName } from '../tables'
import { aluString } from './names'
import { S, Z, verbose } from './verbose'

/** Offset of a move that stands for the address of a per-CPU object. */
const ADDR_PERCPU: i32 = -1

function sizeString(code: i32, signed: bool): i64 {
  switch ((code >> 3) & 3) {
    case 0:
      return signed ? S('s32') : S('u32')
    case 1:
      return signed ? S('s16') : S('u16')
    case 2:
      return signed ? S('s8') : S('u8')
  }
  return signed ? S('(null)') : S('u64')
}

function jmpString(op: i32): i64 {
  switch (op >> 4) {
    case 0:
      return S('jmp')
    case 1:
      return S('==')
    case 2:
      return S('>')
    case 3:
      return S('>=')
    case 4:
      return S('&')
    case 5:
      return S('!=')
    case 6:
      return S('s>')
    case 7:
      return S('s>=')
    case 8:
      return S('call')
    case 9:
      return S('exit')
    case 10:
      return S('<')
    case 11:
      return S('<=')
    case 12:
      return S('s<')
    case 13:
      return S('s<=')
  }
  return S('(null)')
}

function printAlu(env: Env, p: usize): void {
  const code = insnCode(p)
  const op = code & 0xf0
  const w = insnClass(p) == 4
  const c: i64 = w ? 119 : 114
  const dst = insnDst(p)
  const src = insnSrc(p)
  const off = insnOff(p)
  if (op == 0xd0) {
    if (!w) verbose(env, '(%02x) r%d = bswap%d r%d\n', code, dst, insnImm(p), dst)
    else verbose(env, '(%02x) r%d = %s%d r%d\n', code, dst, code & 8 ? S('be') : S('le'), insnImm(p), dst)
    return
  }
  if (op == 0x80) {
    verbose(env, '(%02x) %c%d = -%c%d\n', code, c, dst, c, dst)
    return
  }
  if (code == 0xbf && off == 1) {
    verbose(
      env,
      '(%02x) r%d = addr_space_cast(r%d, %d, %d)\n',
      code,
      dst,
      src,
      <i64>((<u32>insnImm(p)) >> 16),
      insnImm(p) & 0xffff,
    )
    return
  }
  if (code == 0xbf && off == ADDR_PERCPU) {
    verbose(env, '(%02x) r%d = &(void __percpu *)(r%d)\n', code, dst, src)
    return
  }
  let name = aluString(op)
  if (off == 1 && op == 0x30) name = S('s/=')
  if (off == 1 && op == 0x90) name = S('s%=')
  if (code & 8) {
    let sx = S('')
    if (op == 0xb0 && (off == 8 || off == 16 || off == 32))
      sx = off == 8 ? S('(s8)') : off == 16 ? S('(s16)') : S('(s32)')
    verbose(env, '(%02x) %c%d %s %s%c%d\n', code, c, dst, name, sx, c, src)
  } else verbose(env, '(%02x) %c%d %s %d\n', code, c, dst, name, insnImm(p))
}

function printStx(env: Env, p: usize): void {
  const code = insnCode(p)
  const size = sizeString(code, false)
  const dst = insnDst(p)
  const src = insnSrc(p)
  const off = insnOff(p)
  const imm = insnImm(p)
  if ((code & 0xe0) == 0x60) {
    verbose(env, '(%02x) *(%s *)(r%d %+d) = r%d\n', code, size, dst, off, src)
    return
  }
  const wide = ((code >> 3) & 3) == 3 ? S('64') : S('')
  if ((code & 0xe0) == 0xc0) {
    const op = imm & ~1
    if (op == 0 || op == 0x50 || op == 0x40 || op == 0xa0) {
      if (imm & 1) {
        const name = op == 0 ? S('add') : op == 0x50 ? S('and') : op == 0x40 ? S('or') : S('xor')
        verbose(
          env,
          '(%02x) r%d = atomic%s_fetch_%s((%s *)(r%d %+d), r%d)\n',
          code,
          src,
          wide,
          name,
          size,
          dst,
          off,
          src,
        )
      } else verbose(env, '(%02x) lock *(%s *)(r%d %+d) %s r%d\n', code, size, dst, off, aluString(op), src)
      return
    }
    switch (imm) {
      case 0xf1:
        verbose(env, '(%02x) r0 = atomic%s_cmpxchg((%s *)(r%d %+d), r0, r%d)\n', code, wide, size, dst, off, src)
        return
      case 0xe1:
        verbose(env, '(%02x) r%d = atomic%s_xchg((%s *)(r%d %+d), r%d)\n', code, src, wide, size, dst, off, src)
        return
      case 0x100:
        verbose(env, '(%02x) r%d = load_acquire((%s *)(r%d %+d))\n', code, dst, size, src, off)
        return
      case 0x110:
        verbose(env, '(%02x) store_release((%s *)(r%d %+d), r%d)\n', code, size, dst, off, src)
        return
    }
  }
  verbose(env, 'BUG_%02x\n', code)
}

function printLd(env: Env, p: usize): void {
  const code = insnCode(p)
  switch (code & 0xe0) {
    case 0x20:
      verbose(env, '(%02x) r0 = *(%s *)skb[%d]\n', code, sizeString(code, false), insnImm(p))
      return
    case 0x40:
      verbose(env, '(%02x) r0 = *(%s *)skb[r%d + %d]\n', code, sizeString(code, false), insnSrc(p), insnImm(p))
      return
    case 0:
      if ((code & 0x18) == 0x18) {
        const src = insnSrc(p)
        const hide = !env.allowPtrLeaks && src != 0 && src != 4
        verbose(env, '(%02x) r%d = 0x%llx\n', code, insnDst(p), hide ? 0 : insnImm64(p))
        return
      }
  }
  verbose(env, 'BUG_ld_%02x\n', code)
}

const NO_NAME: usize = memory.data(8, 8)
/** Name of a function of the kernel; number 0, the void type, has an empty one. */
@inline function kfuncText(id: i32): usize {
  const name = kernelFunctionName(id)
  return name ? name : NO_NAME
}

function printJump(env: Env, p: usize): void {
  const code = insnCode(p)
  const op = code & 0xf0
  if (op == 0x80) {
    const src = insnSrc(p)
    if (src == 1) verbose(env, '(%02x) call pc%+d\n', code, insnImm(p))
    else if (src == 2) verbose(env, '(%02x) call %S#%d\n', code, Z(kfuncText(insnImm(p))), insnImm(p))
    else {
      const name = src == 0 ? helperName(insnImm(p)) : 0
      if (name) verbose(env, '(%02x) call %S#%d\n', code, Z(name), insnImm(p))
      else verbose(env, '(%02x) call unknown#%d\n', code, insnImm(p))
    }
    return
  }
  switch (code) {
    case 0x05:
      verbose(env, '(%02x) goto pc%+d\n', code, insnOff(p))
      return
    case 0x06:
      verbose(env, '(%02x) gotol pc%+d\n', code, insnImm(p))
      return
    case 0x95:
      verbose(env, '(%02x) exit\n', code)
      return
    case 0xe5:
      if (insnSrc(p) == 0) {
        verbose(env, '(%02x) may_goto pc%+d\n', code, insnOff(p))
        return
      }
  }
  const c: i64 = insnClass(p) == 6 ? 119 : 114
  if (code & 8)
    verbose(env, '(%02x) if %c%d %s %c%d goto pc%+d\n', code, c, insnDst(p), jmpString(op), c, insnSrc(p), insnOff(p))
  else verbose(env, '(%02x) if %c%d %s 0x%x goto pc%+d\n', code, c, insnDst(p), jmpString(op), insnImm(p), insnOff(p))
}

export function verboseInsn(env: Env, p: usize): void {
  if (!env.log.level) return
  const code = insnCode(p)
  switch (insnClass(p)) {
    case 4:
    case 7:
      printAlu(env, p)
      return
    case 3:
      printStx(env, p)
      return
    case 2:
      if ((code & 0xe0) == 0x60)
        verbose(
          env,
          '(%02x) *(%s *)(r%d %+d) = %d\n',
          code,
          sizeString(code, false),
          insnDst(p),
          insnOff(p),
          insnImm(p),
        )
      else if ((code & 0xe0) == 0xc0) verbose(env, '(%02x) nospec\n', code)
      else verbose(env, 'BUG_st_%02x\n', code)
      return
    case 1:
      if ((code & 0xe0) != 0x60 && (code & 0xe0) != 0x80) {
        verbose(env, 'BUG_ldx_%02x\n', code)
        return
      }
      verbose(
        env,
        '(%02x) r%d = *(%s *)(r%d %+d)\n',
        code,
        insnDst(p),
        sizeString(code, (code & 0xe0) == 0x80),
        insnSrc(p),
        insnOff(p),
      )
      return
    case 0:
      printLd(env, p)
      return
  }
  printJump(env, p)
}
