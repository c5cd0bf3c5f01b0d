// SPDX-License-Identifier: GPL-2.0-only
// Objects of the simulated world as programs see them through the kernel's BTF: a copy in the layout that the BTF gives,
// filled by the names of members. Without BTF there is no layout, and programs get the object's address, which they
// cannot look into.

import { Btf, btfKind, btfSize, btfTypeById, btfVlen } from '../btf/btf'
import {
  btfFindByNameKind,
  btfResolveSize,
  btfTypeSkipModifiers,
  memberBitOffset,
  memberName,
  memberType,
} from '../btf/kinds'
import { BTF_KIND_STRUCT, BTF_KIND_UNION } from '../gen/uapi-enums.gen'
import { BpfMap, mapName } from '../maps/map'
import { kfree, kzalloc } from '../mem/alloc'
import { cstrEquals, cstrPut } from '../mem/bytes'
import { kernel } from '../mem/root'
import { Prog, progName } from '../prog/prog'
import { Link } from '../syscall/link'
import { Cgroup } from './cgroup'
import { Sock, sockDst, sockSrc } from './sock'
import { Task, taskComm } from './task'

const NAME: usize = memory.data(64, 8)
const OUT: usize = memory.data(8, 8)
/** Bit offset of the member that was found last, from the start of the outermost struct. */
const FOUND: usize = memory.data(8, 8)

function vmlinux(): Btf {
  return changetype<Btf>(kernel().vmlinux)
}

/** Type id of a struct of the kernel, 0 if it is not known. */
function structId(name: string): u32 {
  if (!kernel().vmlinux) return 0
  cstrPut(NAME, name)
  return btfFindByNameKind(vmlinux(), NAME, BTF_KIND_STRUCT)
}

/** Finds a member, also in anonymous structs and unions: its type id; its offset in bits is at FOUND. */
function findMember(id: u32, base: u32): u32 {
  const btf = vmlinux()
  const t = btfTypeSkipModifiers(btf, id, OUT)
  if (!t) return 0
  const kind = btfKind(t)
  if (kind != BTF_KIND_STRUCT && kind != BTF_KIND_UNION) return 0
  for (let i: u32 = 0; i < btfVlen(t); i++) {
    const name = memberName(btf, t, i)
    const offset = base + memberBitOffset(t, i)
    if (name && load<u8>(name)) {
      if (!cstrEquals(name, NAME)) continue
      store<u32>(FOUND, offset)
      return memberType(t, i)
    }
    const inner = findMember(memberType(t, i), offset)
    if (inner) return inner
  }
  return 0
}

/** A view under construction: its memory and its struct. */
@unmanaged export class View {
  at: usize
  id: u32
}
const VIEW: usize = memory.data(8, 8)

/** A cleared struct of this name; `at` is 0 if the BTF does not know it. */
function begin(name: string): View {
  const v = changetype<View>(VIEW)
  v.at = 0
  v.id = structId(name)
  if (!v.id) return v
  const t = btfTypeById(vmlinux(), v.id)
  v.at = kzalloc(<usize>btfSize(t))
  return v
}

/** Sets an integer or pointer member of the struct, by its size. */
function set(v: View, member: string, value: u64): void {
  if (!v.at) return
  cstrPut(NAME, member)
  const type = findMember(v.id, 0)
  if (!type) return
  const at = v.at + <usize>(load<u32>(FOUND) >> 3)
  btfResolveSize(vmlinux(), type, OUT)
  switch (load<u32>(OUT)) {
    case 1:
      store<u8>(at, <u8>value)
      break
    case 2:
      store<u16>(at, <u16>value)
      break
    case 4:
      store<u32>(at, <u32>value)
      break
    default:
      store<u64>(at, value)
  }
}

/** Copies bytes into an array member. */
function setBytes(v: View, member: string, from: usize, len: u32): void {
  if (!v.at) return
  cstrPut(NAME, member)
  if (findMember(v.id, 0)) memory.copy(v.at + <usize>(load<u32>(FOUND) >> 3), from, len)
}

/** Sets a member of a struct member: `outer.inner`. */
function setInner(v: View, outer: string, inner: string, value: u64, size: u32): void {
  if (!v.at) return
  cstrPut(NAME, outer)
  const type = findMember(v.id, 0)
  if (!type) return
  const base = load<u32>(FOUND)
  cstrPut(NAME, inner)
  if (!findMember(type, base)) return
  const at = v.at + <usize>(load<u32>(FOUND) >> 3)
  if (size == 8) store<u64>(at, value)
  else if (size == 4) store<u32>(at, <u32>value)
  else store<u16>(at, <u16>value)
}

