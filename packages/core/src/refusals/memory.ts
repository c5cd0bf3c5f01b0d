// SPDX-License-Identifier: BSD-2-Clause
/** Refusals of accesses, pointers and their arithmetic. */
import type { Explanation } from './explanation.ts'

export const MEMORY: readonly Explanation[] = [
  {
    id: 'alignment',
    sample: 'misaligned stack access off (0x0; 0x0)+0+-7 size 4',
    pattern: /misaligned \w* ?access|access misaligned/m,
    title: 'An address that is not aligned',
    problem: 'The access is wider than the alignment of its address.',
    reason:
      'Stack slots are followed in units of 8 bytes, and loads that ask for strict alignment (BPF_F_STRICT_ALIGNMENT) must work on processors that trap.',
    suggestion: 'Align the variable or field, or read it byte by byte.',
  },
  {
    id: 'spilled-pointer',
    sample: 'attempt to corrupt spilled pointer on stack',
    pattern:
      /corrupt spilled pointer|invalid size of register (?:fill|spill)|leaking pointer from stack|spilled ptr in range/m,
    title: 'A saved pointer handled in pieces',
    problem: 'A stack slot that holds a pointer is written or read in part, or its bytes are given away.',
    reason: 'A pointer on the stack stays a pointer only as a whole; its bytes would be a kernel address as a number.',
    suggestion: 'Save and restore pointers with 8 bytes; do not pass the slot to a helper as data.',
  },
  {
    id: 'callers-stack',
    sample: 'cannot return stack pointer to the caller',
    pattern: /cannot return stack pointer|cannot spill pointers to stack into stack frame/m,
    title: 'A pointer into a stack frame that ends',
    problem: 'A pointer to a function’s stack would outlive the function.',
    reason: 'The frame is gone when the function returns.',
    suggestion: 'Let the caller pass a pointer to its own variable, and store numbers there.',
  },
  {
    id: 'variable-stack',
    sample: 'R2 variable offset stack access prohibited for !root, var_off=(0x0; 0x7)',
    pattern:
      /variable offset stack|variable stack access|invalid unbounded variable-offset|uninit stack in range|stack pointer arithmetic goes out of range|subtraction from stack pointer/m,
    title: 'A place on the stack that is not known',
    problem: 'The stack is accessed at an offset that the verifier cannot pin down.',
    reason:
      'What lies in each slot is followed one by one. Without CAP_PERFMON an unknown slot may not be touched at all; otherwise its range must lie in the frame.',
    suggestion: 'Bound the index on both sides, use constant offsets, or keep the array in a map.',
  },
  {
    id: 'pointer-leak',
    sample: 'R0 leaks addr as return value',
    pattern: /leaks addr|partial copy of pointer|sign-extension part of pointer/m,
    title: 'A kernel address would get out',
    problem: 'A pointer goes where its bits can be read as a number.',
    reason: 'Addresses of the kernel help an attacker; programs without CAP_PERFMON may not learn them.',
    suggestion: 'Return and store values, not pointers; set R0 to a number on every path.',
  },
  {
    id: 'pointer-operands',
    sample: 'R1 pointer -= pointer prohibited',
    pattern:
      /(R\d+) pointer \S+ pointer prohibited|pointer arithmetic of map value goes out of range|could not be pushed for speculative|same insn cannot be used with different pointers|(R\d+) is not a pointer to arena or scalar/m,
    title: 'Pointers that cannot be combined',
    problem:
      'Two pointers meet in one operation, or one operation meets different kinds of pointers on different paths.',
    reason: 'The result would point to nothing that is known, or could not be made safe against speculation.',
    suggestion: 'Add a bounded number to one pointer, and keep kinds of pointers apart on their own branches.',
  },
  {
    id: 'modified-pointer',
    sample: 'dereference of modified ctx ptr R1 off=4 disallowed',
    pattern:
      /dereference of modified|variable \S+ access var_off|negative offset \S+ ptr|must have zero offset|access cannot have variable offset/m,
    title: 'A pointer that was moved',
    problem: 'This pointer must be used as the kernel gave it, and an offset was added before.',
    reason:
      'Accesses to contexts and kernel objects are rewritten or looked up by their constant offset, and helpers and releases want the beginning of the object.',
    suggestion: 'Keep the original pointer, and write the offset in the access itself.',
  },
  {
    id: 'empty-access',
    sample: 'invalid zero-sized read',
    pattern: /invalid zero-sized read/m,
    title: 'A length that may be zero',
    problem: 'A helper is given a length that is zero or may be.',
    reason: 'This argument means memory of at least one byte.',
    suggestion: 'Check that the length is above zero, or mask it and add one.',
  },
  {
    id: 'buffer-access',
    sample: 'R1 is ptr_task_struct invalid negative access: off=-8',
    pattern:
      /invalid negative access|buffer (?:access|offset)|ptr_\S+ access percpu memory|ptr_\S+ invalid variable offset/m,
    title: 'A place outside of a kernel buffer',
    problem: 'The offset is negative, variable, or beyond the size of what the pointer leads to.',
    reason: 'Only constant places inside of the object are known to be there.',
    suggestion: 'Use fields by their names, and keep offsets constant.',
  },
  {
    id: 'struct-access',
    sample: 'access beyond struct task_struct at off 99999 size 8',
    pattern:
      /access beyond (?:struct|the end of member)|cannot access ptr member|doesn't have field at offset|field \S+ doesn't have size|access is allowed only to CAP_PERFMON|no write support|write access at off|only access to \S+ is supported|access user memory|is of type \S+ but|only read (?:from \S+ )?is supported|direct access to \S+ is disallowed/m,
    title: 'A field that is not there, or not to be touched',
    problem: 'The access does not match a readable field of the kernel structure.',
    reason:
      'The structure’s types come from the running kernel’s BTF: each access must be a whole field, and kernel objects are read-only.',
    suggestion:
      'Compile against the vmlinux.h of the kernel with CO-RE (BPF_CORE_READ), and check that the field exists.',
  },
  {
    id: 'special-field',
    sample: 'bpf_timer cannot be accessed directly by load/store',
    pattern:
      /cannot be accessed (?:in)?directly by|kptr .*(?:disallowed|indirectly|BPF_MEM|BPF_DW)|storing to kptr|store to (?:referenced kptr|uptr)|access size must be BPF_DW|doesn't have constant offset|has to be at (?:a|the) constant offset|map_uid=/m,
    title: 'A field that only helpers may touch',
    problem: 'A lock, timer, list, tree or kernel pointer in a value is read, written or addressed like plain data.',
    reason: 'Its content belongs to the kernel; the verifier follows it at a fixed offset of one map.',
    suggestion: 'Pass the address of the field, at its constant offset, to the helper that is made for it.',
  },
  {
    id: 'field-missing',
    sample: "map 'm' has no valid bpf_timer",
    pattern:
      /has no valid|has to have BTF in order|off(?: |=)-?\d+ (?:doesn't point to|kptr isn't)|not found at offset|doesn't point to kptr|expects arg#1|but expected .* at offset/m,
    title: 'The value has no such field',
    problem: 'A helper is given a place in a value where no lock, timer, list, tree or kernel pointer was declared.',
    reason: 'The kernel finds these fields by the map’s BTF and refuses any other place.',
    suggestion:
      'Declare the field in the value’s struct, give the map its BTF (__type(value, …)), and pass the address of that field.',
  },
  {
    id: 'read-forbidden',
    sample: 'read from map forbidden, value_size=8 off=0 size=8',
    pattern: /read from map forbidden|write to change key|may write into memory/m,
    title: 'A direction that is not allowed',
    problem: 'The map or memory may not be read, or not be written, by programs.',
    reason: 'The flags of the map (BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG) or the kind of memory say so.',
    suggestion: 'Change the map’s flags, or copy the data first.',
  },
  {
    id: 'packet-write',
    sample: 'the prog does not allow writes to packet data',
    pattern: /does not allow writes to packet|helper access to the packet/m,
    title: 'A packet that may only be read',
    problem: 'The program, or a helper on its behalf, touches packet data in a way that its type does not allow.',
    reason: 'Only hooks that own the packet may change it, and only some helpers accept packet memory.',
    suggestion: 'Use bpf_skb_store_bytes() where it exists, or copy the bytes to the stack first.',
  },
  {
    id: 'atomic',
    sample: 'BPF_ATOMIC uses invalid atomic opcode 22',
    pattern: /BPF_ATOMIC|atomic operand size|atomic opcode/m,
    title: 'An atomic operation that is not possible',
    problem: 'The operation, its size, or the memory that it works on does not allow atomics.',
    reason:
      'Atomics exist for 4 and 8 bytes, on the stack, map values and arenas, not on contexts, packets or kernel objects.',
    suggestion: 'Use 32 or 64 bits in a map value.',
  },
  {
    id: 'direct-value',
    sample: 'no direct value access support for this map type',
    pattern:
      /direct value|failed to retrieve map value address|access to map value pointer|is not a const(?:ant address|')|readonly map|string is not zero-terminated|Invalid format string|const string/m,
    title: 'A constant that is not one',
    problem:
      'A helper wants a constant string or address in a frozen, read-only map, or the map type has no direct addresses.',
    reason: 'The content is read while the program is loaded, so it must not change any more.',
    suggestion: 'Use a string literal or a const array: they lie in .rodata, which the loader freezes.',
  },
  {
    id: 'wrong-pointer',
    sample: "R1 invalid mem access 'sock'",
    pattern: /invalid (?:mem|\S+) access|invalid access to|cannot pass in/m,
    title: 'An access through a pointer of another kind',
    problem: 'The program reads, writes or passes memory that a pointer of this kind does not lead to at this place.',
    reason: 'Each kind of pointer has its own rules: sizes, fields, and what may be done.',
    suggestion: 'Stay within the fields and the size of the object, or let a helper copy the data.',
  },
  {
    id: 'arena',
    sample: 'Only one arena per program',
    pattern: /arena|addr_space_cast/m,
    title: 'An arena used the wrong way',
    problem: 'An arena pointer, or the arena itself, is missing, doubled, or combined with what it cannot be.',
    reason: 'A program works in at most one arena, whose addresses must be known when it is loaded.',
    suggestion: 'Declare one arena map with its address (map_extra, or mmap it first), and mark pointers __arena.',
  },
]
