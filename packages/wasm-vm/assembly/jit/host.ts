// SPDX-License-Identifier: GPL-2.0-only
// How module bytes become functions in the kernel's table. WebAssembly cannot instantiate WebAssembly, so the host must.
// The kernel asks by a WASI call that every host has: fd_write to descriptor 1000, whose one buffer is a request that the
// host fills in. A host that knows nothing of this answers EBADF, and the interpreter serves.
//
//   request: op (u32: 1 compile, 2 free), bytes (u32 address), length (u32), functions (u32), first index (u32)

const JIT_FD: u32 = 1000
const JIT_COMPILE: u32 = 1
const JIT_FREE: u32 = 2

@external('wasi_snapshot_preview1', 'fd_write')
declare function fdWrite(fd: u32, iovs: usize, iovsLen: u32, written: usize): u32

@unmanaged class Request {
  op: u32
  bytes: usize
  length: u32
  functions: u32
  first: i32
}

const REQUEST: usize = memory.data(offsetof<Request>(), 8)
const IOVEC: usize = memory.data(12, 8)

function ask(): bool {
  store<usize>(IOVEC, REQUEST)
  store<u32>(IOVEC, <u32>offsetof<Request>(), 4)
  return fdWrite(JIT_FD, IOVEC, 1, IOVEC + 8) == 0
}

/** Instantiates a module; the table index of its first exported function, the others following; 0: the host cannot. */
export function hostCompile(bytes: usize, length: u32, functions: u32): i32 {
  const r = changetype<Request>(REQUEST)
  r.op = JIT_COMPILE
  r.bytes = bytes
  r.length = length
  r.functions = functions
  r.first = 0
  return ask() ? r.first : 0
}

/** Gives table entries back; the module goes with them. */
export function hostFree(first: i32, functions: u32): void {
  const r = changetype<Request>(REQUEST)
  r.op = JIT_FREE
  r.bytes = 0
  r.length = 0
  r.functions = functions
  r.first = first
  ask()
}
