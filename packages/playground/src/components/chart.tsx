// SPDX-License-Identifier: BSD-2-Clause
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { samples } from '../state/run.ts'
import { theme } from '../state/view.ts'

/** Series that are drawn: those with the greatest numbers. */
const MAX_SERIES = 8
const HEIGHT = 260

function names(): string[] {
  const last = samples.value.at(-1)?.numbers ?? new Map<string, number>()
  return [...last]
    .filter(([, value]) => value !== 0)
    .sort((a, b) => b[1] - a[1])
    .slice(0, MAX_SERIES)
    .map(([name]) => name)
}

function dataOf(series: readonly string[]): uPlot.AlignedData {
  const all = samples.value
  return [
    all.map(({ at }) => at),
    ...series.map((name) => all.map(({ numbers }) => numbers.get(name) ?? 0)),
  ] as uPlot.AlignedData
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

function optionsOf(series: readonly string[], width: number): uPlot.Options {
  const axis = { stroke: colour('--muted'), grid: { stroke: colour('--line') }, ticks: { stroke: colour('--line') } }
  return {
    width,
    height: HEIGHT,
    legend: { live: false },
    scales: { x: { time: false } },
    axes: [
      { ...axis, label: 'inputs so far', labelSize: 22 },
      { ...axis, size: 64 },
    ],
    series: [
      { label: 'input' },
      ...series.map((label, i) => ({ label, stroke: colour(`--series-${i}`), width: 2, points: { show: false } })),
    ],
  }
}

/** The numbers in maps and variables over the inputs, as they come. */
export default function Chart() {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const shown = useRef('')
  const series = names()
  const key = `${theme.value} ${series.join(' ')}`
  const count = samples.value.at(-1)?.at

  useEffect(() => {
    const element = box.current
    if (!element) return
    if (shown.current !== key || !plot.current) {
      plot.current?.destroy()
      plot.current = new uPlot(optionsOf(series, element.clientWidth), dataOf(series), element)
      shown.current = key
    } else plot.current.setData(dataOf(series))
  }, [key, count])

  useEffect(() => {
    const element = box.current!
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [])

  const last = samples.value.at(-1)
  const text = series.map((name) => `${name} ${last?.numbers.get(name)}`).join(', ')
  return <div ref={box} class="chart" role="img" aria-label={`Chart after ${count} inputs: ${text}`} />
}
