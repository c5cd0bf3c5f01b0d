// SPDX-License-Identifier: GPL-2.0-only
// bpf(2): the caller's attr is copied and checked, then a command reads only the copy.

import { EFAULT, EINVAL } from '../gen/errno.gen'
import { ATTR_CHECK_SIZES, COMMAND_COUNT } from '../gen/commands.gen'
import { bpf_attr__SIZE } from '../gen/uapi-layouts.gen'
import {
  BPF_BTF_GET_FD_BY_ID,
  BPF_BTF_GET_NEXT_ID,
  BPF_BTF_LOAD,
  BPF_ENABLE_STATS,
  BPF_ITER_CREATE,
  BPF_LINK_CREATE,
  BPF_LINK_DETACH,
  BPF_LINK_GET_FD_BY_ID,
  BPF_LINK_GET_NEXT_ID,
  BPF_LINK_UPDATE,
  BPF_MAP_CREATE,
  BPF_MAP_DELETE_BATCH,
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_FREEZE,
  BPF_MAP_GET_FD_BY_ID,
  BPF_MAP_GET_NEXT_ID,
  BPF_MAP_GET_NEXT_KEY,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  BPF_MAP_LOOKUP_BATCH,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_UPDATE_BATCH,
  BPF_MAP_UPDATE_ELEM,
  BPF_OBJ_GET,
  BPF_OBJ_GET_INFO_BY_FD,
  BPF_OBJ_PIN,
  BPF_PROG_ATTACH,
  BPF_PROG_BIND_MAP,
  BPF_PROG_DETACH,
  BPF_PROG_GET_FD_BY_ID,
  BPF_PROG_GET_NEXT_ID,
  BPF_PROG_LOAD,
  BPF_PROG_QUERY,
  BPF_PROG_STREAM_READ_BY_FD,
  BPF_PROG_TEST_RUN,
  BPF_RAW_TRACEPOINT_OPEN,
  BPF_TASK_FD_QUERY,
  BPF_TOKEN_CREATE,
} from '../gen/uapi-enums.gen'
import { isZero } from '../mem/bytes'
import { rcuFlush } from '../mem/rcu'
import { kernel } from '../mem/root'
import { copyFromUser } from '../mem/user'
import { progAttach, progDetach } from './attach'
import { bindMapCmd } from './bind-map'
import { objGet, objPin } from './bpffs'
import { btfLoad } from './btf-load'
import { btfByIdCmd, linkByIdCmd, mapByIdCmd, nextIdCmd, progByIdCmd } from './ids'
import { infoCmd } from './info'
import { iterCreate } from './iter'
import { linkCreate, linkDetachCmd, linkUpdate } from './link-create'
import { mapBatchCmd } from './map-batch'
import { mapCreate } from './map-create'
import {
  mapDeleteCmd,
  mapFreezeCmd,
  mapLookupAndDeleteCmd,
  mapLookupCmd,
  mapNextKeyCmd,
  mapUpdateCmd,
} from './map-elem'
import { progLoad } from './prog-load'
import { progQuery, taskFdQuery } from './query'
import { rawTracepointOpen } from './raw-tracepoint'
import { enableStats } from './stats'
import { streamRead } from './stream'
import { checkTail } from './tail'
import { progTestRun } from './test-run'
import { tokenCreate } from './token'
import { mayBpf } from '../world/security'

/** Copies of attr, one for each level: programs of type SYSCALL make system calls of their own. */
const ATTRS: usize = memory.data(176 * 8, 8)
const ATTR_ROOM: usize = 176
const LEVELS: u32 = 8
const LEVEL: usize = memory.data(4, 4)

