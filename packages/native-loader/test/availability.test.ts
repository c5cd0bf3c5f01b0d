// SPDX-License-Identifier: BSD-2-Clause
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLinuxKernel, linuxAvailability } from '@skep/native-loader'
import { runInChild, skipOrFail, whyNoLinux } from '@skep/native-loader/testing'
import { expect, test } from 'vitest'
import { refusal } from '../lib/availability.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const addon = join(root, 'build/Release/skep.node')

test('what can be used is said to be available', (context) => {
  const reason = whyNoLinux()
  if (reason !== undefined) context.skip(reason)
  expect(linuxAvailability()).toEqual({ available: true, reason: '' })
})

test('a refusal is explained from capabilities and sysctl', () => {
  const CAP_NET_ADMIN = 1n << 12n
  const CAP_BPF = 1n << 39n
  expect(refusal(1, CAP_NET_ADMIN, 2)).toBe(
    'bpf(2) answers EPERM: the process has neither CAP_BPF nor CAP_SYS_ADMIN (kernel.unprivileged_bpf_disabled is 2)',
  )
  expect(refusal(1, 0n, 0)).toBe('bpf(2) answers EPERM: the process has neither CAP_BPF nor CAP_SYS_ADMIN')
  expect(refusal(1, CAP_BPF, 2)).toContain('a seccomp filter, an LSM or the limit of locked memory')
  expect(refusal(38, CAP_BPF, 2)).toContain('CONFIG_BPF_SYSCALL')
})

test('an addon that is not there is named as what is missing', async () => {
  const { available, reason } = linuxAvailability({ addon: '/nonexistent/skep.node' })
  expect(available).toBe(false)
  expect(reason).toMatch(/^the addon of @skep\/native-loader is not built: /)
  await expect(createLinuxKernel({ addon: '/nonexistent/skep.node' })).rejects.toThrow('is not built')
})

test('a process without capabilities gets EPERM', async (context) => {
  const noLinux = whyNoLinux()
  if (noLinux !== undefined) context.skip(noLinux)
  if (process.getuid?.() !== 0 || spawnSync('setpriv', ['--version']).status !== 0) {
    context.skip(skipOrFail('dropping capabilities needs root and setpriv'))
  }
  if (Number(readFileSync('/proc/sys/kernel/unprivileged_bpf_disabled', 'utf8')) === 0) {
    context.skip('this kernel lets everybody create maps')
  }
  // Where the plain user can read it.
  const directory = mkdtempSync(join(tmpdir(), 'skep-user-'))
  try {
    cpSync(addon, join(directory, 'skep.node'))
    cpSync(join(root, 'test/children/plain-user.mjs'), join(directory, 'plain-user.mjs'))
    spawnSync('chmod', ['-R', 'a+rX', directory])
    const result = await runInChild(join(directory, 'plain-user.mjs'), 'createMap', {
      args: [join(directory, 'skep.node')],
      prefix: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'],
    })
    expect(result.value).toEqual({ uid: 65534, map: -1, unshare: -1 })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test('where there is no compiler the install says so in one line and succeeds', () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-install-'))
  try {
    for (const name of ['package.json', 'binding.gyp', 'src', 'scripts']) {
      cpSync(join(root, name), join(directory, name), { recursive: true })
    }
    symlinkSync(join(root, '../../node_modules'), join(directory, 'node_modules'))
    const install = (env: NodeJS.ProcessEnv) =>
      spawnSync(process.execPath, ['scripts/install.mjs'], { cwd: directory, env, encoding: 'utf8' })
    const bare = install({ PATH: '/nonexistent' })
    expect(bare).toMatchObject({ status: 0, stderr: '' })
    expect(bare.stdout.trim()).toBe(
      '@skep/native-loader: the addon was not built (python3 is missing); the virtual kernel works without it',
    )
    expect(readFileSync(join(directory, 'build/skipped.txt'), 'utf8')).toContain('python3 is missing')
    const broken = install({ ...process.env, CXX: 'false' })
    expect(broken.status).toBe(0)
    expect(broken.stdout.trim().split('\n')).toHaveLength(1)
    expect(broken.stdout).toMatch(/the addon was not built \(.* is missing\)/)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test('a prebuilt binary is taken, and nothing is compiled', (context) => {
  if (!existsSync(addon)) context.skip(skipOrFail('no binary was built here'))
  const directory = mkdtempSync(join(tmpdir(), 'skep-prebuilt-'))
  try {
    const { stdout } = spawnSync(process.execPath, [join(root, 'scripts/prebuild.mjs'), directory], {
      encoding: 'utf8',
    })
    expect(stdout).toMatch(/prebuilds\/linux-\w+\/node\.napi\.(glibc|musl)\.node/)
    for (const name of ['package.json', 'binding.gyp', 'scripts']) {
      cpSync(join(root, name), join(directory, name), { recursive: true })
    }
    symlinkSync(join(root, '../../node_modules'), join(directory, 'node_modules'))
    // No PATH: no compiler could be found.
    const run = (...args: string[]) =>
      spawnSync(process.execPath, args, { cwd: directory, env: { PATH: '/nonexistent' }, encoding: 'utf8' })
    expect(run('scripts/install.mjs')).toMatchObject({ status: 0, stdout: '', stderr: '' })
    const load = `console.log(require('node-gyp-build')(${JSON.stringify(directory)}).getpid() === process.pid)`
    expect(run('-e', load).stdout.trim()).toBe('true')
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
