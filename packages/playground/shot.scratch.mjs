import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { chromium } from 'playwright-core'

const root = new URL('./dist/', import.meta.url).pathname
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' }
const server = createServer(async (q, r) => {
  try {
    const p = q.url.split(/[?#]/)[0]
    const f = join(root, p === '/' ? 'index.html' : p)
    const b = await readFile(f)
    r.setHeader('content-type', types[extname(f)] ?? 'application/octet-stream')
    r.end(b)
  } catch {
    r.statusCode = 404
    r.end()
  }
})
await new Promise((r) => server.listen(0, r))
const base = `http://127.0.0.1:${server.address().port}/`
const b = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
const page = await b.newPage({
  viewport: { width: Number(process.env.W ?? 1440), height: Number(process.env.H ?? 1000) },
  colorScheme: process.env.DARK ? 'dark' : 'light',
})
page.on('console', (m) => console.log('console', m.type(), m.text()))
page.on('pageerror', (e) => console.log('pageerror', e.message, e.stack?.split('\n').slice(0, 4).join(' | ')))
await page.goto(base + (process.argv[3] ?? ''))
await page.waitForTimeout(1500)
const script = process.argv[4]
if (script) await new Function('page', `return (async () => { ${script} })()`)(page)
await page.screenshot({ path: process.argv[2], fullPage: !!process.env.FULL })
console.log(
  await page
    .locator('.verdict-place')
    .innerText()
    .catch(() => ''),
)
console.log((await page.locator('.banner').allInnerTexts()).join(' || '))
await b.close()
server.close()