/** bpf(2): a result or -errno. */
export function sysBpf(cmd: i32, uattr: usize, size: u32): i32 {
  const bad = checkTail(<u64>uattr, bpf_attr__SIZE, size)
  if (bad) return bad
  const level = load<u32>(LEVEL)
  if (level >= LEVELS) return -EINVAL
  const attr = ATTRS + <usize>level * ATTR_ROOM
  const len = min<u32>(size, bpf_attr__SIZE)
  memory.fill(attr, 0, ATTR_ROOM)
  if (!copyFromUser(attr, <u64>uattr, len)) return -EFAULT
  if (<u32>cmd >= <u32>COMMAND_COUNT) return -EINVAL
  const used = <usize>load<u8>(ATTR_CHECK_SIZES + <usize>cmd)
  if (!isZero(attr + used, <usize>bpf_attr__SIZE - used)) return -EINVAL
  store<u32>(LEVEL, level + 1)
  const denied = mayBpf(cmd, attr, size, level != 0)
  const ret = denied < 0 ? denied : dispatch(cmd, attr, len, uattr)
  store<u32>(LEVEL, level)
  if (!kernel().active) rcuFlush()
  return ret
}

function dispatch(cmd: i32, attr: usize, size: u32, u: usize): i32 {
  const uattr = <u64>u
  switch (cmd) {
    case BPF_MAP_CREATE:
      return mapCreate(attr)
    case BPF_MAP_LOOKUP_ELEM:
      return mapLookupCmd(attr)
    case BPF_MAP_UPDATE_ELEM:
      return mapUpdateCmd(attr)
    case BPF_MAP_DELETE_ELEM:
      return mapDeleteCmd(attr)
    case BPF_MAP_GET_NEXT_KEY:
      return mapNextKeyCmd(attr)
    case BPF_MAP_LOOKUP_AND_DELETE_ELEM:
      return mapLookupAndDeleteCmd(attr)
    case BPF_MAP_FREEZE:
      return mapFreezeCmd(attr)
    case BPF_MAP_LOOKUP_BATCH:
    case BPF_MAP_LOOKUP_AND_DELETE_BATCH:
    case BPF_MAP_UPDATE_BATCH:
    case BPF_MAP_DELETE_BATCH:
      return mapBatchCmd(attr, uattr, cmd)
    case BPF_PROG_LOAD:
      return progLoad(attr, size, u)
    case BPF_PROG_TEST_RUN:
      return progTestRun(attr, uattr)
    case BPF_OBJ_PIN:
      return objPin(attr)
    case BPF_OBJ_GET:
      return objGet(attr)
    case BPF_BTF_LOAD:
      return btfLoad(attr, size, uattr)
    case BPF_OBJ_GET_INFO_BY_FD:
      return infoCmd(attr, uattr)
    case BPF_PROG_GET_NEXT_ID:
      return nextIdCmd(attr, uattr, kernel().progs)
    case BPF_MAP_GET_NEXT_ID:
      return nextIdCmd(attr, uattr, kernel().maps)
    case BPF_BTF_GET_NEXT_ID:
      return nextIdCmd(attr, uattr, kernel().btfs)
    case BPF_LINK_GET_NEXT_ID:
      return nextIdCmd(attr, uattr, kernel().links)
    case BPF_PROG_GET_FD_BY_ID:
      return progByIdCmd(attr)
    case BPF_MAP_GET_FD_BY_ID:
      return mapByIdCmd(attr)
    case BPF_BTF_GET_FD_BY_ID:
      return btfByIdCmd(attr)
    case BPF_LINK_GET_FD_BY_ID:
      return linkByIdCmd(attr)
    case BPF_PROG_ATTACH:
      return progAttach(attr)
    case BPF_PROG_DETACH:
      return progDetach(attr)
    case BPF_PROG_QUERY:
      return progQuery(attr, uattr)
    case BPF_TASK_FD_QUERY:
      return taskFdQuery(attr, uattr)
    case BPF_RAW_TRACEPOINT_OPEN:
      return rawTracepointOpen(attr)
    case BPF_LINK_CREATE:
      return linkCreate(attr, uattr)
    case BPF_LINK_UPDATE:
      return linkUpdate(attr)
    case BPF_LINK_DETACH:
      return linkDetachCmd(attr)
    case BPF_ITER_CREATE:
      return iterCreate(attr)
    case BPF_ENABLE_STATS:
      return enableStats(attr)
    case BPF_PROG_BIND_MAP:
      return bindMapCmd(attr)
    case BPF_TOKEN_CREATE:
      return tokenCreate(attr)
    case BPF_PROG_STREAM_READ_BY_FD:
      return streamRead(attr)
    default:
      return -EINVAL
  }
}
