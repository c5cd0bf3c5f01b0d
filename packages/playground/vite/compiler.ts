// SPDX-License-Identifier: BSD-2-Clause
/** In development, where clang is on the machine, the dev server compiles C to BPF for the page. */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'

const CLANG = ['clang-19', 'clang'].find((name) => !spawnSync(name, ['--version']).error)
const INCLUDES = fileURLToPath(new URL('../../../examples', import.meta.url))
const MAX_SOURCE = 1 << 20
const FLAGS = ['-O2', '-g', '-mcpu=v3', '--target=bpf', '-Wall', '-idirafter', '/usr/include/x86_64-linux-gnu']

interface Diagnostic {
  line: number
  column: number
  severity: 'error' | 'warning'
  message: string
}

function diagnosticsOf(text: string): Diagnostic[] {
  const found = text.matchAll(/^program\.bpf\.c:(\d+):(\d+): (?:fatal )?(error|warning): (.*)$/gm)
  return [...found].map(([, line, column, severity, message]) => ({
    line: Number(line),
    column: Number(column),
    severity: severity as 'error' | 'warning',
    message: message!,
  }))
}

async function compile(source: string): Promise<{ object?: string; diagnostics: Diagnostic[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'skep-compile-'))
  try {
    await writeFile(join(folder, 'program.bpf.c'), source)
    const args = [...FLAGS, '-I', INCLUDES, '-c', 'program.bpf.c', '-o', 'program.bpf.o']
    const text = await new Promise<string>((resolve) => {
      execFile(CLANG!, args, { cwd: folder, timeout: 20_000 }, (_error, _out, err) => resolve(err))
    })
    const object = await readFile(join(folder, 'program.bpf.o')).catch(() => undefined)
    return { ...(object ? { object: object.toString('base64') } : {}), diagnostics: diagnosticsOf(text) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Answers POST /compile in the dev server. */
export function clangCompiler(): Plugin {
  return {
    name: 'skep-clang',
    apply: 'serve',
    configureServer(server) {
      server.middlewares.use('/compile', (request, response) => {
        response.setHeader('content-type', 'application/json')
        if (request.method !== 'POST') {
          response.end(JSON.stringify({ available: CLANG !== undefined }))
          return
        }
        let source = ''
        request.setEncoding('utf8')
        request.on('data', (part: string) => {
          source += part
          if (source.length > MAX_SOURCE) request.destroy()
        })
        request.on('end', () => {
          compile(source).then(
            (answer) => response.end(JSON.stringify(answer)),
            (error: Error) => {
              response.statusCode = 500
              response.end(
                JSON.stringify({ diagnostics: [{ line: 1, column: 1, severity: 'error', message: error.message }] }),
              )
            },
          )
        })
      })
    },
  }
}
