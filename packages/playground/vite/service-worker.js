// SPDX-License-Identifier: BSD-2-Clause
// Keeps the whole site: names of files carry a hash of their content, and the version is one over all of them.
const CACHE = 'skep-%VERSION%'
const FILES = '%FILES%'

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES))
      .then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names.filter((name) => name.startsWith('skep-') && name !== CACHE).map((name) => caches.delete(name)),
        ),
      )
      .then(() => self.clients.claim()),
  )
})

self.addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET') return
  const url = new URL(event.request.url)
  if (url.origin !== self.location.origin) return
  event.respondWith(
    caches.open(CACHE).then(async (cache) => {
      const found = await cache.match(event.request, { ignoreSearch: true })
      return found ?? fetch(event.request)
    }),
  )
})
