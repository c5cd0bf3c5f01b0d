// SPDX-License-Identifier: BSD-2-Clause
/** The refusals that programmers meet most. */
import type { Explanation } from './explanation.ts'

export const COMMON: readonly Explanation[] = [
  {
    id: 'map-value-or-null',
    sample: "R0 invalid mem access 'map_value_or_null'",
    pattern: /^(R\d+) invalid mem access '(map_value|mem|ringbuf_mem|sock|ptr_|dynptr)\w*or_null\w*'/m,
    title: 'A pointer that may be null',
    problem: 'The program reads or writes through $1, but on this path nobody has asked whether $1 is null.',
    reason:
      'A lookup answers with null where the map has no such key, and reservations do so when there is no room. Following a null pointer would crash the kernel, so the verifier keeps the doubt in the type until a comparison with zero resolves it, on every path.',
    suggestion: 'Compare with null and use the pointer only on the branch where it is not.',
    code: '__u64 *seen = bpf_map_lookup_elem(&packets, &key);\n\nif (seen)\n\t*seen += 1;',
    example: 'refused/null-check',
  },
  {
    id: 'packet-bounds',
    sample: 'invalid access to packet, off=12 size=2, R1(id=0,off=12,r=0)\nR1 offset is outside of the packet',
    pattern: /invalid access to packet, off=(-?\d+) size=(\d+)|(R\d+) offset is outside of the packet/m,
    title: 'A read beyond the proved part of the packet',
    problem: 'The access reaches farther into the packet than any comparison with its end has shown to exist.',
    reason:
      'Packets come in all lengths. The verifier remembers, for each packet pointer, how many bytes were proved to be there (the r in pkt(r=…)); it starts at 0 and grows only by a comparison with data_end.',
    suggestion: 'Compare the end of what is about to be read with data_end first, and leave if it is beyond.',
    code: '__u8 *data = (__u8 *)(long)ctx->data;\n__u8 *end = (__u8 *)(long)ctx->data_end;\n\nif (data + 14 > end)\n\treturn XDP_PASS;',
    example: 'refused/packet-bounds',
  },
  {
    id: 'endless-loop',
    sample: 'infinite loop detected at insn 0',
    pattern: /infinite loop detected at insn (\d+)/m,
    title: 'A loop that makes no progress',
    problem:
      'The loop comes back to instruction $1 with exactly the knowledge it had before: nothing shows that it ever ends.',
    reason:
      'A program runs in the kernel and cannot be interrupted, so it must end. The verifier walks each turn of a loop; when a turn changes nothing that it knows, it concludes that there may be endlessly many.',
    suggestion: 'Count turns against a constant bound, or use bpf_loop(), a numeric iterator (bpf_for) or may_goto.',
    code: 'for (int i = 0; i < 100; i++)\n\tif (skb->mark)\n\t\tbreak;',
    example: 'refused/endless-loop',
  },
  {
    id: 'too-complex',
    sample: 'BPF program is too large. Processed 1000001 insn',
    pattern: /BPF program is too large\. Processed (\d+) insn|The sequence of \d+ jumps is too complex/m,
    title: 'Too much to verify',
    problem: 'The verifier looked at a million instructions along the paths of this program and was not through.',
    reason:
      'Each path is walked with what is known on it. Long loops and many branches multiply; the limit keeps loading from taking for ever.',
    suggestion:
      'Let loops have small constant bounds, use bpf_loop() whose body is verified once, or move pieces into global functions, which are verified on their own.',
  },
  {
    id: 'not-readable',
    sample: 'R3 !read_ok',
    pattern: /^(R\d+) !read_ok/m,
    title: 'A register that was never set',
    problem:
      'The instruction reads $1, and on this path nothing has written to it since the beginning, or since the call that destroyed it.',
    reason:
      'What an unset register holds is whatever the kernel left there: reading it could give away kernel memory. Calls use up r1 to r5, so those are unset after each call.',
    suggestion:
      'Set the register on every path. Most often a helper is declared with too few arguments, or a function returns no value on one path.',
    code: 'bpf_map_update_elem(&seen, &key, &value, BPF_ANY);',
    example: 'refused/missing-argument',
  },
  {
    id: 'wrong-helper',
    sample: 'program of this type cannot use helper bpf_redirect#23',
    pattern: /program of this type cannot use helper (\w+)#(\d+)|unknown func (\w+)#(\d+)/m,
    title: 'A helper of other program types',
    problem: 'The program calls a helper that Linux does not offer to programs of this type.',
    reason:
      'Helpers rely on what surrounds the hook: a redirect needs a packet on its way through a device, a signal needs a current task. Each program type has its list.',
    suggestion:
      'Use a helper of this type, or attach the work to a hook that has the helper: bpf_redirect() is there for tc and XDP programs.',
    code: 'SEC("tc")\nint block(struct __sk_buff *skb)\n{\n\treturn bpf_redirect(skb->ifindex, 0);\n}',
    example: 'refused/wrong-helper',
  },
  {
    id: 'gpl-only',
    sample: 'cannot call GPL-restricted function from non-GPL compatible program',
    pattern: /cannot call (?:GPL-restricted|kernel) function from non-GPL compatible program/m,
    title: 'A helper for GPL-compatible programs',
    problem:
      'The program calls a helper that is reserved for programs under a licence compatible with the GPL; this one declares another.',
    reason:
      'Some helpers (printing, probing kernel memory, perf events) count as so close to the kernel that its authors share them only with GPL-compatible code. The kernel reads the section “license”.',
    suggestion: 'Declare a compatible licence if that is the licence of the code, or do without the helper.',
    code: 'char LICENSE[] SEC("license") = "Dual BSD/GPL";',
    example: 'refused/gpl-only',
  },
  {
    id: 'map-value-bounds',
    sample:
      'invalid access to map value, value_size=256 off=1020 size=4\nR0 max value is outside of the allowed memory range',
    pattern:
      /invalid access to map value, value_size=(\d+) off=(-?\d+) size=(\d+)|(R\d+) (max|min) value is outside of the (allowed memory range|map_value)/m,
    title: 'An index that may reach beyond the value',
    problem: 'With the largest (or smallest) index that is possible here, the access lies outside of the map’s value.',
    reason:
      'The neighbour of a map value is other kernel memory. The verifier knows the range of every number; the range of this one is wider than the array.',
    suggestion: 'Bound the index before use: a comparison, or a mask with a power of two less one.',
    code: 'if (histogram && protocol < 64)\n\thistogram->packets[protocol]++;',
    example: 'refused/map-bounds',
  },
  {
    id: 'unbounded-access',
    sample: 'R0 unbounded memory access, make sure to bounds check any such access',
    pattern: /(R\d+) unbounded memory access|(R\d+) min value is negative/m,
    title: 'An index without a bound',
    problem: 'The offset that is added to the pointer can be anything, negative numbers included.',
    reason: 'Only an offset whose smallest and largest value both lie inside of the memory is safe.',
    suggestion: 'Use an unsigned type and compare it with a constant before it is added, or mask it.',
    code: 'if (index >= 64)\n\treturn 0;',
  },
  {
    id: 'context-access',
    sample: 'invalid bpf_context access off=0 size=4',
    pattern: /invalid bpf_context access off=(\d+) size=(\d+)/m,
    title: 'A field of the context out of reach',
    problem: 'The context may not be read or written at offset $1 with $2 bytes by a program of this type.',
    reason:
      'The context is a window on kernel objects. For each program type Linux decides field by field what may be read and what may be written: the length of a packet follows from the packet, writing it would be a lie.',
    suggestion:
      'Read the field and keep the result of your own, or use the helper that does the job. A socket filter shortens a packet by returning the number of bytes to keep.',
    code: 'return 64;',
    example: 'refused/context-write',
  },
  {
    id: 'return-range',
    sample: 'At program exit the register R0 has smin=0 smax=4294967295 should have been in [0, 1]',
    pattern: /At program exit the register (R\d+) has (.*?) should have been in (\[[^\]]*\])/m,
    title: 'A return value that the hook does not know',
    problem: 'The program may end with $1 outside of $3.',
    reason:
      'The hook acts on the value: here it is an answer such as allow or refuse. Another value has no meaning, so it is not let through.',
    suggestion: 'Return one of the allowed values on every path.',
    code: 'return ctx->user_port == bpf_htons(4040) ? 0 : 1;',
    example: 'refused/return-range',
  },
  {
    id: 'lost-reference',
    sample: 'Unreleased reference id=2 alloc_insn=5\nBPF_EXIT instruction in main prog would lead to reference leak',
    pattern: /Unreleased reference id=(\d+) alloc_insn=(\d+)|would lead to reference leak/m,
    title: 'Something taken and not given back',
    problem: 'What instruction $2 acquired is still held where the program ends, on this path.',
    reason:
      'Records of a ring buffer and references to sockets or tasks must be given back: a record that is neither submitted nor discarded would block the buffer for ever.',
    suggestion: 'Release on every path, the early returns included.',
    code: 'if (skb->len < 64) {\n\tbpf_ringbuf_discard(length, 0);\n\treturn 0;\n}',
    example: 'refused/lost-reference',
  },
  {
    id: 'scalar-as-address',
    sample: "R1 invalid mem access 'scalar'",
    pattern: /^(R\d+) invalid mem access '(scalar|inv)'/m,
    title: 'A number used as an address',
    problem: '$1 is a number here, not a pointer that the verifier knows, and the program reads or writes through it.',
    reason:
      'Only pointers that come from the kernel (context, stack, packet, maps, helpers) lead to memory that exists. Arithmetic on a number cannot make one; and arithmetic that the verifier does not allow turns a pointer into a number.',
    suggestion:
      'Use a pointer that the kernel gave. In tracing programs bpf_probe_read_kernel() reads at any address and fails softly.',
    code: 'bpf_probe_read_kernel(&value, sizeof(value), place);',
    example: 'refused/unreadable-pointer',
  },
  {
    id: 'stack-read',
    sample: 'invalid read from stack off -8+0 size 8',
    pattern: /invalid (?:indirect )?read from stack (?:R\d+ )?off (-?\d+)/m,
    title: 'Stack that was never written',
    problem: 'The program reads its stack at offset $1 before anything was stored there.',
    reason:
      'The stack holds what ran before. For callers without the right to read kernel memory that would be a leak.',
    suggestion: 'Initialise variables and structs, padding included.',
    code: 'struct flow flow = {};',
  },
  {
    id: 'stack-bounds',
    sample: 'invalid write to stack R10 off=-520 size=8',
    pattern:
      /invalid (?:write to|read from|unbounded .* access to) stack|combined stack size of \d+ calls|stack depth \d+ exceeds/m,
    title: 'Beyond the stack',
    problem:
      'The access does not lie within the 512 bytes of the stack, or the functions that call each other need more in all.',
    reason: 'The kernel’s own stack is small; a program gets 512 bytes of it, together with all that it calls.',
    suggestion: 'Keep large data in a map (a per-CPU array with one entry serves as scratch memory).',
  },
  {
    id: 'pointer-arithmetic',
    sample: 'R1 pointer arithmetic with *= operator prohibited',
    pattern:
      /(R\d+) (?:pointer (?:arithmetic|comparison|\+=)|bitwise|32-bit pointer).*prohibited|math between \w+ pointer|makes \w+ pointer be out of bounds|tried to subtract pointer from scalar/m,
    title: 'Arithmetic that a pointer does not allow',
    problem: 'An operation on a pointer that the verifier cannot follow.',
    reason:
      'Only adding and subtracting numbers keeps a pointer inside of what it points to; everything else could make an address up, or give one away.',
    suggestion: 'Compute the offset with numbers, bound it, then add it to the pointer.',
  },
  {
    id: 'read-only',
    sample: 'write into map forbidden, value_size=48 off=0 size=8',
    pattern:
      /write into map forbidden|(R\d+|frame pointer) (?:cannot write into|is read only)|cannot write into (?:packet|\w+)/m,
    title: 'Memory that may only be read',
    problem: 'The program writes where it may only read.',
    reason:
      'Constants, frozen maps, keys of maps, kernel objects and, for some program types, the packet are there to be read: others rely on them not changing.',
    suggestion: 'Copy what is to be changed to the stack or to a map of its own, or use the helper that writes it.',
  },
  {
    id: 'division-by-zero',
    sample: 'div by zero',
    pattern: /div by zero/m,
    title: 'A division by the constant zero',
    problem: 'The instruction divides by an immediate that is zero.',
    reason: 'A division by a register that is zero gives zero; by a constant it is a mistake for sure.',
    suggestion: 'Divide by another constant, or by a register.',
  },
  {
    id: 'dynptr',
    sample: 'Expected an initialized dynptr as arg #2',
    pattern: /dynptr/im,
    title: 'A dynptr in the wrong state',
    problem: 'A dynptr is used before it was made, made over another one, or written to as if it were plain memory.',
    reason:
      'A dynptr on the stack stands for memory whose size is known only when the program runs. The verifier keeps track of where each lies, and lets only its helpers touch it.',
    suggestion:
      'Make it with bpf_dynptr_from_mem() or bpf_ringbuf_reserve_dynptr(), use it through helpers, and submit or discard it once.',
  },
  {
    id: 'lock',
    sample: 'function calls are not allowed while holding a lock',
    pattern: /holding a lock|bpf_spin_(?:un)?lock|spin_lock/m,
    title: 'A lock held the wrong way',
    problem: 'A spin lock is taken twice, left held, released for another, or something is called while it is held.',
    reason: 'Another CPU spins while the lock is held: what happens in between must be short and certain to end.',
    suggestion: 'Take one lock, change the value that it protects, release it, on every path.',
  },
  {
    id: 'helper-argument',
    sample: 'R2 type=scalar expected=fp, pkt, pkt_meta, map_key, map_value',
    pattern: /(R\d+) type=(\w+) expected=([\w, ]+)/m,
    title: 'An argument of another type',
    problem: '$1 is “$2”, and the helper wants $3.',
    reason:
      'Helpers trust their arguments. The verifier checks each against the helper’s declaration, so that the helper need not.',
    suggestion:
      'Pass what the helper’s description says: often the address of a variable on the stack, or a pointer after its null check.',
  },
  {
    id: 'unreachable',
    sample: 'unreachable insn 3',
    pattern: /unreachable insn (\d+)/m,
    title: 'Code that nothing reaches',
    problem: 'No path leads to instruction $1.',
    reason: 'Callers without CAP_BPF may not load dead code: it could be a way around checks.',
    suggestion: 'Take it out, or jump to it.',
  },
  {
    id: 'falls-off',
    sample: 'last insn is not an exit or jmp',
    pattern: /last insn is not an exit or jmp|jump out of range/m,
    title: 'The end of the program is left open',
    problem: 'A path runs beyond the last instruction, or a jump leads outside of the function.',
    reason: 'What lies behind a program is not a program.',
    suggestion: 'End every function with exit or a jump back.',
    code: 'r0 = 0\nexit',
  },
]
