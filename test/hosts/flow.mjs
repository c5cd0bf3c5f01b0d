// SPDX-License-Identifier: BSD-2-Clause
// What every host must be able to do: the same steps in Node and in a browser.
import { openObject } from '@skep/core'

/** UDP over IPv4 to the discard port, which the example drops, and to another. */
function frame(port) {
  const bytes = new Uint8Array(60)
  bytes.set([0x08, 0x00, 0x45], 12)
  bytes[23] = 17
  bytes.set([port >> 8, port & 255], 36)
  return bytes
}

/** Loads the XDP example and sends it both; what it answered, and how it was run. */
export function filterPackets(kernel, objectBytes) {
  const loaded = openObject(objectBytes, { name: 'xdp-filter' }).load(kernel)
  try {
    const program = loaded.programs.get('filter_udp')
    const verdict = (port) => program.testRun({ dataIn: frame(port), repeat: 200 }).retval
    const verdicts = [verdict(7), verdict(53)]
    const { jitedLength } = program.info()
    const dropped = loaded.maps.get('packets_by_verdict').lookup(1)
    return { verdicts, dropped: dropped.map(Number), jited: jitedLength > 0 }
  } finally {
    loaded[Symbol.dispose]()
  }
}
