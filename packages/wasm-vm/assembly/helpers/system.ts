// SPDX-License-Identifier: GPL-2.0-only
// What programs of type SYSCALL may do. Kernel counterpart: kernel/bpf/syscall.c.

import { EINVAL, ENOENT } from '../gen/errno.gen'
import {
  BPF_BTF_LOAD,
  BPF_LINK_CREATE,
  BPF_MAP_CREATE,
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_FREEZE,
  BPF_MAP_GET_FD_BY_ID,
  BPF_MAP_UPDATE_ELEM,
  BPF_PROG_LOAD,
  BPF_RAW_TRACEPOINT_OPEN,
} from '../gen/uapi-enums.gen'
import { Btf, btfKind, btfNameOf, btfTypeById } from '../btf/btf'
import { cstrEquals } from '../mem/bytes'
import { kernel } from '../mem/root'
import { sysBpf } from '../syscall/bpf'
import { fdClose } from '../syscall/fd'
import { asResult, errno } from './given'

export function sysBpfHelper(cmd: u64, attr: u64, size: u64, r4: u64, r5: u64): u64 {
  const c = <u32>cmd
  switch (c) {
    case BPF_MAP_CREATE:
    case BPF_MAP_DELETE_ELEM:
    case BPF_MAP_UPDATE_ELEM:
    case BPF_MAP_FREEZE:
    case BPF_MAP_GET_FD_BY_ID:
    case BPF_PROG_LOAD:
    case BPF_BTF_LOAD:
    case BPF_LINK_CREATE:
    case BPF_RAW_TRACEPOINT_OPEN:
      return asResult(sysBpf(<i32>c, <usize>attr, <u32>size))
    default:
      return errno(EINVAL)
  }
}

export function sysCloseHelper(fd: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  return asResult(fdClose(<i32>fd))
}

@inline function nameOk(name: u64, size: i32): bool {
  return size > 1 && !load<u8>(<usize>name + size - 1)
}

export function btfFindByNameKind(name: u64, size: u64, kind: u64, flags: u64, r5: u64): u64 {
  if (<i32>flags || !nameOk(name, <i32>size)) return errno(EINVAL)
  const btf = changetype<Btf>(kernel().vmlinux)
  if (!changetype<usize>(btf)) return errno(EINVAL)
  for (let id: u32 = 1; id < btf.nrTypes; id++) {
    const t = btfTypeById(btf, id)
    if (btfKind(t) != <u32>kind) continue
    const n = btfNameOf(btf, t)
    if (n && cstrEquals(n, <usize>name)) return <u64>id
  }
  return errno(ENOENT)
}

/** There is no symbol table. */
export function kallsymsLookupName(name: u64, size: u64, flags: u64, res: u64, r5: u64): u64 {
  store<u64>(<usize>res, 0)
  if (<i32>flags || !nameOk(name, <i32>size)) return errno(EINVAL)
  return errno(ENOENT)
}
