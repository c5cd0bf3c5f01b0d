// SPDX-License-Identifier: BSD-2-Clause
// Text of TypeScript for core.

export function literal(value) {
  return Number.isSafeInteger(value)
    ? value > 0xffff
      ? `0x${value.toString(16)}`
      : String(value)
    : `0x${value.toString(16)}n`
}

export function quote(text) {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** Groups of [name, value] rows as exported constants, each group under a comment. */
export function constants(groups) {
  return groups
    .map(
      ([comment, values]) =>
        `// ${comment}\n${values.map(([name, value]) => `export const ${name} = ${literal(value)}`).join('\n')}`,
    )
    .join('\n\n')
}

/** A table from number to name; numbers without a name hold an empty string. */
export function nameTable(name, entries, doc) {
  const names = []
  for (const [text, value] of entries) names[value] ??= text
  const lines = Array.from(names, (text) => `  ${quote(text ?? '')},`)
  return `/** ${doc} */\nexport const ${name}: readonly string[] = [\n${lines.join('\n')}\n]`
}

/** `type[n]` and `type:w@s` of a layout row. */
export function fieldType(type) {
  const array = /^(.*)\[(\d+)\]$/.exec(type)
  if (array) return { base: array[1], count: Number(array[2]) }
  const bits = /^(.*):(\d+)@(\d+)$/.exec(type)
  if (bits) return { base: bits[1], bits: { shift: Number(bits[3]), width: Number(bits[2]) } }
  return { base: type }
}

export function layout({ name, size, source, fields }) {
  const lines = fields.map(([field, offset, bytes, type]) => {
    const { count, bits } = fieldType(type)
    const key = field.includes('.') ? quote(field) : field
    const extra = `${count === undefined ? '' : `, count: ${count}`}${bits ? `, shift: ${bits.shift}, width: ${bits.width}` : ''}`
    return `    ${key}: { offset: ${offset}, size: ${bytes}${extra} }, // ${type}`
  })
  const body = lines.length === 0 ? '  fields: {},' : `  fields: {\n${lines.join('\n')}\n  },`
  return `/** ${source} */\nexport const ${name} = {\n  size: ${size},\n${body}\n} as const satisfies Layout`
}
