// SPDX-License-Identifier: BSD-2-Clause
import type { VariableView } from '../protocol.ts'

export function Variables({ variables }: { variables: readonly VariableView[] }) {
  const shown = variables.filter(({ name, section }) => !section.startsWith('.rodata.str') && !name.includes('____fmt'))
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
