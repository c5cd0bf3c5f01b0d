// SPDX-License-Identifier: GPL-2.0-only
// A frame as XDP programs see it. Kernel counterpart: struct xdp_buff. The context, struct xdp_md, comes first.
//
//   hardStart      dataMeta    data                 dataEnd     hardEnd
//   |  headroom    |  metadata |  bytes of frame    |  tailroom |

import { NetDevice } from './device'
import { Skb } from './skb'

export const XDP_PACKET_HEADROOM: u32 = 256

@unmanaged export class XdpBuff {
  // struct xdp_md
  data: u32
  dataEnd: u32
  dataMeta: u32
  ingressIfindex: u32
  rxQueueIndex: u32
  egressIfindex: u32
  // the kernel's own
  hardStart: u32
  hardEnd: u32
  dev: NetDevice
  txDev: NetDevice
  /** The packet that carries the frame (generic XDP), or 0. */
  skb: Skb
  flags: u32
  /** Bytes of frame beyond dataEnd, in fragments; their address. */
  fragsLen: u32
  frags: usize
}
