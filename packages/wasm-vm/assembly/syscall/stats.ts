// SPDX-License-Identifier: GPL-2.0-only
// BPF_ENABLE_STATS: run counts and times are kept while the file is open.

import { EINVAL, EPERM } from '../gen/errno.gen'
import { kernel } from '../mem/root'
import { capable, CAP_SYS_ADMIN } from './caps'
import { FD_STATS, fdInstall, MODE_RDWR } from './fd'

const BPF_STATS_RUN_TIME: u32 = 0

export function enableStats(attr: usize): i32 {
  if (!capable(CAP_SYS_ADMIN)) return -EPERM
  if (load<u32>(attr) != BPF_STATS_RUN_TIME) return -EINVAL
  const fd = fdInstall(FD_STATS, 0, MODE_RDWR)
  if (fd >= 0) {
    kernel().statsFds++
    kernel().statsEnabled = 1
  }
  return fd
}
