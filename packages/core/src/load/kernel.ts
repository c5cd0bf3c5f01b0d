// SPDX-License-Identifier: BSD-2-Clause
/**
 * The seam of Skep: a kernel is something that takes system calls.
 *
 * Two implementations exist: the virtual kernel (`@skep/wasm-vm`) and the running Linux (`@skep/native-loader`).
 * Every call returns what the system call returns: zero or a positive number on success, a negative errno otherwise.
 * Nothing here throws for an answer of the kernel; typed errors are raised one layer up.
 */

/** A piece of the address space that pointers inside `union bpf_attr` refer to. */
export interface UserBuffer extends Disposable {
  /** Address as the kernel sees it, 8-byte aligned. */
  readonly address: bigint
  /** Size in bytes. */
  readonly length: number
  /**
   * Live view of the bytes. Fetch it again after every system call: the virtual kernel's memory may have grown,
   * which detaches earlier views.
   */
  readonly bytes: Uint8Array
}

/** The address space of the caller. */
export interface UserMemory {
  /** Allocates `length` zeroed bytes. Release with `buffer[Symbol.dispose]()` or `using`. */
  alloc(length: number): UserBuffer
}

/** A mapped region: array map, ring buffer, perf ring, arena. Disposing it unmaps. */
export interface Mapping extends Disposable {
  /** Address as the caller has it: what pointers in the memory of an arena are relative to. */
  readonly address: bigint
  readonly length: number
  /** Live view; fetch it again after every system call (see {@link UserBuffer.bytes}). */
  readonly bytes: Uint8Array
  /**
   * A copy of a part. Of an arena, reading and writing bring pages into being, unless only programs may
   * (BPF_F_SEGV_ON_FAULT): then Linux has a segmentation fault, and the virtual kernel a RangeError. What is written
   * through `bytes` the virtual kernel notices where it is not zero.
   */
  read(offset: number, length: number): Uint8Array
  write(offset: number, bytes: Uint8Array): void
}

/** What of the caller's machine decides how objects are laid out. */
export interface KernelFacts {
  /** Release, as `uname -r` prints it. The virtual kernel reports the Linux release that it follows. */
  readonly release: string
  /** `LINUX_VERSION_CODE`: major << 16 | minor << 8 | min(patch, 255). */
  readonly version: number
  /** Size of a page in bytes. */
  readonly pageSize: number
  /** Number of possible CPUs: per-CPU values have this many slots. */
  readonly possibleCpus: number
  /** Number of CPUs that run. */
  readonly onlineCpus: number
  /** Whether the kernel's byte order is little endian. */
  readonly littleEndian: boolean
}

/** Protection bits of {@link Kernel.mmap}. */
export const PROT_READ = 1
export const PROT_WRITE = 2

export interface Kernel extends Disposable {
  readonly kind: 'virtual' | 'linux'
  readonly facts: KernelFacts
  /** The address space in which pointers inside attr point. */
  readonly memory: UserMemory
  /** BTF of the kernel itself (`/sys/kernel/btf/vmlinux`), if it has one. */
  readonly kernelBtf: Uint8Array | undefined
  /** bpf(2): bytes of `union bpf_attr` in (and out, for the commands that write to it), fd or 0 or -errno out. */
  bpf(cmd: number, attr: Uint8Array): number
  close(fd: number): number
  /**
   * A new mapping, or -errno. `length` and `offset` in bytes; `hint` is where it should lie, if that is free: an arena whose
   * creation gave an address (`map_extra`) must lie there.
   */
  mmap(fd: number, length: number, offset: number, prot: number, hint?: bigint): Mapping | number
  /** Waits until one of the fds is readable: those that are, an empty list after `timeoutMs` (-1: for ever). */
  wait(fds: readonly number[], timeoutMs: number): Promise<number[]>
  // The few other system calls through which programs meet the world.
  socket(domain: number, type: number, protocol: number): number
  /** `addr`: bytes of a sockaddr. */
  bind(fd: number, addr: Uint8Array): number
  connect(fd: number, addr: Uint8Array): number
  listen(fd: number, backlog: number): number
  accept(fd: number): number
  /** The bytes written to `value` on success (as the kernel's value-result length), or -errno. */
  getsockopt(fd: number, level: number, name: number, value: Uint8Array): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array): number
  /** `addr`, where given, is the destination (sendto). */
  send(fd: number, data: Uint8Array, flags: number, addr?: Uint8Array): number
  /** Bytes received into `data`, or -errno (EAGAIN with MSG_DONTWAIT). */
  recv(fd: number, data: Uint8Array, flags: number): number
  open(path: string, flags: number, mode?: number): number
  mkdir(path: string, mode: number): number
  unlink(path: string): number
  read(fd: number, data: Uint8Array): number
  write(fd: number, data: Uint8Array): number
  perfEventOpen(attr: Uint8Array, pid: number, cpu: number, group: number, flags: number): number
  /** `arg` is a number, or bytes that the request reads or writes. */
  ioctl(fd: number, request: number, arg: number | Uint8Array): number
}
