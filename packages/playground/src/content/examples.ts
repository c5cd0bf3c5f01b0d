// SPDX-License-Identifier: BSD-2-Clause
/** The examples of the repository that the page offers. Their files are fetched when they are picked. */

export interface Example {
  /** Folder below examples/, which is also the name of the object. */
  readonly folder: string
  readonly title: string
  readonly summary: string
  readonly refused: boolean
}

const row = (folder: string, title: string, summary: string): Example => ({
  folder,
  title,
  summary,
  refused: folder.startsWith('refused/'),
})

export const EXAMPLES: readonly Example[] = [
  row('sockex1', 'Bytes per protocol', 'A socket filter counts bytes per IP protocol in an array.'),
  row('sockex2', 'Traffic per source', 'A socket filter keeps packets and bytes per source address in a hash map.'),
  row('sockex3', 'A parser in pieces', 'Tail calls from a dispatcher to one program per protocol.'),
  row('bind4', 'Refuse a port', 'A cgroup program refuses bind(2) to one port.'),
  row('xdp-filter', 'Drop in the driver', 'An XDP program reads the packet directly and drops UDP to port 7.'),
  row('tc-classifier', 'Mark and drop', 'A tc program marks TCP packets and counts in global variables.'),
  row('tracepoint-counter', 'Count system calls', 'A tracepoint program counts system calls by number.'),
  row('payload-sum', 'Sum in a callback', 'A tc program adds up the bytes of a packet in a callback of bpf_loop().'),
  row('hello', 'Print a line', 'A tc program rewrites a byte of the packet and writes to the trace pipe.'),
  row('refused/null-check', 'Missing null check', 'The value of a lookup is used without asking whether there is one.'),
  row('refused/packet-bounds', 'Missing bounds check', 'The packet is read without a comparison with its end.'),
  row('refused/endless-loop', 'Endless loop', 'Nothing that the loop does brings it nearer to its end.'),
  row('refused/missing-argument', 'Unset register', 'A helper reads an argument that was never set.'),
  row('refused/wrong-helper', 'Wrong helper', 'The helper exists, but not for this type of program.'),
  row('refused/gpl-only', 'GPL only', 'The helper is only for programs under a GPL-compatible licence.'),
  row('refused/map-bounds', 'Beyond the map value', 'An index out of the packet reaches beyond the value.'),
  row('refused/context-write', 'Read-only context', 'A field of the context that can only be read is written.'),
  row('refused/return-range', 'Return value', 'The hook knows two answers, the program may return anything.'),
  row('refused/lost-reference', 'Lost reference', 'A reserved record is not given back on one of the paths.'),
  row('refused/unreadable-pointer', 'Number as address', 'A number out of the context is used as an address.'),
]

const OBJECTS = import.meta.glob<string>('../../../../examples/**/*.bpf.o', {
  query: '?url',
  import: 'default',
  eager: true,
})
const SOURCES = import.meta.glob<string>('../../../../examples/**/*.bpf.c', {
  query: '?url',
  import: 'default',
  eager: true,
})
const TRAFFIC = import.meta.glob<string>('../../../../examples/traffic.pcap', {
  query: '?url',
  import: 'default',
  eager: true,
})

function urlOf(files: Record<string, string>, folder: string, suffix: string): string | undefined {
  const name = folder.split('/').at(-1)
  return files[`../../../../examples/${folder}/${name}.bpf.${suffix}`]
}

async function fetched(url: string | undefined, what: string): Promise<Response> {
  const response = url ? await fetch(url) : undefined
  if (!response?.ok) throw new Error(`${what} could not be fetched`)
  return response
}

export function exampleOf(folder: string): Example | undefined {
  return EXAMPLES.find((example) => example.folder === folder)
}

/** Examples whose object is there. */
export function availableExamples(): readonly Example[] {
  return EXAMPLES.filter(({ folder }) => urlOf(OBJECTS, folder, 'o') !== undefined)
}

export async function fetchObject(folder: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetched(urlOf(OBJECTS, folder, 'o'), `example ${folder}`)).arrayBuffer())
}

export async function fetchSource(folder: string): Promise<string> {
  return (await fetched(urlOf(SOURCES, folder, 'c'), `source of ${folder}`)).text()
}

/** The capture that comes with the examples. */
export async function fetchTraffic(): Promise<Uint8Array> {
  return new Uint8Array(await (await fetched(Object.values(TRAFFIC)[0], 'the example capture')).arrayBuffer())
}
