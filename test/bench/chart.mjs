// SPDX-License-Identifier: BSD-2-Clause
// The bench as a picture: a bar a program, its time on our JIT over its time on Linux's.

const ROW = 22
const LEFT = 110
const WIDTH = 640
const TOP = 56
/** Longest bar stands for this ratio. */
const MOST = 2

const xOf = (ratio) => LEFT + (Math.min(ratio, MOST) / MOST) * (WIDTH - LEFT - 60)

/** SVG text. Without Linux's figures there is nothing to compare with, and the chart says so. */
export function drawChart(results, means) {
  const rows = results.filter(({ ratio }) => ratio)
  const height = TOP + rows.length * ROW + 30
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    '<style>text{fill:#444}.bar{fill:#d8951f}.kernel{fill:#7a8fa6}.one{stroke:#888}@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>',
    `<text x="8" y="20" font-size="14">Time of a run, our JIT over Linux's JIT (shorter is faster)</text>`,
  ]
  const mean = means ? `geometric mean of pure programs: ${means.jit.toFixed(2)}` : 'no Linux to compare with'
  lines.push(`<text x="8" y="40">${mean}</text>`)
  for (const [i, { name, kind, ratio }] of rows.entries()) {
    const y = TOP + i * ROW
    const end = xOf(ratio.jit)
    lines.push(
      `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end">${name}</text>`,
      `<rect class="${kind === 'pure' ? 'bar' : 'kernel'}" x="${LEFT}" y="${y + 2}" width="${(end - LEFT).toFixed(1)}" height="${ROW - 6}"/>`,
      `<text x="${(end + 6).toFixed(1)}" y="${y + 14}">${ratio.jit.toFixed(2)}</text>`,
    )
  }
  const one = xOf(1).toFixed(1)
  lines.push(
    `<line class="one" x1="${one}" x2="${one}" y1="${TOP - 4}" y2="${height - 24}"/>`,
    `<text x="${one}" y="${height - 8}" text-anchor="middle">Linux = 1</text>`,
    '</svg>',
  )
  return `${lines.join('\n')}\n`
}
