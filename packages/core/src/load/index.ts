// SPDX-License-Identifier: BSD-2-Clause
export {
  BpfCall,
  decodeCString,
  encodeCString,
  encodeStruct,
  type FieldValues,
  getBigField,
  getField,
  getFieldBytes,
  type StructLayout,
} from './attr.ts'
export { type ConformanceOutcome, runConformanceCase } from './conformance.ts'
export { type Kallsyms, kernelSymbols, parseKallsyms } from './externs.ts'
export { type Features, features, hasHelper, hasMapType, hasProgramType } from './features/index.ts'
export { readAll, readFile, readText } from './files.ts'
export * from './info.ts'
export { type KconfigValues, kernelKconfig, parseKconfig } from './kconfig.ts'
export * from './kernel.ts'
export { KernelTypes } from './kernel-types.ts'
export { BpfLink, CallLink, Link } from './links/link.ts'
export type { AttachTarget, IterTarget, NetfilterTarget, UprobeTarget } from './links/target.ts'
export { IterLink } from './links/trace.ts'
export { LoadedObject, type LoadOptions, loadObject } from './loader.ts'
export { lastInstruction, lastMeaningfulLine, parseStats, poisonMeaning, type VerifierStats } from './log.ts'
export { isPerCpu, ringBufferSize, userValueSize } from './map-create.ts'
export { type ProgLine, progLines } from './prog-lines.ts'
export { Program, type ProgramFacts } from './program.ts'
export { loadRaw, type RawProgram, verifyRaw } from './raw.ts'
export * from './syscalls/link.ts'
export * from './syscalls/map.ts'
export * from './syscalls/object.ts'
export * from './syscalls/prog.ts'
export { BpfToken } from './token.ts'
export { type TraceSink, traceKernel } from './trace.ts'
export { type Verdict, type VerifyOptions, verifyObject, verifyProgram } from './verify.ts'
