// SPDX-License-Identifier: GPL-2.0-only
// Messages: what the verifier tells the loader of a program. A refusal always leaves one.
// Kernel counterpart: bpf_verifier_log_write of kernel/bpf/log.c, verifier_bug of bpf_verifier.h.

import { EFAULT, ENOTSUPP } from '../../gen/errno.gen'
import { Env, Log } from '../env'
import { KBUF_SIZE, logWrite } from './buffer'
import { formatMessage, S, setFormatArg } from './format'

export { S, Z } from './format'

/** Formats into [buf, buf + size), NUL-terminated; returns the length. */
export function formatTo(
  buf: usize,
  size: usize,
  fmt: string,
  a: i64 = 0,
  b: i64 = 0,
  c: i64 = 0,
  d: i64 = 0,
  e: i64 = 0,
  f: i64 = 0,
  g: i64 = 0,
  h: i64 = 0,
  i: i64 = 0,
  j: i64 = 0,
): i32 {
  setFormatArg(0, a)
  setFormatArg(1, b)
  setFormatArg(2, c)
  setFormatArg(3, d)
  setFormatArg(4, e)
  setFormatArg(5, f)
  setFormatArg(6, g)
  setFormatArg(7, h)
  setFormatArg(8, i)
  setFormatArg(9, j)
  return formatMessage(buf, size, fmt)
}

/** A message into a log that need not be a program's. */
export function logMessage(
  log: Log,
  fmt: string,
  a: i64 = 0,
  b: i64 = 0,
  c: i64 = 0,
  d: i64 = 0,
  e: i64 = 0,
  f: i64 = 0,
  g: i64 = 0,
  h: i64 = 0,
  i: i64 = 0,
  j: i64 = 0,
): void {
  if (!log.level) return
  logWrite(log, <u32>formatTo(log.kbuf, KBUF_SIZE, fmt, a, b, c, d, e, f, g, h, i, j))
}

export function verbose(
  env: Env,
  fmt: string,
  a: i64 = 0,
  b: i64 = 0,
  c: i64 = 0,
  d: i64 = 0,
  e: i64 = 0,
  f: i64 = 0,
  g: i64 = 0,
  h: i64 = 0,
  i: i64 = 0,
  j: i64 = 0,
): void {
  if (env.log.level) logMessage(env.log, fmt, a, b, c, d, e, f, g, h, i, j)
}

/** The message, then the errno (negative) as what to return. */
export function reject(
  env: Env,
  err: i32,
  fmt: string,
  a: i64 = 0,
  b: i64 = 0,
  c: i64 = 0,
  d: i64 = 0,
  e: i64 = 0,
  f: i64 = 0,
  g: i64 = 0,
  h: i64 = 0,
): i32 {
  verbose(env, fmt, a, b, c, d, e, f, g, h)
  return err
}

/** What Linux would judge and the virtual kernel cannot: no verdict, always this errno. */
export function unsupported(env: Env, what: string, a: i64 = 0): i32 {
  env.unsupported = true
  verbose(env, 'skep: unsupported: ')
  verbose(env, what, a)
  verbose(env, '\n')
  return -ENOTSUPP
}

/** An inconsistency that no program should be able to cause. */
export function verifierBug(env: Env, what: string, a: i64 = 0, b: i64 = 0, c: i64 = 0): i32 {
  verbose(env, 'verifier bug: ')
  verbose(env, what, a, b, c)
  verbose(env, '\n')
  return -EFAULT
}

/** A literal as text for %S, kept until the next use of tmp. */
export function literalTo(buf: usize, size: usize, text: string): i64 {
  formatTo(buf, size, '%s', S(text))
  return <i64>buf
}
