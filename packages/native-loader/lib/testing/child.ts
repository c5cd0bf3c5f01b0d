// SPDX-License-Identifier: BSD-2-Clause
import { spawn } from 'node:child_process'
import { pathToFileURL } from 'node:url'

export interface ChildOptions {
  /** Arguments of the function; JSON. */
  readonly args?: readonly unknown[]
  readonly env?: Readonly<Record<string, string>>
  /** Options of Node, such as `--expose-gc`. */
  readonly execArgv?: readonly string[]
  /** A command to run Node with, such as `['setpriv', '--reuid=65534']`. */
  readonly prefix?: readonly string[]
  /** Killed after this time. */
  readonly timeoutMs?: number
}

export interface ChildResult {
  /** What the function returned (JSON); undefined where the process ended before. */
  readonly value: unknown
  /** Exit status, null for a signal. */
  readonly status: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Result and arguments travel as JSON: the result through fd 3, so that nothing printed can be taken for it. A script
 * and not a module, because worker threads inherit `--input-type` and refuse it.
 */
const MAIN = `
const [url, name, args] = process.argv.slice(1)
import(url)
  .then((module) => module[name](...JSON.parse(args)))
  .then((value) => require('node:fs').writeSync(3, JSON.stringify(value ?? null)))
`

/**
 * Calls an exported function of a JavaScript module in a process of its own. The child starts in the namespaces of the
 * calling thread and in the cgroup of this process.
 */
export function runInChild(module: string | URL, name: string, options: ChildOptions = {}): Promise<ChildResult> {
  const url = typeof module === 'string' && !module.startsWith('file:') ? pathToFileURL(module) : module
  const node = [process.execPath, ...(options.execArgv ?? []), '-e', MAIN]
  const [command = '', ...rest] = [...(options.prefix ?? []), ...node, String(url), name]
  const child = spawn(command, [...rest, JSON.stringify(options.args ?? [])], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 30_000,
    killSignal: 'SIGKILL',
  })
  const text = ['', '', '', '']
  for (const fd of [1, 2, 3]) {
    child.stdio[fd]?.on('data', (chunk: Buffer) => {
      text[fd] += chunk.toString()
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => {
      const [, stdout = '', stderr = '', answer = ''] = text
      resolve({ value: answer === '' ? undefined : JSON.parse(answer), status, signal, stdout, stderr })
    })
  })
}
