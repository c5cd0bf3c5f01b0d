// SPDX-License-Identifier: GPL-2.0-only
// All that the module asks of its host: clock, randomness, console.

// @ts-ignore: decorator
@external('wasi_snapshot_preview1', 'clock_time_get')
export declare function clock_time_get(id: u32, precision: u64, out: usize): u32
// @ts-ignore: decorator
@external('wasi_snapshot_preview1', 'random_get')
export declare function random_get(buf: usize, len: usize): u32
// @ts-ignore: decorator
@external('wasi_snapshot_preview1', 'fd_write')
export declare function fd_write(fd: u32, iovs: usize, iovsLen: u32, written: usize): u32
