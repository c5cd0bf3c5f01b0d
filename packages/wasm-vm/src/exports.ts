// SPDX-License-Identifier: GPL-2.0-only

/** What the module exports: see assembly/index.ts. Pointers and sizes are unsigned 32-bit numbers given as such. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory
  readonly table: WebAssembly.Table
  _initialize?(): void
  kernel_init(): void
  set_option(id: number, value: bigint): void
  get_option(id: number): bigint
  user_alloc(size: number): number
  user_free(address: number): void
  sys_bpf(cmd: number, attr: number, size: number): number
  sys_close(fd: number): number
  sys_mmap(fd: number, length: bigint, offset: number, prot: number, hint: bigint): number
  /** The address that a mapping has for its caller. */
  mapping_address(address: number): bigint
  /** Whether its bytes lie in one piece at that place. */
  mapping_plain(address: number): number
  mapping_copy(address: number, offset: bigint, buffer: number, length: number, write: number): number
  sys_mmap_wide(fd: number, length: number, offset: bigint, prot: number): number
  sys_munmap(address: number): number
  sys_poll(fd: number): number
  sys_socket(domain: number, type: number, protocol: number): number
  sys_bind(fd: number, address: number, length: number): number
  sys_connect(fd: number, address: number, length: number): number
  sys_listen(fd: number, backlog: number): number
  sys_accept(fd: number): number
  sys_getsockopt(fd: number, level: number, name: number, value: number, length: number): number
  sys_setsockopt(fd: number, level: number, name: number, value: number, length: number): number
  sys_sendto(fd: number, data: number, length: number, flags: number, address: number, addressLength: number): number
  sys_recvfrom(fd: number, data: number, length: number, flags: number): number
  sys_open(path: number, flags: number, mode: number): number
  sys_mkdir(path: number, mode: number): number
  sys_unlink(path: number): number
  sys_read(fd: number, data: number, length: number): number
  sys_write(fd: number, data: number, length: number): number
  sys_perf_event_open(attr: number, pid: number, cpu: number, group: number, flags: number): number
  sys_ioctl(fd: number, request: number, arg: number): number
  /** Instructions that the last run on the checked engine executed. */
  executed_insns(): bigint
  isa_run(insns: number, count: number, memory: number, length: number, engine: number, out: number): number
  trace_pipe_read(buffer: number, length: number): number
  vmlinux_btf_set(bytes: number, length: number): number
  timers_run(): number
  timers_next(): bigint
  snapshot_leave(): void
  snapshot_enter(): void
}

/** Settings of `set_option`: numbers shared with assembly/syscall/host.ts. */
export const OPTION = {
  capabilities: 1,
  cpus: 2,
  currentCpu: 3,
  engine: 4,
  unprivilegedDisabled: 5,
  randomSeed: 6,
  virtualClock: 7,
  now: 8,
  bootOffset: 9,
  realOffset: 10,
  maxFds: 11,
  jitThreshold: 12,
  /** Pages of 64 KiB that memory may have; 0: as many as WebAssembly has. */
  memoryPages: 13,
  /** Instructions of one run on the checked engine; 0: the default. */
  budget: 14,
  /** Only to read: bytes and blocks of kernel memory in use. */
  memoryUsed: 64,
  memoryBlocks: 65,
} as const
