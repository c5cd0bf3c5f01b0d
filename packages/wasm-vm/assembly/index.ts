// SPDX-License-Identifier: GPL-2.0-only
// What the virtual kernel exports to its host.

export {
  user_alloc,
  user_free,
  kernel_init,
  sys_bpf,
  sys_close,
  mapping_address,
  mapping_copy,
  mapping_plain,
  sys_mmap,
  sys_munmap,
  sys_poll,
  set_option,
  get_option,
} from './syscall/host'
export { snapshot_enter, snapshot_leave } from './syscall/snapshot'
export { timers_next, timers_run } from './helpers/timer-run'
export { vmlinux_btf_set } from './syscall/btf-load'
export { isaRun as isa_run } from './interp/isa'
export { executedInsns as executed_insns } from './interp/run'
export * from './interp/debug'
export * from './world/exports'
export * from './world/control'
export * from './world/control-rights'
export * from './world/route-control'
