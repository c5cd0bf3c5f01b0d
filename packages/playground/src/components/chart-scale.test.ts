// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, it } from 'vitest'
import { linePath, niceTicks } from './chart-scale.ts'

describe('marks of an axis', () => {
  it('are round and within the range', () => {
    expect(niceTicks(0, 100, 5)).toEqual([0, 20, 40, 60, 80, 100])
    expect(niceTicks(1, 7, 3)).toEqual([2, 4, 6])
    expect(niceTicks(0, 1, 4)).toEqual([0, 0.5, 1])
  })
})

describe('a line', () => {
  const same = (value: number) => value

  it('goes through all points where there is room', () => {
    const points = [[0, 1] as const, [1, 3] as const, [2, 2] as const]
    expect(linePath(points, same, same, 100)).toBe('M0.0 1.0L1.0 3.0L2.0 2.0')
  })

  it('keeps the peak of points that fall together', () => {
    const points = Array.from({ length: 1000 }, (_, i) => [i, i === 503 ? 99 : 0] as const)
    const path = linePath(points, same, same, 10)
    expect(path).toContain('503.0 99.0')
    expect(path.split('L').length).toBeLessThan(25)
    expect(path.endsWith('L999.0 0.0')).toBe(true)
  })
})
