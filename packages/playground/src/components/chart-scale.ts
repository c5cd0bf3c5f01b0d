// SPDX-License-Identifier: BSD-2-Clause
/** Where the marks of an axis stand, and lines of many points. */

/** About `count` round numbers from `from` to `to`: steps of 1, 2 or 5 times a power of ten. */
export function niceTicks(from: number, to: number, count: number): number[] {
  const rough = (to - from) / Math.max(count, 1)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!
  const ticks: number[] = []
  for (let i = Math.ceil(from / step); i * step <= to; i++) ticks.push(i * step)
  return ticks
}

/** Path of a line; of points that fall on one pixel the lowest and the highest are kept, so that no peak is lost. */
export function linePath(
  points: readonly (readonly [number, number])[],
  x: (at: number) => number,
  y: (value: number) => number,
  pixels: number,
): string {
  const size = Math.max(1, Math.ceil(points.length / pixels))
  const kept: (readonly [number, number])[] = []
  for (let i = 0; i < points.length; i += size) {
    const group = points.slice(i, i + size)
    const low = group.reduce((a, b) => (b[1] < a[1] ? b : a))
    const high = group.reduce((a, b) => (b[1] > a[1] ? b : a))
    kept.push(...(low === high ? [low] : low[0] < high[0] ? [low, high] : [high, low]))
  }
  const end = points.at(-1)
  if (end && kept.at(-1) !== end) kept.push(end)
  return kept.map(([at, value], i) => `${i ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join('')
}
