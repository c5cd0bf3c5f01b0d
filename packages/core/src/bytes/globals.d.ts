// SPDX-License-Identifier: BSD-2-Clause
// The two globals that core uses and that every host has: browsers, workers, Node. Nothing else of a host is declared.
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean })
  decode(input?: Uint8Array): string
}
declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>
}
