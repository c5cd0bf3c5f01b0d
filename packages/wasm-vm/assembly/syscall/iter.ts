// SPDX-License-Identifier: GPL-2.0-only
// BPF_ITER_CREATE, and reading what an iterator writes.

import { EINVAL, ENOMEM } from '../gen/errno.gen'
import { BPF_LINK_TYPE_ITER } from '../gen/uapi-enums.gen'
import { ATTR_ITER_CREATE__flags, ATTR_ITER_CREATE__link_fd } from '../gen/uapi-layouts.gen'
import { kfree, kzalloc } from '../mem/alloc'
import { progGet, progPut } from '../prog/refs'
import { FILE_ITER } from '../world/files'
import { imageDrop } from '../world/image'
import { Iterator, iterNewSession } from '../world/iter-seq'
import { current } from '../world/world'
import { FD_LINK, fdGet, fdInstall, isErr, MODE_READ } from './fd'
import { Link, linkGet, linkPut } from './link'

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
  if (!changetype<usize>(it)) return -ENOMEM
  it.refs = 1
  it.link = link
  it.prog = link.prog
  it.kind = link.aux0
  it.session = iterNewSession()
  it.netns = current().netns
  linkGet(link)
  progGet(link.prog)
  const fd = fdInstall(FILE_ITER, changetype<usize>(it), MODE_READ)
  if (fd < 0) iteratorPut(it)
  return fd
}

export function iteratorPut(it: Iterator): void {
  if (--it.refs) return
  progPut(it.prog)
  linkPut(it.link)
  imageDrop(changetype<usize>(it))
  kfree(it.scratch)
  kfree(it.buf)
  kfree(changetype<usize>(it))
}
