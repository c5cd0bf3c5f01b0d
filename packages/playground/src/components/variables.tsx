// SPDX-License-Identifier: BSD-2-Clause
import type { VariableView } from '../protocol.ts'

export function Variables({ variables }: { variables: readonly VariableView[] }) {
  const shown = variables.filter(({ section }) => !section.startsWith('.rodata.str'))
  if (shown.length === 0) return null
  return (
    <table class="map">
      <caption>Global variables</caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Value</th>
        </tr>
      </thead>
      <tbody>
        {shown.map(({ name, section, value }) => (
          <tr key={name}>
            <th scope="row">
              {name} <small>{section}</small>
            </th>
            <td class="mono">{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
