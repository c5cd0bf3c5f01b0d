// SPDX-License-Identifier: BSD-2-Clause
/** Maps as tables: keys and values in words, and the numbers in them for charts. */
import { type BpfMap, type LoadedObject, type PlainValue, readPlain, SyscallError } from '@skep/core'
import * as U from '@skep/core/uapi'
import type { MapRow, MapView, VariableView } from '../protocol.ts'

const MAX_ROWS = 256

/** Maps without keys to list, or whose contents are kernel objects. */
const UNLISTED: ReadonlySet<number> = new Set([
  U.BPF_MAP_TYPE_RINGBUF,
  U.BPF_MAP_TYPE_USER_RINGBUF,
  U.BPF_MAP_TYPE_QUEUE,
  U.BPF_MAP_TYPE_STACK,
  U.BPF_MAP_TYPE_BLOOM_FILTER,
  U.BPF_MAP_TYPE_ARENA,
  U.BPF_MAP_TYPE_STRUCT_OPS,
  U.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  U.BPF_MAP_TYPE_SK_STORAGE,
  U.BPF_MAP_TYPE_TASK_STORAGE,
  U.BPF_MAP_TYPE_INODE_STORAGE,
  U.BPF_MAP_TYPE_CGRP_STORAGE,
])

const ARRAYS: ReadonlySet<number> = new Set([U.BPF_MAP_TYPE_ARRAY, U.BPF_MAP_TYPE_PERCPU_ARRAY])

export function inWords(value: PlainValue): string {
  if (value instanceof Uint8Array) return Array.from(value, (b) => b.toString(16).padStart(2, '0')).join(' ')
  if (Array.isArray(value)) return `[${value.map(inWords).join(', ')}]`
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([name, member]) => `${name}: ${inWords(member)}`)
      .join(', ')}}`
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

/** Numbers in a value by path: `value`, `packets`, `sum.bytes`. Values of CPUs are added up. */
function numbersIn(value: PlainValue, path: string, out: Record<string, number>, depth = 0): void {
  if (typeof value === 'number' || typeof value === 'bigint') {
    const name = path || 'value'
    out[name] = (out[name] ?? 0) + Number(value)
  } else if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array) && depth < 3) {
    for (const [name, member] of Object.entries(value))
      numbersIn(member, path ? `${path}.${name}` : name, out, depth + 1)
  }
}

function rowOf(map: BpfMap, key: PlainValue, value: PlainValue): MapRow {
  const numbers: Record<string, number> = {}
  const cpus = map.codec.perCpu && Array.isArray(value) ? value : [value]
  for (const cpu of cpus) numbersIn(cpu, '', numbers)
  return { key: inWords(key), value: inWords(value), numbers }
}

function isZero(row: MapRow): boolean {
  const numbers = Object.values(row.numbers)
  return numbers.length > 0 ? numbers.every((n) => n === 0) : /^[0 ]*$/.test(row.value)
}

/** Rows of a map. Of an array that is mostly zero only what is not. */
function rowsOf(map: BpfMap): { rows: MapRow[]; total: number } {
  const rows: MapRow[] = []
  let total = 0
  for (const [key, value] of map.entries()) {
    total++
    const row = rowOf(map, key, value)
    const sparse = ARRAYS.has(map.type) && map.maxEntries > 16
    if (rows.length < MAX_ROWS && !(sparse && isZero(row))) rows.push(row)
  }
  return { rows, total }
}

/** Some maps give no values to user space: sockets, for instance. */
function tryRows(map: BpfMap): ReturnType<typeof rowsOf> | undefined {
  try {
    return rowsOf(map)
  } catch (error) {
    if (error instanceof SyscallError) return undefined
    throw error
  }
}

export function viewMap(map: BpfMap): MapView {
  const typeName = (U.MAP_TYPE_NAMES[map.type] ?? String(map.type)).toString()
  const listed = UNLISTED.has(map.type) ? undefined : tryRows(map)
  return {
    name: map.name,
    type: typeName,
    maxEntries: map.maxEntries,
    keySize: map.keySize,
    valueSize: map.valueSize,
    perCpu: map.codec.perCpu,
    rows: listed?.rows,
    total: listed?.total ?? 0,
  }
}

/** Maps that the program's author declared; sections are shown as variables. */
export function viewMaps(loaded: LoadedObject): MapView[] {
  return loaded.spec.maps
    .filter(({ origin }) => origin !== 'data' && origin !== 'rodata' && origin !== 'bss' && origin !== 'kconfig')
    .flatMap(({ name }) => {
      const map = loaded.maps.get(name)
      return map ? [viewMap(map)] : []
    })
}

/** Global variables and constants with their values now. */
export function viewVariables(loaded: LoadedObject): VariableView[] {
  const { btf, maps } = loaded.spec
  const views: VariableView[] = []
  for (const spec of maps) {
    const map = spec.variables.length > 0 ? loaded.maps.get(spec.name) : undefined
    if (!map) continue
    const bytes = map.lookupBytes(0) ?? new Uint8Array()
    for (const { name, offset, size, typeId } of spec.variables) {
      const part = bytes.subarray(offset, offset + size)
      views.push({ name, section: spec.name, value: inWords(btf && typeId ? readPlain(btf, typeId, part) : part) })
    }
  }
  return views
}
