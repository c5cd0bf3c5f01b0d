// SPDX-License-Identifier: BSD-2-Clause
// What bpf(2) answers to attrs that are wrong: too long, with bytes set that mean nothing, with descriptors and
// addresses that do not exist. None of them changes anything.
import * as uapi from '@skep/core/uapi'

const { ATTR_GET_ID, COMMANDS } = uapi
/** Layouts by name. */
const layouts = new Map(Object.entries(uapi).filter(([name]) => name.startsWith('ATTR_')))

/** Commands that answer by what else exists on the machine. */
const LOCAL = new Set(['BPF_PROG_GET_NEXT_ID', 'BPF_MAP_GET_NEXT_ID', 'BPF_BTF_GET_NEXT_ID', 'BPF_LINK_GET_NEXT_ID'])
const PAGE = 4096
/** sizeof(union bpf_attr) of Linux 6.18. */
const ATTR_SIZE = 168
const NO_FD = 0xffffffff
const NO_ID = 0x7fffffff
const BAD_ADDRESS = 0x10n

function isFd(field) {
  return /(^|_)fd$|_fd_/.test(field) && !field.includes('.')
}

/** Every descriptor of the attr is none, every id too high; the rest is zero. */
function emptyAttr(layout, size) {
  const attr = new Uint8Array(size)
  const view = new DataView(attr.buffer)
  for (const [field, { offset, size: width }] of Object.entries(layout.fields)) {
    if (offset + 4 > size || width !== 4) continue
    if (isFd(field)) view.setUint32(offset, NO_FD, true)
    else if (field.endsWith('_id') && layout === ATTR_GET_ID) view.setUint32(offset, NO_ID, true)
  }
  return attr
}

function withByte(attr, at, value = 1) {
  const changed = attr.slice()
  changed[at] = value
  return changed
}

/** Attrs of one command as [what, bytes]. */
function attrs(layout, checkSize) {
  const plain = emptyAttr(layout, ATTR_SIZE)
  const rows = [
    ['no attr at all', new Uint8Array(0)],
    ['only its fields', emptyAttr(layout, Math.min(checkSize, ATTR_SIZE))],
    ['as long as the union', plain],
    ['longer, with zeros', emptyAttr(layout, ATTR_SIZE + 32)],
    ['longer, with a byte set', withByte(emptyAttr(layout, ATTR_SIZE + 32), ATTR_SIZE + 31)],
    ['a page', emptyAttr(layout, PAGE)],
    ['more than a page', new Uint8Array(PAGE + 1)],
  ]
  if (checkSize < ATTR_SIZE) {
    rows.push(['a byte set behind its fields', withByte(plain, checkSize)])
    rows.push(['the last byte set', withByte(plain, ATTR_SIZE - 1)])
  }
  for (const [field, { offset, size }] of Object.entries(layout.fields)) {
    if (offset + size > ATTR_SIZE || isFd(field) || field.includes('.')) continue
    const changed = plain.slice()
    const view = new DataView(changed.buffer)
    if (size === 8) view.setBigUint64(offset, BAD_ADDRESS, true)
    else if (size === 4) view.setUint32(offset, 0x80000000, true)
    else continue
    rows.push([`${field} is ${size === 8 ? 'an address in the first page' : '1 << 31'}`, changed])
  }
  return rows
}

/** [what, result] of every command and attr. */
export function commandAnswers(kernel) {
  const answers = []
  COMMANDS.forEach((command, number) => {
    const layout = command && layouts.get(command.layout)
    if (!layout || LOCAL.has(command.name)) return
    for (const [what, attr] of attrs(layout, command.checkSize)) {
      const result = kernel.bpf(number, attr)
      if (result > 0) kernel.close(result)
      answers.push([`${command.name}: ${what}`, result])
    }
  })
  for (const number of [COMMANDS.length, 100, 0x7fffffff])
    answers.push([`command ${number}`, kernel.bpf(number, new Uint8Array(ATTR_SIZE))])
  return answers
}
