// SPDX-License-Identifier: GPL-2.0-only
// Programs of sockmaps, attached directly or through links. Kernel counterpart: net/core/sock_map.c.

import { EBUSY, EFAULT, EINVAL, ENOENT, ENOLINK, ENOMEM, EOPNOTSUPP, EPERM } from '../gen/errno.gen'
import {
  BPF_LINK_TYPE_SOCKMAP,
  BPF_MAP_TYPE_SOCKHASH,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_SK_MSG_VERDICT,
  BPF_SK_SKB_STREAM_PARSER,
  BPF_SK_SKB_STREAM_VERDICT,
  BPF_SK_SKB_VERDICT,
} from '../gen/uapi-enums.gen'
import {
  ATTR_LINK_CREATE__attach_type,
  ATTR_LINK_CREATE__flags,
  ATTR_LINK_CREATE__target_fd,
  ATTR_PROG_ATTACH__attach_bpf_fd,
  ATTR_PROG_ATTACH__attach_flags,
  ATTR_PROG_ATTACH__attach_type,
  ATTR_PROG_ATTACH__replace_bpf_fd,
  ATTR_PROG_ATTACH__target_fd,
  ATTR_QUERY__attach_flags,
  ATTR_QUERY__attach_type,
  ATTR_QUERY__prog_cnt,
  ATTR_QUERY__prog_ids,
  ATTR_QUERY__query_flags,
  ATTR_QUERY__target_fd,
} from '../gen/uapi-layouts.gen'
import { BpfMap } from '../maps/map'
import { mapGetUref, mapPutUref } from '../maps/refs'
import { SockMap } from '../maps/sockmap'
import { putUser32 } from '../mem/user'
import { Prog } from '../prog/prog'
import { progGet, progPut } from '../prog/refs'
import { FD_MAP, FD_PROG, fdGet, isErr } from '../syscall/fd'
import { Link, linkCancel, linkNew, linkSettle, linkSwapProg } from '../syscall/link'

/** Address of the program's slot in the map, or an errno; its link is at SLOT_LINK. */
const SLOT_LINK: usize = memory.data(4, 4)

function slotOf(map: BpfMap, which: u32): usize {
  if (map.mapType != BPF_MAP_TYPE_SOCKMAP && map.mapType != BPF_MAP_TYPE_SOCKHASH) return -EOPNOTSUPP
  const s = changetype<SockMap>(map)
  const base = changetype<usize>(s)
  switch (which) {
    case BPF_SK_MSG_VERDICT:
      store<usize>(SLOT_LINK, base + offsetof<SockMap>('msgVerdictLink'))
      return base + offsetof<SockMap>('msgVerdict')
    case BPF_SK_SKB_STREAM_PARSER:
      store<usize>(SLOT_LINK, base + offsetof<SockMap>('streamParserLink'))
      return base + offsetof<SockMap>('streamParser')
    case BPF_SK_SKB_STREAM_VERDICT:
      if (changetype<usize>(s.skbVerdict)) return -EBUSY
      store<usize>(SLOT_LINK, base + offsetof<SockMap>('streamVerdictLink'))
      return base + offsetof<SockMap>('streamVerdict')
    case BPF_SK_SKB_VERDICT:
      if (changetype<usize>(s.streamVerdict)) return -EBUSY
      store<usize>(SLOT_LINK, base + offsetof<SockMap>('skbVerdictLink'))
      return base + offsetof<SockMap>('skbVerdict')
    default:
      return -EOPNOTSUPP
  }
}

function setSlot(slot: usize, prog: usize): void {
  const old = load<usize>(slot)
  if (prog) progGet(changetype<Prog>(prog))
  store<usize>(slot, prog)
  if (old) progPut(changetype<Prog>(old))
}

/** sock_map_prog_update: `old` 0 or what must be there. */
function update(map: BpfMap, prog: usize, old: usize, link: usize, which: u32): i32 {
  const slot = slotOf(map, which)
  if (isErr(slot)) return <i32>slot
  const linkAt = load<usize>(SLOT_LINK)
  if ((!link || prog) && load<usize>(linkAt)) return -EBUSY
  if (old) {
    if (load<usize>(slot) != old) return -ENOENT
    setSlot(slot, prog)
    store<usize>(linkAt, 0)
  } else {
    setSlot(slot, prog)
    if (link) store<usize>(linkAt, link)
  }
  return 0
}

