// SPDX-License-Identifier: GPL-2.0-only
// What iterators go over: for each target how the object at the cursor is found, and what follows it. A cursor is a
// number that stays good when objects come and go between reads: an id, a pid, an index.

import {
  BPF_MAP_TYPE_LRU_PERCPU_HASH,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERCPU_HASH,
  BTF_KIND_FUNC,
} from '../gen/uapi-enums.gen'
import { Btf, btfKind, btfNameOf, btfTypeById } from '../btf/btf'
import { BpfMap } from '../maps/map'
import { mapGetNextKey, mapLookupElem, mapLookupPercpuElem } from '../maps/ops'
import { sockmapLookup, sockmapNextKey } from '../maps/sockmap'
import { storageElement } from '../maps/storage'
import { kzalloc } from '../mem/alloc'
import { cstrlen, cstrPut } from '../mem/bytes'
import { idFind, idNext, Ids } from '../mem/ids'
import { kernel } from '../mem/root'
import { Prog } from '../prog/prog'
import { FD_FREE, FD_WORLD, fdKind, fdObject } from '../syscall/fd'
import { Link } from '../syscall/link'
import { Cgroup } from './cgroup'
import { FILE_SOCK } from './files'
import { fieldAt, IMAGE_FILE, IMAGE_ITEM, imageOf, setField } from './image'
import {
  ITER_BPF_MAP,
  ITER_BPF_MAP_ELEM,
  ITER_BPF_SK_STORAGE_MAP,
  ITER_CGROUP,
  ITER_IPV6_ROUTE,
  ITER_KMEM_CACHE,
  ITER_KSYM,
  ITER_LINK,
  ITER_PROG,
  ITER_SOCKMAP,
  ITER_TASK,
  ITER_TASK_FILE,
  ITER_TCP,
  ITER_UDP,
  ITER_UNIX,
  ORDER_ANCESTORS_UP,
  ORDER_DESCENDANTS_POST,
  ORDER_DESCENDANTS_PRE,
} from './iter-link'
import { Iterator } from './iter-seq'
import { viewCgroup, viewDevice, viewLink, viewMap, viewProg, viewSock, viewTask } from './kernel-view'
import { Route } from './routes'
import { isTcp, isUdp, isUnix, Sock, TCP_CLOSE, TCP_LISTEN } from './sock'
import { Task } from './task'
import { functionAddress } from './trampoline'
import { current, world } from './world'

/** The object at the cursor, which moves on to where there is one: 1; 0: no more; or an errno. */
export function iterResume(it: Iterator): i32 {
  switch (it.kind) {
    case ITER_TASK:
      return found(taskFrom(it))
    case ITER_TASK_FILE:
      return fileFrom(it)
    case ITER_BPF_MAP:
      return idFrom(it, kernel().maps)
    case ITER_PROG:
      return idFrom(it, kernel().progs)
    case ITER_LINK:
      return idFrom(it, kernel().links)
    case ITER_BPF_MAP_ELEM:
      return elementFrom(it)
    case ITER_BPF_SK_STORAGE_MAP:
      return found(storageElement(mapOf(it), <u32>it.cursor))
    case ITER_SOCKMAP:
      return sockmapFrom(it)
    case ITER_CGROUP:
      return cgroupFrom(it)
    case ITER_TCP:
    case ITER_UDP:
    case ITER_UNIX:
      return found(sockAt(it, <u32>it.cursor))
    case ITER_KSYM:
      return symbolFrom(it)
    case ITER_KMEM_CACHE:
      return it.cursor < <u64>CACHES ? 1 : 0
    case ITER_IPV6_ROUTE:
      return found(routeAt(it, <u32>it.cursor))
    default:
      // nothing of the kind exists: memory areas of tasks, netlink sockets, dma buffers
      return 0
  }
}

@inline function found(p: usize): i32 {
  return p ? 1 : 0
}

