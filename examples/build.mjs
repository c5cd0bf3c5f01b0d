// SPDX-License-Identifier: BSD-2-Clause
// Builds the example objects with clang, or checks that the committed ones hold the same instructions.
//   node examples/build.mjs [--check] [DIR…]
// Needs clang-19, llvm-strip-19, llvm-objdump-19 and the headers of libbpf; --check is skipped aloud without them.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const check = process.argv.includes('--check')
const named = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const folders = named.length ? named : ['examples']

function sources(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return entry.name.endsWith('.bpf.c') ? [path] : []
  })
}

function compile(source, object) {
  // The debug prefix map keeps the builder's folders out of the line information.
  const flags = ['-O2', '-g', '-mcpu=v3', '--target=bpf', '-Wall', '-Werror', '-fdebug-compilation-dir=.']
  const maps = ['-fdebug-prefix-map=/usr/include=include', '-idirafter', '/usr/include/x86_64-linux-gnu']
  execFileSync('clang-19', [...flags, ...maps, '-c', source, '-o', object], { cwd: root, stdio: 'inherit' })
  execFileSync('llvm-strip-19', ['-g', object], { stdio: 'inherit' })
}

const listing = (object) =>
  execFileSync('llvm-objdump-19', ['-dr', '--no-show-raw-insn', object], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => !line.includes('file format'))
    .join('\n')

if (spawnSync('clang-19', ['--version']).error) {
  console.log('examples: clang-19 is not on this machine, the objects are not rebuilt')
  process.exit(check ? 0 : 1)
}
const version = execFileSync('clang-19', ['--version'], { encoding: 'utf8' }).split('\n')[0]
const scratch = mkdtempSync(join(tmpdir(), 'skep-examples-'))
let different = 0
try {
  for (const source of folders.flatMap(sources).sort()) {
    const object = source.replace(/\.c$/, '.o')
    if (!check) {
      compile(source, join(root, object))
      console.log(`built ${object}`)
      continue
    }
    const again = join(scratch, 'again.o')
    compile(source, again)
    const same = existsSync(join(root, object)) && listing(again) === listing(join(root, object))
    if (!same) different++
    console.log(`${same ? 'same instructions' : 'DIFFERENT'}  ${object}`)
  }
  const note = join(root, 'examples', 'COMPILER')
  if (!check) writeFileSync(note, `${version}\n`)
  else if (readFileSync(note, 'utf8').trim() !== version)
    console.log(`note: committed objects were built by ${readFileSync(note, 'utf8').trim()}, this is ${version}`)
} finally {
  rmSync(scratch, { recursive: true })
}
if (different) {
  console.log(`${different} objects in ${relative(process.cwd(), root) || '.'} differ from their sources`)
  process.exit(1)
}
