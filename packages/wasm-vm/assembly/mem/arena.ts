// SPDX-License-Identifier: GPL-2.0-only
// Memory of one job (a verification, a parse): taken piece by piece, given back in one go.
//
//   chunk:  | next chunk (4) | end of chunk (4) | pieces … |

import { kfree, kmalloc } from './alloc'

const CHUNK: usize = 65536
const CHUNK_HEADER: usize = 8

@unmanaged export class Arena {
  chunks: usize
  next: usize
  end: usize
  /** Bytes handed out. */
  used: usize

  /** An empty arena, null (address 0) when there is no memory. */
  static create(): Arena {
    const p = kmalloc(offsetof<Arena>())
    if (p) memory.fill(p, 0, offsetof<Arena>())
    return changetype<Arena>(p)
  }

  /** `size` zeroed bytes, 8-byte aligned; 0 when there is no memory. */
  alloc(size: usize): usize {
    const want = (size + 7) & ~7
    if (want < size) return 0
    let p = this.next
    if (want > this.end - p) {
      if (!this.addChunk(want)) return 0
      p = this.next
    }
    this.next = p + want
    this.used += want
    memory.fill(p, 0, want)
    return p
  }

  private addChunk(want: usize): bool {
    const room = want + CHUNK_HEADER
    if (room < want) return false
    // a payload of a whole number of pages less the allocator's header wastes nothing
    const size = room > CHUNK - 64 ? room : CHUNK - 64
    const chunk = kmalloc(size)
    if (!chunk) return false
    store<usize>(chunk, this.chunks)
    this.chunks = chunk
    this.next = chunk + CHUNK_HEADER
    this.end = chunk + size
    return true
  }

  /** Gives back everything, the arena too. */
  destroy(): void {
    let chunk = this.chunks
    while (chunk) {
      const next = load<usize>(chunk)
      kfree(chunk)
      chunk = next
    }
    kfree(changetype<usize>(this))
  }
}
