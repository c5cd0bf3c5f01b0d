// SPDX-License-Identifier: BSD-2-Clause
/** Refusals of instructions, functions, type information and of the load itself. */
import type { Explanation } from './explanation.ts'

export const STRUCTURE: readonly Explanation[] = [
  {
    id: 'bad-instruction',
    sample: 'unknown opcode 8d',
    pattern:
      /reserved fields|unknown opcode|invalid BPF_|ld_imm64|ldimm64|invalid shift|opcode|invalid func |(R\d+) is invalid|may_goto|insn idx|insns? cannot/m,
    title: 'An instruction that does not exist',
    problem: 'The bytes are no valid instruction, or name a register, helper or field that there is not.',
    reason: 'Every bit of an instruction has a meaning or must be zero.',
    suggestion: 'Compilers do not write these: look at hand-written assembly, or at a helper newer than the kernel.',
  },
  {
    id: 'legacy-load',
    sample: 'BPF_LD_[ABS|IND] instructions not allowed for this program type',
    pattern: /LD_ABS|BPF_LD_\[/m,
    title: 'An old packet load',
    problem: 'Loads with BPF_ABS and BPF_IND are not possible in this program or function.',
    reason: 'They come from classic BPF, work on a socket buffer in R6, and end the program when the packet is short.',
    suggestion: 'Use packet pointers or bpf_skb_load_bytes().',
  },
  {
    id: 'back-edge',
    sample: 'back-edge from insn 3 to 0',
    pattern: /back-edge/m,
    title: 'A loop',
    problem: 'An instruction jumps back, and this caller may not load loops.',
    reason: 'Loops need CAP_BPF.',
    suggestion: 'Load with CAP_BPF, or unroll the loop.',
  },
  {
    id: 'call-depth',
    sample: 'the call stack of 9 frames is too deep !',
    pattern:
      /call stack of \d+ frames|stack size of subprog|too many subprograms|call to invalid destination|allocated_stack/m,
    title: 'Too many or too large functions',
    problem: 'Functions are nested more than eight deep, are too many, need too much stack, or a call leads nowhere.',
    reason: 'The kernel’s stack is small and shared.',
    suggestion: 'Inline small functions, and move large variables into maps.',
  },
  {
    id: 'global-function',
    sample: "Caller passes invalid args into func#1 ('f')",
    pattern: /[Gg]lobal func|Caller passes|[Aa]rg#\d|arg\d|Function \S+ has|Invalid type of function|kern ctx type/m,
    title: 'A global function’s argument',
    problem: 'An argument of a global function has no type that can be checked, or the caller passes another.',
    reason: 'Global functions are verified by their declaration alone, so it must say everything.',
    suggestion:
      'Use numbers, pointers to structs with sizes, the context, or tags (__arg_ctx, __arg_nonnull); or make the function static.',
  },
  {
    id: 'attach-target',
    sample: "Attaching tracing programs to function 'x' is rejected.",
    pattern:
      /is not sleepable|is not modifiable|has \d+ args while|[Aa]ttach|[Ee]xten(?:d|sion) |static functions|Return type|Subprog \S+ doesn't exist|The function \S+ |is not a struct|modify return codes/m,
    title: 'A target that the program cannot attach to',
    problem:
      'The function, program or structure member that the program is made for is not there, not allowed, or of another form.',
    reason:
      'Programs are checked against what they attach to: it must exist in the BTF of the kernel or program, have arguments that can be passed on, and be a safe place.',
    suggestion: 'Check the name in SEC(…) and the arguments against vmlinux.h, or choose another hook.',
  },
  {
    id: 'type-information',
    sample: 'missing btf func_info',
    pattern: /func[_ ]info|line_info|core_relo|BTF of func|size of type|btf_id|main subprog/m,
    title: 'Type information that does not match',
    problem: 'The functions, lines or relocations that the program’s BTF lists do not match its instructions.',
    reason: 'The kernel uses them for messages and for checking functions, and refuses what does not fit.',
    suggestion:
      'Load the object with the BTF that it was compiled with; tools that change instructions must change it too.',
  },
  {
    id: 'descriptors',
    sample: 'fd 5 is not pointing to valid bpf_map',
    pattern: /fd[_ ]|fd_array|not pointing to valid|total number of (?:maps|btfs)/m,
    title: 'A map or BTF that cannot be found',
    problem: 'A descriptor in the program is no map or BTF, or there are more than 64 maps.',
    reason: 'Maps are resolved and held when the program is loaded.',
    suggestion: 'Load through a loader that fills in descriptors, and keep them open until then.',
  },
  {
    id: 'privilege',
    sample: 'loading/calling other bpf or kernel functions are allowed for CAP_BPF and CAP_SYS_ADMIN',
    pattern: /CAP_\w+|!root/m,
    title: 'A right that the caller lacks',
    problem: 'What the program does needs a capability that the loading process has not.',
    reason: 'Unprivileged programs get a smaller set of features.',
    suggestion: 'Load with the capability, mostly CAP_BPF and CAP_PERFMON.',
  },
  {
    id: 'licence',
    sample: 'struct ops programs must have a GPL compatible license',
    pattern: /GPL/m,
    title: 'A licence that is not compatible with the GPL',
    problem: 'The program uses what is reserved for programs under a licence compatible with the GPL.',
    reason: 'The kernel reads the section “license”.',
    suggestion: 'Declare a compatible licence if that is the licence of the code.',
  },
  {
    id: 'uninitialised-variable',
    sample: 'unexpected __bpf_trap() due to uninitialized variable?',
    pattern: /__bpf_trap/m,
    title: 'Code that the compiler gave up',
    problem: 'The compiler found undefined behaviour, mostly an uninitialised variable, and put a trap there.',
    reason: 'What happens then is not defined, so it is not run.',
    suggestion: 'Initialise the variable on every path.',
  },
]
