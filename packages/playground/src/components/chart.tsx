// SPDX-License-Identifier: BSD-2-Clause
import { useEffect, useRef, useState } from 'preact/hooks'
import { samples } from '../state/run.ts'
import { linePath, niceTicks } from './chart-scale.ts'

/** Series that are drawn: those with the greatest numbers. */
const MAX_SERIES = 8
const HEIGHT = 260
const MARGIN = { top: 10, right: 12, bottom: 40, left: 64 }
/** Pixels between two marks of an axis, about. */
const TICK_WIDTH = 90
const TICK_HEIGHT = 45

const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 })

function names(): string[] {
  const last = samples.value.at(-1)?.numbers ?? new Map<string, number>()
  return [...last]
    .filter(([, value]) => value !== 0)
    .sort((a, b) => b[1] - a[1])
    .slice(0, MAX_SERIES)
    .map(([name]) => name)
}

function useWidth() {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(600)
  useEffect(() => {
    const element = box.current!
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return { box, width }
}

/** The numbers in maps and variables over the inputs, as they come. */
export default function Chart() {
  const { box, width } = useWidth()
  const all = samples.value
  const series = names()
  const last = all.at(-1)
  const text = series.map((name) => `${name} ${last?.numbers.get(name)}`).join(', ')

  const [from, to] = [all[0]?.at ?? 0, Math.max(last?.at ?? 1, (all[0]?.at ?? 0) + 1)]
  const lines = series.map((name) => all.map(({ at, numbers }) => [at, numbers.get(name) ?? 0] as const))
  const values = lines.flatMap((points) => points.map(([, value]) => value))
  const low = values.reduce((a, b) => Math.min(a, b), 0)
  const high = values.reduce((a, b) => Math.max(a, b), low + 1)
  const inner = { width: Math.max(width - MARGIN.left - MARGIN.right, 50), height: HEIGHT - MARGIN.top - MARGIN.bottom }
  const x = (at: number) => MARGIN.left + ((at - from) / (to - from)) * inner.width
  const y = (value: number) => MARGIN.top + (1 - (value - low) / (high - low)) * inner.height

  return (
    <div ref={box} class="chart" role="img" aria-label={`Chart after ${last?.at} inputs: ${text}`}>
      <svg width={width} height={HEIGHT} aria-hidden="true">
        {niceTicks(low, high, inner.height / TICK_HEIGHT).map((value) => (
          <g key={value}>
            <line class="grid" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(value)} y2={y(value)} />
            <text x={MARGIN.left - 8} y={y(value) + 4} text-anchor="end">
              {short.format(value)}
            </text>
          </g>
        ))}
        {niceTicks(from, to, inner.width / TICK_WIDTH).map((at) => (
          <g key={at}>
            <line class="grid" x1={x(at)} x2={x(at)} y1={MARGIN.top} y2={HEIGHT - MARGIN.bottom} />
            <text x={x(at)} y={HEIGHT - MARGIN.bottom + 16} text-anchor="middle">
              {short.format(at)}
            </text>
          </g>
        ))}
        <text x={MARGIN.left + inner.width / 2} y={HEIGHT - 6} text-anchor="middle">
          inputs so far
        </text>
        {lines.map((points, i) => (
          <path key={series[i]} d={linePath(points, x, y, inner.width)} style={{ stroke: `var(--series-${i})` }} />
        ))}
      </svg>
      <ul aria-hidden="true">
        {series.map((name, i) => (
          <li key={name}>
            <span style={{ background: `var(--series-${i})` }} />
            {name}
          </li>
        ))}
      </ul>
    </div>
  )
}