@inline function mapOf(it: Iterator): BpfMap {
  return changetype<BpfMap>(it.link.target)
}

/** The cursor moves behind the object. */
export function iterAdvance(it: Iterator): void {
  switch (it.kind) {
    case ITER_TASK_FILE:
      it.cursor2++
      break
    case ITER_BPF_MAP_ELEM:
      nextElement(it)
      break
    case ITER_SOCKMAP:
      nextSocket(it)
      break
    default:
      it.cursor++
  }
}

/** The words of the context for the object at the cursor. */
export function iterShow(it: Iterator): void {
  it.b = 0
  it.c = 0
  switch (it.kind) {
    case ITER_TASK:
      it.a = seen(viewTask(changetype<Task>(taskFrom(it))), taskFrom(it))
      break
    case ITER_TASK_FILE:
      it.a = seen(viewTask(changetype<Task>(taskFrom(it))), taskFrom(it))
      it.b = it.cursor2
      it.c = <u64>viewFile(<i32>it.cursor2)
      break
    case ITER_BPF_MAP: {
      const p = idFind(kernel().maps, <u32>it.cursor)
      it.a = seen(viewMap(changetype<BpfMap>(p)), p)
      break
    }
    case ITER_PROG: {
      const p = idFind(kernel().progs, <u32>it.cursor)
      it.a = seen(viewProg(changetype<Prog>(p)), p)
      break
    }
    case ITER_LINK: {
      const p = idFind(kernel().links, <u32>it.cursor)
      it.a = seen(viewLink(changetype<Link>(p)), p)
      break
    }
    case ITER_BPF_MAP_ELEM:
      showElement(it)
      break
    case ITER_BPF_SK_STORAGE_MAP:
      showStorage(it)
      break
    case ITER_SOCKMAP:
      showSockmap(it)
      break
    case ITER_CGROUP: {
      const p = cgroupAt(it, <u32>it.cursor)
      it.a = seen(viewCgroup(changetype<Cgroup>(p)), p)
      break
    }
    case ITER_TCP:
    case ITER_UDP:
    case ITER_UNIX: {
      const p = sockAt(it, <u32>it.cursor)
      it.a = seen(viewSock(changetype<Sock>(p)), p)
      it.b = changetype<Sock>(p).uid
      it.c = it.kind == ITER_UDP ? it.cursor : 0
      break
    }
    case ITER_KSYM:
      it.a = <u64>viewSymbol(it)
      break
    case ITER_KMEM_CACHE:
      it.a = <u64>viewCache(it)
      break
    case ITER_IPV6_ROUTE:
      it.a = <u64>viewRoute(it, changetype<Route>(routeAt(it, <u32>it.cursor)))
      break
  }
}

/** The end: no object, but the map of those that go over one. */
export function iterEnd(it: Iterator): void {
  const ofMap = it.kind == ITER_BPF_MAP_ELEM || it.kind == ITER_BPF_SK_STORAGE_MAP || it.kind == ITER_SOCKMAP
  it.a = ofMap ? seen(viewMap(mapOf(it)), it.link.target) : 0
  it.b = 0
  it.c = 0
}

/** The image, or where there is no BTF the object. */
@inline function seen(image: usize, object: usize): u64 {
  return <u64>(image ? image : object)
}

// tasks, by number

function taskFrom(it: Iterator): usize {
  const link = it.link
  for (let t = world().tasks; changetype<usize>(t); t = t.next) {
    if (<u64>t.pid < it.cursor || (link.aux1 && t.pid != link.aux1) || (link.aux2 && t.tgid != link.aux2)) continue
    it.cursor = t.pid
    return changetype<usize>(t)
  }
  return 0
}

