// SPDX-License-Identifier: BSD-2-Clause
/** Addresses: `#example=sockex1`, `#s=…` for a shared state, `#/message/…` for a page of explanation. */
import { exampleOf } from '../content/examples.ts'
import { failure, lookForClang, open, document as opened, refusal } from './document.ts'
import { decodeState } from './share.ts'
import { route, routeOf, tab } from './view.ts'

const FIRST = 'sockex1'

async function follow(hash: string): Promise<void> {
  route.value = routeOf(hash)
  if (route.value.page !== 'work') return
  const example = /^#example=(.+)$/.exec(hash)
  if (hash.startsWith('#s=')) await decodeState(hash.slice(1))
  else if (example && exampleOf(decodeURIComponent(example[1]!))) await pick(decodeURIComponent(example[1]!), false)
  else if (!opened.value) await pick(FIRST, false)
}

/** Opens an example. */
export async function pick(folder: string, navigate = true): Promise<void> {
  if (navigate) history.replaceState(null, '', `#example=${folder}`)
  await open({ kind: 'example', folder })
  tab.value = refusal.value ? 'why' : tab.value === 'why' ? 'run' : tab.value
}

async function go(): Promise<void> {
  try {
    await follow(location.hash)
  } catch (error) {
    failure.value = (error as Error).message
    if (!opened.value) await pick(FIRST)
  }
}

export function startNavigation(): void {
  addEventListener('hashchange', () => void go())
  void lookForClang()
  void go()
}
