// SPDX-License-Identifier: BSD-2-Clause
// Text of AssemblyScript for the virtual kernel: typed constants and static data, no strings and no managed arrays.

export function typed(value) {
  const big = BigInt(value)
  if (big >= -0x80000000n && big <= 0x7fffffffn) return 'i32'
  if (big >= 0n && big <= 0xffffffffn) return 'u32'
  return big < 0n || big <= 0x7fffffffffffffffn ? 'i64' : 'u64'
}

export function constant(name, value) {
  const text = value > 0xffff ? `0x${value.toString(16)}` : String(value)
  return `export const ${name}: ${typed(value)} = ${text}`
}

export function constants(groups) {
  return groups
    .map(([comment, values]) => `// ${comment}\n${values.map(([name, value]) => constant(name, value)).join('\n')}`)
    .join('\n\n')
}

/** Offsets of a layout: NAME__field, and NAME__SIZE. Bit fields have NAME__field__SHIFT and __WIDTH as well. */
export function layout({ name, size, source, fields }) {
  const lines = [`// ${source}`, constant(`${name}__SIZE`, size)]
  for (const [field, offset, , type] of fields) {
    const path = `${name}__${field.replaceAll('.', '__')}`
    lines.push(`${constant(path, offset)} // ${type}`)
    const bits = /:(\d+)@(\d+)$/.exec(type)
    if (bits) lines.push(constant(`${path}__SHIFT`, Number(bits[2])), constant(`${path}__WIDTH`, Number(bits[1])))
  }
  return lines.join('\n')
}

/** Static data in linear memory; its address is a compile-time constant. */
export function data(name, type, values, perLine = 16) {
  const lines = []
  for (let i = 0; i < values.length; i += perLine) lines.push(`  ${values.slice(i, i + perLine).join(', ')},`)
  const text = lines.join('\n').replace(/,$/, '')
  return `export const ${name}: usize = memory.data<${type}>([\n${text}\n])`
}