export function sockmapProgAttach(attr: usize, prog: Prog): i32 {
  if (load<u32>(attr, ATTR_PROG_ATTACH__attach_flags) || load<u32>(attr, ATTR_PROG_ATTACH__replace_bpf_fd))
    return -EINVAL
  const map = fdGet(load<i32>(attr, ATTR_PROG_ATTACH__target_fd), FD_MAP)
  if (isErr(map)) return <i32>map
  return update(changetype<BpfMap>(map), changetype<usize>(prog), 0, 0, load<u32>(attr, ATTR_PROG_ATTACH__attach_type))
}

export function sockmapProgDetach(attr: usize, type: u32): i32 {
  if (load<u32>(attr, ATTR_PROG_ATTACH__attach_flags) || load<u32>(attr, ATTR_PROG_ATTACH__replace_bpf_fd))
    return -EINVAL
  const map = fdGet(load<i32>(attr, ATTR_PROG_ATTACH__target_fd), FD_MAP)
  if (isErr(map)) return <i32>map
  const prog = fdGet(load<i32>(attr, ATTR_PROG_ATTACH__attach_bpf_fd), FD_PROG)
  if (isErr(prog)) return <i32>prog
  if (changetype<Prog>(prog).type != type) return -EINVAL
  return update(changetype<BpfMap>(map), 0, prog, 0, load<u32>(attr, ATTR_PROG_ATTACH__attach_type))
}

export function sockmapQuery(attr: usize, uattr: u64): i32 {
  if (load<u32>(attr, ATTR_QUERY__query_flags)) return -EINVAL
  const map = fdGet(load<i32>(attr, ATTR_QUERY__target_fd), FD_MAP)
  if (isErr(map)) return <i32>map
  const slot = slotOf(changetype<BpfMap>(map), load<u32>(attr, ATTR_QUERY__attach_type))
  let ret = 0
  let count: u32 = 0
  let id: u32 = 0
  const ids = load<u64>(attr, ATTR_QUERY__prog_ids)
  if (isErr(slot)) ret = <i32>slot
  else {
    const prog = load<usize>(slot)
    count = prog ? 1 : 0
    if (load<u32>(attr, ATTR_QUERY__prog_cnt) && ids && count) id = changetype<Prog>(prog).id
  }
  if (!putUser32(uattr + ATTR_QUERY__attach_flags, 0)) return -EFAULT
  if (id && !putUser32(ids, id)) return -EFAULT
  return putUser32(uattr + ATTR_QUERY__prog_cnt, count) ? ret : -EFAULT
}

export function sockmapLinkCreate(attr: usize, prog: Prog): i32 {
  if (load<u32>(attr, ATTR_LINK_CREATE__flags)) return -EINVAL
  const p = fdGet(load<i32>(attr, ATTR_LINK_CREATE__target_fd), FD_MAP)
  if (isErr(p)) return <i32>p
  const map = changetype<BpfMap>(p)
  if (map.mapType != BPF_MAP_TYPE_SOCKMAP && map.mapType != BPF_MAP_TYPE_SOCKHASH) return -EINVAL
  const link = linkNew(BPF_LINK_TYPE_SOCKMAP, prog, load<u32>(attr, ATTR_LINK_CREATE__attach_type))
  if (!changetype<usize>(link)) return -ENOMEM
  const err = update(map, changetype<usize>(prog), 0, changetype<usize>(link), link.attachType)
  if (err) {
    linkCancel(link)
    return err
  }
  mapGetUref(map)
  link.target = p
  return linkSettle(link)
}

export function sockmapLinkRelease(link: Link): void {
  if (!link.target) return
  const map = changetype<BpfMap>(link.target)
  const slot = slotOf(map, link.attachType)
  if (!isErr(slot)) {
    setSlot(slot, 0)
    store<usize>(load<usize>(SLOT_LINK), 0)
  }
  link.target = 0
  mapPutUref(map)
}

export function sockmapLinkUpdate(link: Link, prog: Prog, old: usize): i32 {
  if (old && changetype<usize>(link.prog) != old) return -EPERM
  if (link.prog.type != prog.type || link.prog.expectedAttachType != prog.expectedAttachType) return -EINVAL
  if (!link.target) return -ENOLINK
  const slot = slotOf(changetype<BpfMap>(link.target), link.attachType)
  if (isErr(slot)) return <i32>slot
  if (load<usize>(load<usize>(SLOT_LINK)) != changetype<usize>(link)) return -EBUSY
  if (old && load<usize>(slot) != old) return -ENOENT
  setSlot(slot, changetype<usize>(prog))
  linkSwapProg(link, prog)
  return 0
}
