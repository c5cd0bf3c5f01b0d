// SPDX-License-Identifier: BSD-2-Clause
import type { Engine } from '../protocol.ts'
import { moveClock, world } from '../state/run.ts'

const CPUS = [0, 1, 2, 3]
const SECOND = 1_000_000_000

/** The clock, the CPU and the engine of the runs that follow. */
export function WorldControls() {
  const { clock, cpu, engine } = world.value
  return (
    <fieldset class="world">
      <legend class="visually-hidden">Machine</legend>
      <label>
        CPU{' '}
        <select value={cpu} onChange={(e) => (world.value = { ...world.value, cpu: Number(e.currentTarget.value) })}>
          {CPUS.map((n) => (
            <option key={n} value={n}>
              {n}
            </option>
          ))}
        </select>
      </label>
      <label>
        Clock{' '}
        <input
          type="number"
          min={0}
          step={0.1}
          value={(clock / SECOND).toFixed(1)}
          onChange={(e) =>
            (world.value = { ...world.value, clock: Math.max(0, e.currentTarget.valueAsNumber || 0) * SECOND })
          }
        />{' '}
        s
      </label>
      <button type="button" class="quiet" onClick={() => moveClock(SECOND)}>
        +1 s
      </button>
      <label>
        Engine{' '}
        <select
          value={engine}
          onChange={(e) => (world.value = { ...world.value, engine: e.currentTarget.value as Engine })}
        >
          <option value="interp">interpreter</option>
          <option value="jit">JIT</option>
          <option value="checked">checked</option>
        </select>
      </label>
    </fieldset>
  )
}
