// SPDX-License-Identifier: BSD-2-Clause

/** One column of a table. */
export interface Column {
  readonly title: string
  /** Numbers stand at the right, text at the left. Default left. */
  readonly align?: 'left' | 'right'
}

function pad(text: string, width: number, align: 'left' | 'right' | undefined): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width)
}

/** A plain table for a terminal: columns as wide as their widest cell, two blanks between, no trailing blanks. */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, i) => Math.max(column.title.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]) =>
    columns
      .map((column, i) => pad(cells[i] ?? '', widths[i] ?? 0, column.align))
      .join('  ')
      .trimEnd()
  return [line(columns.map((column) => column.title)), ...rows.map(line)].join('\n')
}
