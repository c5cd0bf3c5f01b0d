// SPDX-License-Identifier: BSD-2-Clause
// Loads bare instructions on any kernel of the seam and says what it answered. Attributes are written by hand here so
// that a defect of the loader cannot hide one of the kernel.

const MAP_CREATE = 0
const PROG_LOAD = 5
const ATTR_SIZE = 152

export const LOG_SIZE = 16 << 20

/** The last line of a log that is a message: not a statistic, not an instruction, not a state. */
export function lastMessage(log) {
  // Some messages of Linux lack their newline, and the time follows on the same line.
  const lines = log
    .replace(/verification time \d+ usec/g, '')
    .split('\n')
    .filter((line) => line !== '')
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i]
    if (/^(processed \d+ insns|stack depth|mark_precise: |\d+: |from \d+ to \d+)/.test(line)) continue
    return line
  }
  return ''
}

const ENOTSUPP = 524

/** Whether the virtual kernel has no verdict. Linux has the errno as well, for refusals of its own: the log's line decides. */
export function saysUnsupported({ result, log }) {
  return result === -ENOTSUPP && /^skep: unsupported: /m.test(log)
}

/** Numbers of the statistics line, or undefined. */
export function stats(log) {
  const m =
    /processed (\d+) insns \(limit \d+\) max_states_per_insn (\d+) total_states (\d+) peak_states (\d+) mark_read (\d+)/.exec(
      log,
    )
  if (!m) return undefined
  const [insns, perInsn, total, peak] = m.slice(1).map(Number)
  return { insns, perInsn, total, peak }
}

/** Lines of a log with what differs from run to run (addresses, times) masked. */
export function comparableTrace(log) {
  return log
    .replace(/(\(18\) r\d+ = )0x[0-9a-f]+ */g, '$1PTR ')
    .replace(/verification time \d+ usec/g, 'verification time')
    .replace(/0x[0-9a-f]{12,16}\b/g, 'PTR')
    .split('\n')
}

export class RawLoader {
  #kernel
  #log

  constructor(kernel, logSize = LOG_SIZE) {
    this.#kernel = kernel
    this.#log = kernel.memory.alloc(logSize)
  }

  [Symbol.dispose]() {
    this.#log[Symbol.dispose]()
  }

  /** A map as the kernel's verifier tests make it: fd or -errno. */
  createMap({ type, key, value, max, flags = 0 }) {
    const attr = new DataView(new ArrayBuffer(72))
    let inner = -1
    if (type === 12 || type === 13) {
      inner = this.createMap({ type: 2, key: 4, value: 4, max: 1 })
      if (inner < 0) return inner
      attr.setUint32(20, inner, true)
    }
    attr.setUint32(0, type, true)
    attr.setUint32(4, key, true)
    attr.setUint32(8, value, true)
    attr.setUint32(12, max, true)
    attr.setUint32(16, flags, true)
    const fd = this.#kernel.bpf(MAP_CREATE, new Uint8Array(attr.buffer))
    if (inner >= 0) this.#kernel.close(inner)
    return fd
  }

  /** { fd | -errno as `result`, log }; the program is closed again unless `keep`. */
  load({ insns, type, eat = 0, flags = 0, license = 'GPL', logLevel = 1, keep = false, attachBtfId = 0 }) {
    const { memory } = this.#kernel
    const code = memory.alloc(Math.max(insns.length, 8))
    const text = memory.alloc(license.length + 1)
    try {
      code.bytes.set(insns)
      text.bytes.set(new TextEncoder().encode(license))
      const attr = new DataView(new ArrayBuffer(ATTR_SIZE))
      attr.setUint32(0, type, true)
      attr.setUint32(4, insns.length / 8, true)
      attr.setBigUint64(8, code.address, true)
      attr.setBigUint64(16, text.address, true)
      if (logLevel) {
        attr.setUint32(24, logLevel, true)
        attr.setUint32(28, this.#log.length, true)
        attr.setBigUint64(32, this.#log.address, true)
      }
      attr.setUint32(44, flags, true)
      attr.setUint32(68, eat, true)
      attr.setUint32(108, attachBtfId, true)
      if (logLevel) this.#log.bytes[0] = 0
      const result = this.#kernel.bpf(PROG_LOAD, new Uint8Array(attr.buffer))
      const log = logLevel ? this.#text() : ''
      if (result >= 0 && !keep) this.#kernel.close(result)
      return { result, log }
    } finally {
      code[Symbol.dispose]()
      text[Symbol.dispose]()
    }
  }

  #text() {
    const bytes = this.#log.bytes
    const end = bytes.indexOf(0)
    return new TextDecoder().decode(bytes.slice(0, end < 0 ? bytes.length : end))
  }

  /** Runs one recorded test: makes its maps, puts their descriptors into the instructions, loads, cleans up. */
  runRecorded(test, logLevel = 1) {
    const insns = Uint8Array.from(Buffer.from(test.insns, 'hex'))
    const fds = new Map()
    try {
      for (const map of test.maps) {
        const fd = this.createMap(map)
        if (fd < 0) return { result: fd, log: '', map }
        fds.set(map.fd, fd)
      }
      const view = new DataView(insns.buffer)
      for (let i = 0; i + 16 <= insns.length; i += 8) {
        if (insns[i] !== 0x18) continue
        const src = insns[i + 1] >> 4
        const fd = fds.get(view.getInt32(i + 4, true))
        if ((src === 1 || src === 2) && fd !== undefined) view.setInt32(i + 4, fd, true)
        i += 8
      }
      const { type, eat, flags, license, btf_id: attachBtfId } = test
      return this.load({ insns, type, eat, flags, license, logLevel, attachBtfId })
    } finally {
      for (const fd of fds.values()) this.#kernel.close(fd)
    }
  }
}
