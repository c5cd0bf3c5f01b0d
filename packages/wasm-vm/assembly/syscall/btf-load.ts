// SPDX-License-Identifier: GPL-2.0-only
// BPF_BTF_LOAD, and the type information of the kernel itself that the host gives.

import { EINVAL, ENOMEM, EPERM } from '../gen/errno.gen'
import { ATTR_BTF_LOAD__btf_flags, ATTR_BTF_LOAD__btf_token_fd } from '../gen/uapi-layouts.gen'
import { BPF_BTF_LOAD, BPF_F_TOKEN_FD } from '../gen/uapi-enums.gen'
import { Btf } from '../btf/btf'
import { btfOfKernel, btfParse, btfParseKernel } from '../btf/check/parse'
import { btfFree, btfPut } from '../btf/refs'
import { kmalloc } from '../mem/alloc'
import { cstrPut } from '../mem/bytes'
import { idAlloc } from '../mem/ids'
import { kernel } from '../mem/root'
import { CAP_BPF, tokenCapable } from './caps'
import { FD_BTF, fdInstall, isErr, MODE_RDWR } from './fd'
import { Token, tokenAllowsCmd, tokenFromFd } from './token'

export function btfLoad(attr: usize, size: u32, uattr: u64): i32 {
  const flags = load<u32>(attr, ATTR_BTF_LOAD__btf_flags)
  if (flags & ~BPF_F_TOKEN_FD) return -EINVAL
  let token = changetype<Token>(0)
  if (flags & BPF_F_TOKEN_FD) {
    const t = tokenFromFd(load<i32>(attr, ATTR_BTF_LOAD__btf_token_fd))
    if (isErr(t)) return <i32>t
    if (tokenAllowsCmd(changetype<Token>(t), BPF_BTF_LOAD)) token = changetype<Token>(t)
  }
  if (!tokenCapable(token, CAP_BPF)) return -EPERM
  const p = btfParse(attr, size, uattr)
  if (isErr(p)) return <i32>p
  const btf = changetype<Btf>(p)
  btf.id = idAlloc(kernel().btfs, p)
  if (!btf.id) {
    btfFree(btf)
    return -ENOMEM
  }
  const fd = fdInstall(FD_BTF, p, MODE_RDWR)
  if (fd < 0) btfPut(btf)
  return fd
}

/**
 * Gives the kernel its own type information: 0 or -errno. Only before anything was loaded. It is read when something
 * asks for it: most programs never do.
 */
export function vmlinux_btf_set(bytes: usize, length: u32): i32 {
  const k = kernel()
  if (k.vmlinuxBtf) return -EINVAL
  const p = btfOfKernel(bytes, length)
  if (!p) return -ENOMEM
  const btf = changetype<Btf>(p)
  btf.name = kmalloc(8)
  if (btf.name) cstrPut(btf.name, 'vmlinux')
  btf.id = idAlloc(k.btfs, p)
  k.vmlinuxBtf = p
  k.vmlinuxRead = <u32>readVmlinux.index
  return 0
}

function readVmlinux(): void {
  const k = kernel()
  const btf = changetype<Btf>(k.vmlinuxBtf)
  if (!btfParseKernel(btf)) return
  k.vmlinuxBtf = 0
  btfPut(btf)
}
