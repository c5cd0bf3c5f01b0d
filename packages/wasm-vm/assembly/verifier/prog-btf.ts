// SPDX-License-Identifier: GPL-2.0-only
// The BTF object that a program names by descriptor: the program takes a reference.

import { Btf } from '../btf/btf'
import { btfGet } from '../btf/refs'
import { Prog } from '../prog/prog'
import { FD_BTF, fdGet, isErr } from '../syscall/fd'

/** 0, -EBADF or -EINVAL. */
export function progBtfByFd(prog: Prog, fd: u32): i32 {
  const obj = fdGet(<i32>fd, FD_BTF)
  if (isErr(obj)) return <i32>obj
  const btf = changetype<Btf>(obj)
  btfGet(btf)
  prog.btf = btf
  return 0
}
