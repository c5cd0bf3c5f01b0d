// SPDX-License-Identifier: BSD-2-Clause
/** Refusals of calls, references, iterators and what else belongs to the kernel. */
import type { Explanation } from './explanation.ts'

export const KERNEL_OBJECTS: readonly Explanation[] = [
  {
    id: 'sleep',
    sample: 'helper call might sleep in a non-sleepable prog',
    pattern:
      /might sleep|sleepable (?:helper|within)|is sleepable within|must be sleepable|that may sleep|[Pp]rog(?:ram)?s can (?:only )?be sleepable|Sleepable programs can only|css_task_iter is only allowed/m,
    title: 'Sleeping where it is not allowed',
    problem:
      'Something that may sleep is used where the kernel must not, or a program is loaded as sleepable that cannot be.',
    reason: 'With preemption or interrupts off, in an RCU section, or in most hooks, sleeping would stop a CPU.',
    suggestion:
      'Use a sleepable section (for instance SEC("lsm.s/…"), SEC("uprobe.s")), or move the call out of the section that forbids it.',
  },
  {
    id: 'open-section',
    sample: 'bpf_exit instruction cannot be used inside bpf_rcu_read_lock-ed region',
    pattern:
      /-ed region|nested rcu read lock|unmatched (?:attempt|rcu)|irq flag|restore irq state|RCU (?:CS|critical)|bpf_rcu_read_\{lock/m,
    title: 'A section that is not opened and closed in pairs',
    problem: 'An RCU, preemption or interrupt section is entered twice, left without being entered, or still open.',
    reason: 'Such a section changes how the CPU runs: each must be closed on every path, in reverse order.',
    suggestion: 'Pair the lock and unlock calls on every path, early returns included.',
  },
  {
    id: 'lock-pairing',
    sample: 'bpf_spin_unlock of different lock',
    pattern:
      /_unlock (?:cannot be|of different|without)|AA deadlock|acquire lock state|lock acquisition|in rbtree cb|not allowed in rbtree|held lock and object/m,
    title: 'Locks that do not pair',
    problem: 'A lock is released without being held, out of order, or together with the wrong object.',
    reason: 'The verifier knows which lock is held; another one protects nothing here.',
    suggestion: 'Release the lock that was taken last, and work on the list or tree that it protects.',
  },
  {
    id: 'iterator',
    sample: 'expected an initialized iter_num as arg #0',
    pattern: /initialized iter_|iterator on stack|valid iter pointer/m,
    title: 'An iterator in the wrong state',
    problem: 'An iterator is used before it is made, made twice, or does not lie on the stack.',
    reason: 'The verifier follows each iterator from new to destroy in one stack slot.',
    suggestion: 'Use bpf_for() or bpf_for_each(), which make and destroy it.',
  },
  {
    id: 'not-acquired',
    sample: 'func bpf_sk_release#86 reference has not been acquired before',
    pattern:
      /reference has not been acquired|unacquired reference|must be referenced|more than one arg with ref_obj_id|expects refcounted|owning(?: or non-owning)? ref|non-owning|refcounted/m,
    title: 'A release of what is not held',
    problem: 'The function takes over an object that this path does not own.',
    reason: 'Ownership begins with the call that acquires and ends with one release.',
    suggestion: 'Release only what was acquired on this path and passed its null check, once.',
  },
  {
    id: 'null-argument',
    sample: 'Possibly NULL pointer passed to helper arg1',
    pattern: /Possibly NULL pointer|expected to be non-NULL|null-check it first/m,
    title: 'An argument that may be null',
    problem: 'A pointer is passed, or added to, before it was compared with null.',
    reason: 'The function follows the pointer without asking.',
    suggestion: 'Compare with null first.',
  },
  {
    id: 'tail-call',
    sample: 'tail_call is not allowed in subprogs without BTF',
    pattern: /tail_calls? |expected prog array|tail call/m,
    title: 'A tail call that is not possible here',
    problem:
      'The tail call lacks a program array, comes from a function that may not make one, or from too deep a stack.',
    reason: 'The called program takes the place of this one, stack frames included.',
    suggestion:
      'Call bpf_tail_call() with a constant program array, from functions that return int, with small stacks.',
  },
  {
    id: 'map-for-helper',
    sample: 'cannot pass map_type 2 into func bpf_ringbuf_output#130',
    pattern:
      /cannot pass map_type|invalid arg_type for sock|callback function not allowed for map|struct_ops map cannot|isn't map pointer|local_storage\(\) doesn't|cgroup storage of each type|doesn't point to (?:a )?map value/m,
    title: 'A map that does not fit',
    problem: 'The helper does not work on a map of this type.',
    reason: 'Each map type has its own operations.',
    suggestion: 'Use the helper of this map type, or another map.',
  },
  {
    id: 'map-of-another',
    sample: "program's hash doesn't match map's excl_prog_hash",
    pattern: /excl_prog_hash/m,
    title: 'A map of another program',
    problem: 'The map was made for one program alone, and this is another.',
    reason: 'Its excl_prog_hash is the hash of the only program that may use it.',
    suggestion: 'Load the program that the map was made for, or make a map without that hash.',
  },
  {
    id: 'known-argument',
    sample: 'R2 must be a known constant',
    pattern:
      /must be a known constant|is not a (?:known )?const|not a known value|is not a scalar|not a scalar value|should be|^expected=/m,
    title: 'A value of another kind',
    problem:
      'A register must hold a number, or a number that is known, or one of the types that are named, and does not.',
    reason: 'The verifier, or the hook that gets the value, needs it to be sure.',
    suggestion: 'Use a constant, or a plain number, in that place.',
  },
  {
    id: 'kernel-function',
    sample: 'calling kernel function bpf_task_acquire is not allowed',
    pattern:
      /kernel (?:module )?func(?!tions are|tion from non-GPL)|kfunc|kernel btf_id|module BTF|obj_(?:new|drop)|rcu pointer|PTR_TO_BTF_ID|type ID|allocated object|pointer to (?:func|allocated)|arg#\d+ (?:expected|doesn't point to (?:a type|an irq|map))|expected \S+ or socket|Helper has invalid btf/m,
    title: 'A kernel function that cannot be called so',
    problem: 'The kernel function is not offered to this program, or an argument is not what its prototype wants.',
    reason:
      'Kernel functions are checked by the kernel’s BTF: the program type must be registered for them, pointers must be trusted, and objects of the declared type.',
    suggestion:
      'Check the prototype in vmlinux.h, its flags in the kernel’s documentation, and pass pointers as the kernel gave them.',
  },
  {
    id: 'callback',
    sample: 'callback function not static',
    pattern: /callback|exception cb/m,
    title: 'A callback that does not fit',
    problem: 'The function that is passed as a callback, or that handles exceptions, has not the form that is wanted.',
    reason: 'It is called by the kernel with fixed arguments.',
    suggestion:
      'Make callbacks static functions with the documented arguments; the exception callback is global and takes one number.',
  },
  {
    id: 'program-type-helper',
    sample: 'func bpf_get_func_ip#173 not supported for program type 5',
    pattern:
      /not supported for program type|supported only for|helper call is not allowed|progs cannot use|device-bound|not supported without/m,
    title: 'A feature of other programs',
    problem: 'The helper or feature is not there for programs of this type.',
    reason: 'It relies on what surrounds other hooks.',
    suggestion: 'Use another hook, or do without.',
  },
]
