// SPDX-License-Identifier: BSD-2-Clause
/** The C lines of a program in a kernel, by its translated instructions. */
import { parseBtf } from '../btf/index.ts'
import { bpf_line_info, bpf_prog_info } from '../gen/uapi-layouts.gen.ts'
import { BpfCall, encodeStruct, type FieldValues, getField } from './attr.ts'
import { btfInfo } from './info.ts'
import type { Kernel } from './kernel.ts'
import { getFdById, objGetInfo } from './syscalls/object.ts'

/** Where in the source an instruction and those after it come from. */
export interface ProgLine {
  /** Index in the translated instructions (8-byte slots). */
  readonly insn: number
  readonly file: string
  readonly line: number
  readonly column: number
  readonly text: string
}

/** Line and column share a word: 22 bits and 10 bits. */
const COLUMN_BITS = 10

/** The line records of a program, in order; none where it was loaded without. */
export function progLines(kernel: Kernel, fd: number): ProgLine[] {
  using call = new BpfCall(kernel)
  const little = kernel.facts.littleEndian
  const encode = (fields: FieldValues<typeof bpf_prog_info>) => encodeStruct(bpf_prog_info, fields, little)
  const sizes = objGetInfo(call, fd, bpf_prog_info, encode, {})
  const number = (name: 'btf_id' | 'nr_line_info') => getField(bpf_prog_info, sizes, name, little)
  const count = number('nr_line_info')
  if (!count || !number('btf_id')) return []
  const records = call.alloc(count * bpf_line_info.size)
  const fields = { nr_line_info: count, line_info_rec_size: bpf_line_info.size, line_info: records }
  objGetInfo(call, fd, bpf_prog_info, encode, fields)
  const btf = typesOf(kernel, number('btf_id'))
  return Array.from({ length: count }, (_, i) => {
    const record = records.bytes.subarray(i * bpf_line_info.size, (i + 1) * bpf_line_info.size)
    const part = (name: keyof (typeof bpf_line_info)['fields']) => getField(bpf_line_info, record, name, little)
    const place = part('line_col')
    return {
      insn: part('insn_off'),
      file: btf.string(part('file_name_off')),
      line: place >>> COLUMN_BITS,
      column: place & ((1 << COLUMN_BITS) - 1),
      text: btf.string(part('line_off')).trim(),
    }
  })
}

function typesOf(kernel: Kernel, id: number) {
  const fd = getFdById(kernel, 'btf', id)
  try {
    return parseBtf(btfInfo(kernel, fd, true).bytes)
  } finally {
    kernel.close(fd)
  }
}