/** Files of tasks: there is one table, that of the process that makes the system calls. */
function fileFrom(it: Iterator): i32 {
  const k = kernel()
  for (let p = taskFrom(it); p; p = taskFrom(it)) {
    if (changetype<Task>(p) == current()) {
      while (it.cursor2 < <u64>k.fdCap && fdKind(<i32>it.cursor2) == FD_FREE) it.cursor2++
      if (it.cursor2 < <u64>k.fdCap) return 1
    }
    it.cursor++
    it.cursor2 = 0
  }
  return 0
}

/** struct file of an fd. */
function viewFile(fd: i32): usize {
  const kind = fdKind(fd)
  const object = kind >= FD_WORLD || fd > 2 ? fdObject(fd) : kernel().fds
  const at = imageOf(object, IMAGE_FILE, 'file')
  setField(at, 'f_mode', 3)
  return at
}

// objects with ids

function idFrom(it: Iterator, ids: Ids): i32 {
  const id = idNext(ids, max<u32>(<u32>it.cursor, 1))
  if (id) it.cursor = id
  return id ? 1 : 0
}

// elements of a map: the key in the scratch memory, behind it the next one, then values of all CPUs

function isPercpu(type: u32): bool {
  return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH
}

@inline function keyRoom(map: BpfMap): usize {
  return (<usize>map.keySize + 7) & ~7
}

function scratch(it: Iterator): bool {
  if (it.scratch) return true
  const map = mapOf(it)
  it.scratch = kzalloc(keyRoom(map) * 2 + ((<usize>map.valueSize + 7) & ~7) * <usize>kernel().cpus)
  return it.scratch != 0
}

function elementFrom(it: Iterator): i32 {
  const map = mapOf(it)
  if (!scratch(it)) return 0
  if (!it.started) {
    it.started = true
    it.hasKey = mapGetNextKey(map, 0, it.scratch) == 0
  }
  // an element that went meanwhile is passed over
  while (it.hasKey && !valueAt(map, it.scratch)) nextElement(it)
  return it.hasKey ? 1 : 0
}

function valueAt(map: BpfMap, key: usize): usize {
  return isPercpu(map.mapType) ? mapLookupPercpuElem(map, key, 0) : mapLookupElem(map, key)
}

function nextElement(it: Iterator): void {
  const map = mapOf(it)
  const next = it.scratch + keyRoom(map)
  it.hasKey = mapGetNextKey(map, it.scratch, next) == 0
  memory.copy(it.scratch, next, map.keySize)
}

function showElement(it: Iterator): void {
  const map = mapOf(it)
  it.a = seen(viewMap(map), it.link.target)
  it.b = <u64>it.scratch
  if (!isPercpu(map.mapType)) {
    it.c = <u64>mapLookupElem(map, it.scratch)
    return
  }
  const size = (<usize>map.valueSize + 7) & ~7
  const values = it.scratch + keyRoom(map) * 2
  for (let cpu: u32 = 0; cpu < kernel().cpus; cpu++) {
    memory.copy(values + <usize>cpu * size, mapLookupPercpuElem(map, it.scratch, cpu), map.valueSize)
  }
  it.c = <u64>values
}

function showStorage(it: Iterator): void {
  const e = storageElement(mapOf(it), <u32>it.cursor)
  it.a = seen(viewMap(mapOf(it)), it.link.target)
  // the element knows the word in its owner that heads the owner's list
  const sk = load<usize>(e, 12) - offsetof<Sock>('storage')
  it.b = seen(viewSock(changetype<Sock>(sk)), sk)
  it.c = <u64>(e + 24)
}

/** An array of sockets shows all its slots, a hash those that are taken. */
function sockmapFrom(it: Iterator): i32 {
  if (!scratch(it)) return 0
  if (!it.started) {
    it.started = true
    it.hasKey = sockmapNextKey(mapOf(it), 0, it.scratch) == 0
  }
  return it.hasKey ? 1 : 0
}

function nextSocket(it: Iterator): void {
  const map = mapOf(it)
  const next = it.scratch + keyRoom(map)
  it.hasKey = sockmapNextKey(map, it.scratch, next) == 0
  memory.copy(it.scratch, next, map.keySize)
}

