// SPDX-License-Identifier: GPL-2.0-only
// The kernel's root: everything that is not an object hangs here, so that a copy of linear memory is the whole kernel.

import { Ids } from './ids'

@unmanaged export class Kernel {
  // settings, given by the host
  /** Capabilities of the caller: bit n is CAP n. */
  caps: u64
  /** sysctl kernel.unprivileged_bpf_disabled. */
  unprivDisabled: u32
  cpus: u32
  currentCpu: u32
  /** 0 interpreter, 1 JIT, 2 checked. */
  engine: u32
  /** sysctl kernel.bpf_stats_enabled, and how many ENABLE_STATS fds are open. */
  statsEnabled: u32
  statsFds: u32
  /** Most fds that may be open (RLIMIT_NOFILE). */
  maxFds: u32
  /** Seed and state of the pseudo-random generator; 0: ask the host. */
  randomSeed: u64
  randomState: u64
  /** Nanoseconds: what the clock shows if it does not run by itself, and offsets between the clocks. */
  virtualClock: bool
  now: u64
  bootOffset: u64
  realOffset: u64
  // tables
  /** Files: see syscall/fd.ts. */
  fds: usize
  fdCap: u32
  fdLow: u32
  progs: Ids
  maps: Ids
  btfs: Ids
  links: Ids
  /** Root directory of the bpf file systems (syscall/bpffs.ts). */
  bpffs: usize
  /** Further mounts of such file systems (syscall/mounts.ts). */
  mounts: usize
  /** The trace pipe's ring (helpers/trace.ts). */
  tracePipe: usize
  /** Root of the simulated world (world/world.ts). */
  world: usize
  /** Timers that are armed (helpers/timer.ts). */
  timers: usize
  /** BTF of the kernel itself, a Btf, if the host gave one, and the function that reads it when it is first asked for. */
  vmlinuxBtf: usize
  vmlinuxRead: u32
  /** Why the last load or check failed, for the host's diagnostics: address and length of text. */
  lastReason: usize
  /** The task that calls (world/task.ts). */
  current: usize
  /** Nesting of running programs; tracing programs do not run in their own effects. */
  active: u32
  /** CPU that bpf_cpumask_any_distribute gave last. */
  lastCpuOfMask: u32
  /** Redirect target of the running packet program (helpers/redirect.ts). */
  redirect: usize
  /** Variables and functions of the kernel that programs name (world/kernel-symbols.ts). */
  symbols: usize

  /** BTF of the kernel itself, 0 if there is none. */
  get vmlinux(): usize {
    const read = this.vmlinuxRead
    if (read) {
      this.vmlinuxRead = 0
      call_indirect<void>(read)
    }
    return this.vmlinuxBtf
  }
}

const ROOT: usize = memory.data(offsetof<Kernel>(), 16)
const TABLES: usize = memory.data(offsetof<Ids>() * 4, 16)

@inline export function kernel(): Kernel {
  return changetype<Kernel>(ROOT)
}

/** Sets what has no sensible zero. Called once, before anything else. */
export function initRoot(): void {
  const k = kernel()
  k.progs = changetype<Ids>(TABLES)
  k.maps = changetype<Ids>(TABLES + offsetof<Ids>())
  k.btfs = changetype<Ids>(TABLES + 2 * offsetof<Ids>())
  k.links = changetype<Ids>(TABLES + 3 * offsetof<Ids>())
  k.caps = ~(<u64>0)
  k.unprivDisabled = 2
  k.cpus = 1
  k.maxFds = 1 << 20
}
