// SPDX-License-Identifier: BSD-2-Clause
import type { MapView } from '../protocol.ts'

export function MapTable({ map }: { map: MapView }) {
  const { rows } = map
  return (
    <table class="map">
      <caption>
        {map.name} <small>{map.type.replace('BPF_MAP_TYPE_', '').toLowerCase().replaceAll('_', ' ')}</small>
      </caption>
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">{map.perCpu ? 'Value on each CPU' : 'Value'}</th>
        </tr>
      </thead>
      <tbody>
        {rows?.map(({ key, value }) => (
          <tr key={key}>
            <th scope="row" class="mono">
              {key}
            </th>
            <td class="mono">{value}</td>
          </tr>
        ))}
        {rows && rows.length === 0 && (
          <tr>
            <td colSpan={2} class="empty">
              {map.total > 0 ? 'all zero' : 'empty'}
            </td>
          </tr>
        )}
        {!rows && (
          <tr>
            <td colSpan={2} class="empty">
              its entries cannot be listed
            </td>
          </tr>
        )}
        {rows && map.total > rows.length && rows.length > 0 && (
          <tr>
            <td colSpan={2} class="empty">
              {map.total - rows.length} more, {map.type.includes('ARRAY') ? 'zero or not shown' : 'not shown'}
            </td>
          </tr>
        )}
      </tbody>
    </table>
  )
}