function showSockmap(it: Iterator): void {
  const map = mapOf(it)
  const sk = sockmapLookup(map, it.scratch)
  it.a = seen(viewMap(map), it.link.target)
  it.b = <u64>it.scratch
  it.c = sk ? seen(viewSock(changetype<Sock>(sk)), sk) : 0
}

// cgroups: the n-th in the order of the link. One read has to be enough for all of them.

const COUNT: usize = memory.data(4, 4)

function cgroupFrom(it: Iterator): i32 {
  return it.terminated ? 0 : found(cgroupAt(it, <u32>it.cursor))
}

function cgroupAt(it: Iterator, n: u32): usize {
  const start = changetype<Cgroup>(it.link.target)
  store<u32>(COUNT, n)
  switch (it.link.aux1) {
    case ORDER_DESCENDANTS_PRE:
      return nthPre(start)
    case ORDER_DESCENDANTS_POST:
      return nthPost(start)
    case ORDER_ANCESTORS_UP: {
      let c = start
      for (let i: u32 = 0; i < n && changetype<usize>(c); i++) c = c.parent
      return changetype<usize>(c)
    }
    default:
      return n ? 0 : changetype<usize>(start)
  }
}

@inline function counted(cg: Cgroup): usize {
  const n = load<u32>(COUNT)
  store<u32>(COUNT, n - 1)
  return n ? 0 : changetype<usize>(cg)
}

function nthPre(cg: Cgroup): usize {
  let p = counted(cg)
  for (let c = cg.children; changetype<usize>(c) && !p; c = c.next) p = nthPre(c)
  return p
}

function nthPost(cg: Cgroup): usize {
  let p: usize = 0
  for (let c = cg.children; changetype<usize>(c) && !p; c = c.next) p = nthPost(c)
  return p ? p : counted(cg)
}

// sockets: the n-th of the namespace, listening ones first; AF_UNIX by fd

function sockAt(it: Iterator, n: u32): usize {
  if (it.kind == ITER_UNIX) return unixAt(it, n)
  let left = n
  for (let turn = 0; turn < 2; turn++) {
    for (let sk = it.netns.socks; changetype<usize>(sk); sk = sk.next) {
      if (it.kind == ITER_UDP ? turn != 0 || !isUdp(sk) : !isTcp(sk) || !inTable(sk, turn == 0)) continue
      if (!left--) return changetype<usize>(sk)
    }
  }
  return 0
}

/** A socket that is only bound is in neither table. */
function inTable(sk: Sock, listening: bool): bool {
  return listening ? sk.state == TCP_LISTEN : sk.state != TCP_LISTEN && sk.state != TCP_CLOSE
}

function unixAt(it: Iterator, n: u32): usize {
  let left = n
  for (let fd: u32 = 3; fd < kernel().fdCap; fd++) {
    if (fdKind(<i32>fd) != FILE_SOCK) continue
    const sk = changetype<Sock>(fdObject(<i32>fd))
    if (isUnix(sk) && sk.netns == it.netns && !left--) return changetype<usize>(sk)
  }
  return 0
}

// symbols: functions of the kernel's BTF, then programs. cursor2 is 1 for those.

function symbolFrom(it: Iterator): i32 {
  const p = kernel().vmlinux
  if (!it.cursor2) {
    if (p) {
      const btf = changetype<Btf>(p)
      for (let id = max<u32>(<u32>it.cursor, 1); id < btf.nrTypes; id++) {
        if (btfKind(btfTypeById(btf, id)) != BTF_KIND_FUNC) continue
        it.cursor = id
        return 1
      }
    }
    it.cursor2 = 1
    it.cursor = 0
  }
  return idFrom(it, kernel().progs)
}

