// SPDX-License-Identifier: BSD-2-Clause
/** What of the page is in view. */
import { effect, signal } from '@preact/signals'

export type Tab = 'why' | 'run' | 'step' | 'maps' | 'log' | 'engines'
export type Theme = 'system' | 'light' | 'dark'
export type Route =
  | { readonly page: 'work' }
  | { readonly page: 'messages' }
  | { readonly page: 'message'; readonly id: string }

export const tab = signal<Tab>('run')
export const route = signal<Route>({ page: 'work' })
export const showBytes = signal(false)
/** Number of the step of the tour, undefined while there is none. */
export const tourStep = signal<number | undefined>(undefined)
export const showKeys = signal(false)
/** Said to screen readers, and shown for a moment. */
export const notice = signal('')

const THEME_KEY = 'skep-theme'

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(THEME_KEY)
    return stored === 'light' || stored === 'dark' ? stored : 'system'
  } catch {
    return 'system'
  }
}

export const theme = signal<Theme>(storedTheme())

effect(() => {
  const { value } = theme
  if (value === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = value
  try {
    localStorage.setItem(THEME_KEY, value)
  } catch {
    // Without storage the choice lasts as long as the page.
  }
})

export function routeOf(hash: string): Route {
  const message = /^#\/message\/([a-z-]+)$/.exec(hash)
  if (message) return { page: 'message', id: message[1]! }
  return hash === '#/messages' ? { page: 'messages' } : { page: 'work' }
}

let noticeTimer: ReturnType<typeof setTimeout> | undefined

export function say(text: string): void {
  notice.value = text
  clearTimeout(noticeTimer)
  noticeTimer = setTimeout(() => {
    notice.value = ''
  }, 4000)
}