// Each function below gives a view (kmalloc, the caller frees it) or 0.

export function viewTask(t: Task): usize {
  const v = begin('task_struct')
  set(v, 'pid', t.pid)
  set(v, 'tgid', t.tgid)
  set(v, 'start_time', t.startTime)
  set(v, 'start_boottime', t.startTime)
  setBytes(v, 'comm', taskComm(t), 16)
  // who leads the group of threads: itself
  set(v, 'group_leader', <u64>v.at)
  set(v, 'real_parent', <u64>v.at)
  return v.at
}

export function viewMap(m: BpfMap): usize {
  const v = begin('bpf_map')
  set(v, 'id', m.id)
  set(v, 'map_type', m.mapType)
  set(v, 'key_size', m.keySize)
  set(v, 'value_size', m.valueSize)
  set(v, 'max_entries', m.maxEntries)
  set(v, 'map_flags', m.mapFlags)
  set(v, 'map_extra', m.mapExtra)
  set(v, 'frozen', u64(m.frozen))
  setBytes(v, 'name', mapName(m), 16)
  setInner(v, 'refcnt', 'counter', m.refs, 8)
  setInner(v, 'usercnt', 'counter', m.usercnt, 8)
  return v.at
}

export function viewProg(p: Prog): usize {
  const aux = begin('bpf_prog_aux')
  set(aux, 'id', p.id)
  set(aux, 'used_map_cnt', p.usedMapCnt)
  set(aux, 'func_cnt', p.subprogCnt)
  set(aux, 'load_time', p.loadTime)
  set(aux, 'verified_insns', p.verifiedInsns)
  setBytes(aux, 'name', progName(p), 16)
  const auxAt = aux.at
  const v = begin('bpf_prog')
  set(v, 'type', p.type)
  set(v, 'expected_attach_type', p.expectedAttachType)
  set(v, 'len', p.len)
  set(v, 'jited_len', p.jitedLen)
  setBytes(v, 'tag', changetype<usize>(p) + offsetof<Prog>('tag'), 8)
  set(v, 'aux', <u64>auxAt)
  return v.at
}

export function viewLink(l: Link): usize {
  const prog: usize = changetype<usize>(l.prog) ? viewProg(l.prog) : 0
  const v = begin('bpf_link')
  set(v, 'id', l.id)
  set(v, 'type', l.type)
  set(v, 'prog', <u64>prog)
  return v.at
}

export function viewCgroup(cg: Cgroup): usize {
  const kn = begin('kernfs_node')
  set(kn, 'id', cg.id)
  set(kn, 'name', <u64>cg.name)
  const knAt = kn.at
  const v = begin('cgroup')
  set(v, 'kn', <u64>knAt)
  return v.at
}

function fillCommon(v: View, sk: Sock): void {
  setInner(v, '__sk_common', 'skc_family', sk.family, 2)
  setInner(v, '__sk_common', 'skc_dport', sk.dstPort, 2)
  setInner(v, '__sk_common', 'skc_num', sk.srcPort, 2)
  if (sk.family == 2) {
    setInner(v, '__sk_common', 'skc_daddr', load<u32>(sockDst(sk)), 4)
    setInner(v, '__sk_common', 'skc_rcv_saddr', load<u32>(sockSrc(sk)), 4)
  }
  setInner(v, '__sk_common', 'skc_cookie', sk.cookie, 8)
}

/** A socket as struct sock. */
export function viewSock(sk: Sock): usize {
  const v = begin('sock')
  fillCommon(v, sk)
  set(v, 'sk_protocol', sk.protocol)
  set(v, 'sk_type', sk.type)
  set(v, 'sk_mark', sk.mark)
  set(v, 'sk_priority', sk.priority)
  return v.at
}

/** A socket as a struct that begins with a struct sock; it stays with the socket. 0 without BTF. */
export function viewSockAs(sk: Sock, name: string): usize {
  kfree(sk.view)
  sk.view = 0
  const whole = begin(name)
  if (!whole.at) return 0
  const at = whole.at
  const plain = viewSock(sk)
  if (plain) {
    const t = btfTypeById(vmlinux(), structId('sock'))
    memory.copy(at, plain, btfSize(t))
    kfree(plain)
  }
  sk.view = at
  return at
}
