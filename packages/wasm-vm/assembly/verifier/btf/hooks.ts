// SPDX-License-Identifier: GPL-2.0-only
// Sets of targets that give programs helpers of their own, and predicates over the target that a helper asks for.
// Kernel counterparts: bpf_iter_get_func_proto, bpf_tcp_ca_get_func_proto, bpf_lsm_func_proto, bpf_d_path_allowed.

import { btfNameOf, btfTypeById } from '../../btf/btf'
import { SET_D_PATH_ALLOWED, SET_LSM_SLEEPABLE } from '../../gen/attach-targets.gen'
import {
  PROGRAM_HOOK_ANY,
  PROGRAM_HOOK_ITER_TCP_UNIX,
  PROGRAM_HOOK_LSM_SOCKET_POST_CREATE_SOCKET_SOCKETPAIR,
  PROGRAM_HOOK_LSM_SOCK_GRAFT_INET_CSK_CLONE_INET_CONN_ESTABLISHED,
  PROGRAM_HOOK_STRUCT_OPS_BPF_DUMMY_OPS,
  PROGRAM_HOOK_STRUCT_OPS_TCP_CONGESTION_OPS,
  PROGRAM_HOOK_STRUCT_OPS_TCP_CONGESTION_OPS_RELEASE,
} from '../../gen/helper-availability.gen'
import { HELPER_ALLOWED_D_PATH, HELPER_ALLOWED_IMA, HELPER_ALLOWED_SK_STORAGE } from '../../gen/helpers.gen'
import {
  BPF_PROG_TYPE_LSM,
  BPF_PROG_TYPE_TRACING,
  BPF_TRACE_FENTRY,
  BPF_TRACE_FEXIT,
  BPF_TRACE_ITER,
  BPF_TRACE_RAW_TP,
} from '../../gen/uapi-enums.gen'
import { cstrIs } from '../../mem/bytes'
import { Prog } from '../../prog/prog'
import { startsWith } from '../btf-facts'
import { hookName, inSet } from './names'

/** Whether the program implements a member of this structure. */
function implementsMember(prog: Prog, name: string): bool {
  if (!changetype<usize>(prog.attachBtf) || !prog.attachFuncName) return false
  return cstrIs(btfNameOf(prog.attachBtf, btfTypeById(prog.attachBtf, prog.attachBtfId)), name)
}

/** Whether the program is attached to what PROGRAM_HOOK_* names. */
export function hookFits(prog: Prog, hook: i32): bool {
  if (hook == PROGRAM_HOOK_ANY) return true
  const name = prog.attachFuncName
  if (!name) return false
  switch (hook) {
    case PROGRAM_HOOK_ITER_TCP_UNIX:
      return cstrIs(name, 'bpf_iter_tcp') || cstrIs(name, 'bpf_iter_unix')
    case PROGRAM_HOOK_STRUCT_OPS_TCP_CONGESTION_OPS_RELEASE:
      return implementsMember(prog, 'tcp_congestion_ops') && cstrIs(name, 'release')
    case PROGRAM_HOOK_STRUCT_OPS_TCP_CONGESTION_OPS:
      return implementsMember(prog, 'tcp_congestion_ops')
    case PROGRAM_HOOK_STRUCT_OPS_BPF_DUMMY_OPS:
      return implementsMember(prog, 'bpf_dummy_ops')
    case PROGRAM_HOOK_LSM_SOCK_GRAFT_INET_CSK_CLONE_INET_CONN_ESTABLISHED:
      return (
        cstrIs(name, 'bpf_lsm_sock_graft') ||
        cstrIs(name, 'bpf_lsm_inet_csk_clone') ||
        cstrIs(name, 'bpf_lsm_inet_conn_established')
      )
    case PROGRAM_HOOK_LSM_SOCKET_POST_CREATE_SOCKET_SOCKETPAIR:
      return cstrIs(name, 'bpf_lsm_socket_post_create') || cstrIs(name, 'bpf_lsm_socket_socketpair')
  }
  return false
}

function dPathAllowed(prog: Prog): bool {
  const name = prog.attachFuncName
  if (prog.type == BPF_PROG_TYPE_TRACING && prog.expectedAttachType == BPF_TRACE_ITER) return true
  if (prog.type == BPF_PROG_TYPE_LSM) return inSet(SET_LSM_SLEEPABLE, hookName(name))
  return !changetype<usize>(prog.attachProg) && inSet(SET_D_PATH_ALLOWED, name)
}

/** Storage of sockets must not be reached from the functions that manage it. */
function storageAllowed(prog: Prog): bool {
  if (changetype<usize>(prog.attachProg)) return false
  switch (prog.expectedAttachType) {
    case BPF_TRACE_ITER:
    case BPF_TRACE_RAW_TP:
      return true
    case BPF_TRACE_FENTRY:
    case BPF_TRACE_FEXIT:
      return !startsWith(prog.attachFuncName, 'bpf_sk_storage')
  }
  return false
}

/** Whether the target lets a program call the helper; predicate: HELPER_ALLOWED_* >> 4. */
export function targetAllows(prog: Prog, predicate: i32): bool {
  if (!predicate) return true
  if (!prog.attachFuncName) return false
  switch (predicate << 4) {
    case HELPER_ALLOWED_D_PATH:
      return dPathAllowed(prog)
    case HELPER_ALLOWED_IMA:
      return startsWith(prog.attachFuncName, 'bpf_lsm_') && inSet(SET_LSM_SLEEPABLE, hookName(prog.attachFuncName))
    case HELPER_ALLOWED_SK_STORAGE:
      return storageAllowed(prog)
  }
  return false
}
