// SPDX-License-Identifier: GPL-2.0-only
import { kernelCalls, type WasiHost } from './host.ts'

/** The host that needs nothing: just the three calls that the kernel makes. */
export const builtinWasi: WasiHost = { imports: (_module, services) => kernelCalls(services) }
