// SPDX-License-Identifier: BSD-2-Clause
export { ArenaMemory } from './arena.ts'
export { MapCodec, type MapShape } from './codec.ts'
export { BpfMap, type MapBatch, type MapEntry } from './map.ts'
export { PerfBuffer, type PerfHandlers } from './perf-buffer.ts'
export { type PlainValue, readPlain } from './plain.ts'
export { writePlain } from './plain-write.ts'
export { type RecordHandler, RingBuffer, type UserRecord, UserRingBuffer } from './ring-buffer.ts'
