// SPDX-License-Identifier: GPL-2.0-only
// bpf_spin_lock: one thread never waits; the word shows whether the lock is held.

export function spinLock(lock: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  store<u32>(<usize>lock, 1)
  return 0
}
export function spinUnlock(lock: u64, r2: u64, r3: u64, r4: u64, r5: u64): u64 {
  store<u32>(<usize>lock, 0)
  return 0
}

/** bpf_kptr_xchg: puts a pointer into a map value and gives out the one that was there. */
export function kptrXchg(dst: u64, ptr: u64, r3: u64, r4: u64, r5: u64): u64 {
  const old = load<u64>(<usize>dst)
  store<u64>(<usize>dst, ptr)
  return old
}
