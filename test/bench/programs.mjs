// SPDX-License-Identifier: BSD-2-Clause
// The bench programs, each an object in programs/. Columns: name, kind ('pure': nothing but arithmetic, branches and own
// memory, the kind that the geometric means are of; 'kernel': maps, packets, helpers), what it does.
export const PROGRAMS = [
  ['sieve', 'pure', 'sieve of Eratosthenes'],
  ['bits', 'pure', 'bit counts and reversals, 64 bits'],
  ['mix', 'pure', 'multiply and shift mixing, 64 bits'],
  ['copy', 'pure', 'bytes copied one at a time'],
  ['compare', 'pure', 'strings compared'],
  ['dispatch', 'pure', 'switch over 16 opcodes'],
  ['sort', 'pure', 'branch-free sort of 64 words'],
  ['matrix', 'pure', 'products of 8 x 8 matrices'],
  ['crc', 'pure', 'CRC-32 by table'],
  ['collatz', 'pure', 'Collatz sequences'],
  ['fibonacci', 'pure', 'Fibonacci numbers'],
  ['divide', 'pure', 'divisions and remainders'],
  ['spill', 'pure', 'ChaCha rounds: more values than registers'],
  ['calls', 'pure', 'small subprograms called'],
  ['array', 'kernel', 'array map: lookup and add'],
  ['hash', 'kernel', 'hash map: lookup and add, update every fourth'],
  ['packet', 'kernel', 'packet read directly and summed'],
  ['loop', 'kernel', 'bpf_loop with a callback'],
  ['helpers', 'kernel', 'bpf_skb_load_bytes'],
]
