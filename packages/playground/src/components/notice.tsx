// SPDX-License-Identifier: BSD-2-Clause
import { notice } from '../state/view.ts'

/** Short answers to what the visitor did, read out as well. */
export function Notice() {
  return (
    <p class={notice.value ? 'notice shown' : 'notice'} role="status">
      {notice.value}
    </p>
  )
}
