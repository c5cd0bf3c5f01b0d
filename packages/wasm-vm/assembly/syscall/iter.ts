// SPDX-License-Identifier: GPL-2.0-only
// BPF_ITER_CREATE, and reading what an iterator writes.

import { EBADF, EINVAL, ENOMEM } from '../gen/errno.gen'
import { BPF_LINK_TYPE_ITER } from '../gen/uapi-enums.gen'
import { ATTR_ITER_CREATE__flags, ATTR_ITER_CREATE__link_fd } from '../gen/uapi-layouts.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { progGet, progPut } from '../prog/refs'
import { FILE_ITER } from '../world/files'
import { iterRun, Pass } from '../world/iter-link'
import { FD_LINK, fdGet, fdInstall, isErr, MODE_READ } from './fd'
import { Link, linkGet, linkPut } from './link'

/** A file that an iterator's text is read from. */
@unmanaged export class Iterator {
  refs: u32
  pos: u32
  ran: bool
  pass: Pass
}

export function iterCreate(attr: usize): i32 {
  if (load<u32>(attr, ATTR_ITER_CREATE__flags)) return -EINVAL
  const p = fdGet(load<i32>(attr, ATTR_ITER_CREATE__link_fd), FD_LINK)
  if (isErr(p)) return <i32>p
  const link = changetype<Link>(p)
  if (link.type != BPF_LINK_TYPE_ITER) return -EINVAL
  return iterOpen(link)
}

/** A new file of an iterator link, as reading a pinned one gives too. */
export function iterOpen(link: Link): i32 {
  const it = changetype<Iterator>(kzalloc(offsetof<Iterator>()))
  const pass = changetype<Pass>(kzalloc(offsetof<Pass>()))
  if (!changetype<usize>(it) || !changetype<usize>(pass)) {
    kfree(changetype<usize>(it))
    kfree(changetype<usize>(pass))
    return -ENOMEM
  }
  it.refs = 1
  it.pass = pass
  pass.link = link
  pass.prog = link.prog
  pass.kind = link.aux0
  linkGet(link)
  progGet(link.prog)
  const fd = fdInstall(FILE_ITER, changetype<usize>(it), MODE_READ)
  if (fd < 0) iteratorPut(it)
  return fd
}

export function iteratorPut(it: Iterator): void {
  if (--it.refs) return
  progPut(it.pass.prog)
  linkPut(it.pass.link)
  kfree(it.pass.buf)
  kfree(changetype<usize>(it.pass))
  kfree(changetype<usize>(it))
}

/** read(2): the next piece of the text, 0 at its end. */
export function iteratorRead(it: Iterator, to: usize, len: u32): i32 {
  if (!changetype<usize>(it)) return -EBADF
  if (!it.ran) {
    it.ran = true
    iterRun(it.pass)
  }
  if (it.pass.failed) return it.pass.failed
  const n = min<u32>(len, it.pass.len - it.pos)
  memory.copy(to, it.pass.buf + <usize>it.pos, n)
  it.pos += n
  return <i32>n
}
