// SPDX-License-Identifier: GPL-2.0-only
// Helpers of tracing, iterator, cgroup and system programs: ids to functions of the WebAssembly table.

import {
  BPF_FUNC_bprm_opts_set,
  BPF_FUNC_btf_find_by_name_kind,
  BPF_FUNC_d_path,
  BPF_FUNC_get_attach_cookie,
  BPF_FUNC_get_branch_snapshot,
  BPF_FUNC_get_func_arg,
  BPF_FUNC_get_func_arg_cnt,
  BPF_FUNC_get_func_ip,
  BPF_FUNC_get_func_ret,
  BPF_FUNC_get_local_storage,
  BPF_FUNC_get_retval,
  BPF_FUNC_get_stack,
  BPF_FUNC_get_stackid,
  BPF_FUNC_get_task_stack,
  BPF_FUNC_ima_file_hash,
  BPF_FUNC_ima_inode_hash,
  BPF_FUNC_kallsyms_lookup_name,
  BPF_FUNC_override_return,
  BPF_FUNC_perf_event_output,
  BPF_FUNC_perf_event_read,
  BPF_FUNC_perf_event_read_value,
  BPF_FUNC_perf_prog_read_value,
  BPF_FUNC_read_branch_records,
  BPF_FUNC_seq_printf,
  BPF_FUNC_seq_printf_btf,
  BPF_FUNC_seq_write,
  BPF_FUNC_set_retval,
  BPF_FUNC_skb_output,
  BPF_FUNC_snprintf_btf,
  BPF_FUNC_sys_bpf,
  BPF_FUNC_sys_close,
  BPF_FUNC_xdp_output,
} from '../gen/uapi-enums.gen'
import { seqPrintfBtf, snprintfBtf } from './btf-show'
import { getLocalStorage, getRetval, setRetval } from './cgroup'
import { perfEventOutput, perfEventRead, perfEventReadValue, perfProgReadValue, skbOutput, xdpOutput } from './perf'
import { seqPrintf, seqWrite } from './seq'
import { getStack, getStackId, getTaskStack } from './stack'
import { btfFindByNameKind, kallsymsLookupName, sysBpfHelper, sysCloseHelper } from './system'
import {
  bprmOptsSet,
  dPath,
  getAttachCookie,
  getBranchSnapshot,
  getFuncArg,
  getFuncArgCnt,
  getFuncIp,
  getFuncRet,
  imaHash,
  overrideReturn,
  readBranchRecords,
} from './tracing'

export function tracingHelperFn(id: i32): i32 {
  switch (id) {
    case BPF_FUNC_perf_event_output:
      return <i32>perfEventOutput.index
    case BPF_FUNC_skb_output:
      return <i32>skbOutput.index
    case BPF_FUNC_xdp_output:
      return <i32>xdpOutput.index
    case BPF_FUNC_perf_event_read:
      return <i32>perfEventRead.index
    case BPF_FUNC_perf_event_read_value:
      return <i32>perfEventReadValue.index
    case BPF_FUNC_perf_prog_read_value:
      return <i32>perfProgReadValue.index
    case BPF_FUNC_get_stackid:
      return <i32>getStackId.index
    case BPF_FUNC_get_stack:
      return <i32>getStack.index
    case BPF_FUNC_get_task_stack:
      return <i32>getTaskStack.index
    case BPF_FUNC_get_func_ip:
      return <i32>getFuncIp.index
    case BPF_FUNC_get_attach_cookie:
      return <i32>getAttachCookie.index
    case BPF_FUNC_get_func_arg:
      return <i32>getFuncArg.index
    case BPF_FUNC_get_func_ret:
      return <i32>getFuncRet.index
    case BPF_FUNC_get_func_arg_cnt:
      return <i32>getFuncArgCnt.index
    case BPF_FUNC_get_branch_snapshot:
      return <i32>getBranchSnapshot.index
    case BPF_FUNC_read_branch_records:
      return <i32>readBranchRecords.index
    case BPF_FUNC_override_return:
      return <i32>overrideReturn.index
    case BPF_FUNC_d_path:
      return <i32>dPath.index
    case BPF_FUNC_bprm_opts_set:
      return <i32>bprmOptsSet.index
    case BPF_FUNC_ima_inode_hash:
    case BPF_FUNC_ima_file_hash:
      return <i32>imaHash.index
    case BPF_FUNC_get_retval:
      return <i32>getRetval.index
    case BPF_FUNC_set_retval:
      return <i32>setRetval.index
    case BPF_FUNC_get_local_storage:
      return <i32>getLocalStorage.index
    case BPF_FUNC_seq_printf:
      return <i32>seqPrintf.index
    case BPF_FUNC_seq_write:
      return <i32>seqWrite.index
    case BPF_FUNC_seq_printf_btf:
      return <i32>seqPrintfBtf.index
    case BPF_FUNC_snprintf_btf:
      return <i32>snprintfBtf.index
    case BPF_FUNC_sys_bpf:
      return <i32>sysBpfHelper.index
    case BPF_FUNC_sys_close:
      return <i32>sysCloseHelper.index
    case BPF_FUNC_btf_find_by_name_kind:
      return <i32>btfFindByNameKind.index
    case BPF_FUNC_kallsyms_lookup_name:
      return <i32>kallsymsLookupName.index
    default:
      return 0
  }
}