function viewSymbol(it: Iterator): usize {
  const at = imageOf(changetype<usize>(it), IMAGE_ITEM, 'kallsym_iter')
  const name = fieldAt(at, 'name')
  if (!name) return 0
  memory.fill(name, 0, 512)
  let value: u64 = 0
  if (it.cursor2) {
    const prog = changetype<Prog>(idFind(kernel().progs, <u32>it.cursor))
    let n = cstrPut(name, 'bpf_prog_')
    for (let i: usize = 0; i < 8; i++) {
      const byte = <u32>load<u8>(changetype<usize>(prog) + offsetof<Prog>('tag') + i)
      store<u8>(name + n++, hex(byte >> 4))
      store<u8>(name + n++, hex(byte & 15))
    }
    const own = changetype<usize>(prog) + offsetof<Prog>('name0')
    if (load<u8>(own)) {
      store<u8>(name + n, 95)
      memory.copy(name + n + 1, own, 15)
    }
    value = PROGRAM_TEXT + <u64>prog.id * 4096
    const module = fieldAt(at, 'module_name')
    if (module) cstrPut(module, 'bpf')
  } else {
    const btf = changetype<Btf>(kernel().vmlinux)
    const text = btfNameOf(btf, btfTypeById(btf, <u32>it.cursor))
    memory.copy(name, text, min<usize>(cstrlen(text), 511))
    value = functionAddress(name)
  }
  setField(at, 'pos', it.number)
  setField(at, 'value', value)
  // T for what the kernel calls by name, t for programs
  setField(at, 'type', it.cursor2 ? 116 : 84)
  setField(at, 'show_value', 1)
  return at
}

/** Where modules, and the code of programs, lie. */
const PROGRAM_TEXT: u64 = 0xffffffffc0000000

@inline function hex(n: u32): u8 {
  return <u8>(n < 10 ? 48 + n : 87 + n)
}

// caches of the allocator: those of kmalloc

const CACHES: u32 = 13

/** Size of the n-th cache: powers of two, with 96 and 192 between. */
function cacheSize(n: u32): u32 {
  if (n == 0) return 96
  return n == 1 ? 192 : (<u32>8) << (n - 2)
}

function viewCache(it: Iterator): usize {
  const at = imageOf(changetype<usize>(it), IMAGE_ITEM, 'kmem_cache', 32)
  if (!at) return 0
  const size = cacheSize(<u32>it.cursor)
  setField(at, 'object_size', size)
  setField(at, 'size', size)
  setField(at, 'refcount', 1)
  setField(at, 'align', 8)
  if (!it.scratch) it.scratch = kzalloc(32)
  const name = it.scratch
  let n = cstrPut(name, 'kmalloc-')
  const kilo = size >= 1024
  let rest = kilo ? size >> 10 : size
  let unit: u32 = rest >= 100 ? 100 : rest >= 10 ? 10 : 1
  for (; unit; unit = unit / 10) {
    store<u8>(name + n++, <u8>(48 + rest / unit))
    rest = rest % unit
  }
  if (kilo) store<u8>(name + n++, 107)
  store<u8>(name + n, 0)
  setField(at, 'name', <u64>name)
  return at
}

// routes

function routeAt(it: Iterator, n: u32): usize {
  let left = n
  for (let r = it.netns.routes; changetype<usize>(r); r = r.next) {
    if (r.family == 10 && !left--) return changetype<usize>(r)
  }
  return 0
}

function viewRoute(it: Iterator, r: Route): usize {
  const at = imageOf(changetype<usize>(it), IMAGE_ITEM, 'fib6_info')
  const to = fieldAt(at, 'fib6_dst')
  if (!to) return 0
  // struct rt6key { in6_addr, plen }
  memory.copy(to, changetype<usize>(r) + offsetof<Route>('d0'), 16)
  store<i32>(to, <i32>r.prefix, 16)
  setField(at, 'fib6_metric', r.metric ? r.metric : 1024)
  setField(at, 'fib6_type', r.type ? r.type : 1)
  if (changetype<usize>(r.dev)) viewDevice(r.dev)
  return at
}
