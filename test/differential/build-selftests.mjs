// SPDX-License-Identifier: BSD-2-Clause
// Compiles the BPF selftests of a kernel source tree into a cache folder, with types of the running kernel.
//
//   SKEP_LINUX_SOURCE=<tree> SKEP_BPFTOOL=<bpftool of that tree> node test/differential/build-selftests.mjs
// A bpftool as old as the tree leaves the prototypes of kernel functions out of vmlinux.h: then some files do not compile.

import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Folder of the objects; SKEP_SELFTESTS overrides it. */
export const selftestsFolder = process.env.SKEP_SELFTESTS ?? join(tmpdir(), 'skep-selftests', 'obj')

const JOBS = 2

async function build(source) {
  const root = join(selftestsFolder, '..')
  const include = join(root, 'inc')
  mkdirSync(selftestsFolder, { recursive: true })
  mkdirSync(join(include, 'bpf'), { recursive: true })
  const bpftool = process.env.SKEP_BPFTOOL ?? 'bpftool'
  const types = execFileSync(bpftool, ['btf', 'dump', 'file', '/sys/kernel/btf/vmlinux', 'format', 'c'], {
    maxBuffer: 1 << 28,
  })
  writeFileSync(join(root, 'vmlinux.h'), types)
  const libbpf = join(source, 'tools/lib/bpf')
  for (const file of readdirSync(libbpf)) {
    if (file.endsWith('.h')) cpSync(join(libbpf, file), join(include, 'bpf', file))
  }
  const script = join(source, 'scripts/bpf_doc.py')
  const defs = execFileSync('python3', [script, '--header', '--file', join(source, 'include/uapi/linux/bpf.h')])
  writeFileSync(join(include, 'bpf', 'bpf_helper_defs.h'), defs)
  const tests = join(source, 'tools/testing/selftests/bpf')
  const flags = [
    '-O2',
    '-g',
    '-mcpu=v3',
    '--target=bpf',
    '-D__TARGET_ARCH_x86',
    '-std=gnu11',
    '-fno-strict-aliasing',
    '-w',
  ]
  for (const dir of [root, include, tests, join(tests, 'progs'), join(source, 'tools/include/uapi')])
    flags.push(`-I${dir}`)
  flags.push('-idirafter', '/usr/include/x86_64-linux-gnu', '-idirafter', '/usr/include')
  const clang = process.env.SKEP_CLANG ?? 'clang-19'
  const files = readdirSync(join(tests, 'progs')).filter((file) => file.endsWith('.c'))
  const failed = []
  const compile = async (file) => {
    const out = join(selftestsFolder, `${basename(file, '.c')}.bpf.o`)
    for (const extra of [[], ['-DBPF_NO_KFUNC_PROTOTYPES']]) {
      try {
        await run(clang, [...flags, ...extra, '-c', join(tests, 'progs', file), '-o', out])
        return
      } catch {}
    }
    failed.push(file)
  }
  const queue = [...files]
  await Promise.all(
    Array.from({ length: JOBS }, async () => {
      for (let file = queue.shift(); file; file = queue.shift()) await compile(file)
    }),
  )
  console.log(`compiled ${files.length - failed.length} of ${files.length}; not: ${failed.join(' ')}`)
}

/** Object files, compiled first where they are not there and the source is. */
export async function selftestObjects() {
  if (!existsSync(selftestsFolder)) {
    const source = process.env.SKEP_LINUX_SOURCE
    if (!source) return undefined
    await build(source)
  }
  return readdirSync(selftestsFolder)
    .filter((file) => file.endsWith('.bpf.o'))
    .sort()
    .map((file) => join(selftestsFolder, file))
}

if (process.argv[1]?.endsWith('build-selftests.mjs')) {
  const source = process.env.SKEP_LINUX_SOURCE
  if (!source) throw new Error('set SKEP_LINUX_SOURCE to a kernel source tree')
  await build(source)
}
