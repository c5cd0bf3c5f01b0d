// SPDX-License-Identifier: BSD-2-Clause
import { randomBytes } from 'node:crypto'
import { constants, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { BpfError } from '../errors/index.ts'
import { gunzip } from './inflate.ts'

const text = new TextEncoder().encode('CONFIG_BPF=y\nCONFIG_BPF_SYSCALL=y\n'.repeat(500))

describe('what zlib packs is unpacked', () => {
  test.each([0, 1, 6, 9])('level %i', (level) => {
    expect(gunzip(gzipSync(text, { level }))).toEqual(text)
  })

  test('fixed codes, noise, nothing', () => {
    expect(gunzip(gzipSync(text, { strategy: constants.Z_FIXED }))).toEqual(text)
    const noise = Uint8Array.from(randomBytes(10_000))
    expect(gunzip(gzipSync(noise))).toEqual(noise)
    expect(gunzip(gzipSync(new Uint8Array()))).toHaveLength(0)
  })
})

test('damage gives typed errors', () => {
  const packed = Uint8Array.from(gzipSync(text))
  for (let length = 0; length < packed.length - 8; length++)
    expect(() => gunzip(packed.subarray(0, length))).toThrow(BpfError)
  for (let at = 0; at < packed.length - 8; at++) {
    const copy = packed.slice()
    copy[at]! ^= 0x55
    try {
      gunzip(copy)
    } catch (error) {
      expect(error).toBeInstanceOf(BpfError)
    }
  }
})
