// SPDX-License-Identifier: BSD-2-Clause
import './polyfill.ts'
import { render } from 'preact'
import { App } from './components/app.tsx'
import { startNavigation } from './state/navigation.ts'

render(<App />, document.getElementById('app')!)
startNavigation()

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  navigator.serviceWorker.register(new URL('sw.js', document.baseURI)).catch(() => {
    // Without it the page works as long as there is a network.
  })
}
