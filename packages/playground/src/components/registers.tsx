// SPDX-License-Identifier: BSD-2-Clause
import type { StepState } from '../protocol.ts'
import { formatValue } from '../state/proofs.ts'

/** Values of all registers, with what the last instruction changed marked. */
export function Registers({ state }: { state: StepState }) {
  return (
    <table class="registers">
      <caption>Registers</caption>
      <tbody>
        {state.registers.map((value, i) => {
          const changed = state.previous !== undefined && state.previous[i] !== value
          return (
            <tr key={i} class={changed ? 'changed' : undefined}>
              <th scope="row">r{i}</th>
              <td class="mono">{formatValue(value)}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
