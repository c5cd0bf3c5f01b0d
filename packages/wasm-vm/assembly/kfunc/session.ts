// SPDX-License-Identifier: GPL-2.0-only
// What programs of sessions ask of their session. Kernel counterpart: bpf_session_cookie, bpf_session_is_return.

import { KFUNC_bpf_session_cookie, KFUNC_bpf_session_is_return } from '../gen/kfuncs.gen'
import { sessionData, sessionReturns } from '../world/probe-session'

function cookie(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return <u64>sessionData()
}

function isReturn(r1: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return u64(sessionReturns())
}

export function sessionFn(row: i32): i32 {
  if (row == KFUNC_bpf_session_cookie) return <i32>cookie.index
  return row == KFUNC_bpf_session_is_return ? <i32>isReturn.index : 0
}
