// SPDX-License-Identifier: BSD-2-Clause
// Puts the binary that was built here where an installed package looks for prebuilt ones, without debug information.
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url))
const libc = process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl'
const directory = join(root, 'prebuilds', `${process.platform}-${process.arch}`)
const target = join(directory, `node.napi.${libc}.node`)

mkdirSync(directory, { recursive: true })
copyFileSync(fileURLToPath(new URL('../build/Release/skep.node', import.meta.url)), target)
const strip = spawnSync('strip', ['--strip-unneeded', target], { stdio: 'inherit' })
if (strip.error) console.log('strip is missing: the binary keeps its symbols')
console.log(target)
