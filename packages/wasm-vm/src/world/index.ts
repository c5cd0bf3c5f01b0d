// SPDX-License-Identifier: GPL-2.0-only
/** The world around the virtual kernel's programs. */
export { addressBytes, formatMac, macBytes } from './address.ts'
export { Device, type DeviceCounters } from './device.ts'
export type { WorldExports } from './exports.ts'
export { REGISTERS, type Registers, registerBytes } from './registers.ts'
export { Route, type RouteOptions, type RouteType } from './route.ts'
export { type Received, Sockets } from './sockets.ts'
export { Task, type TaskOptions } from './task.ts'
export { type Delegation, type NetkitOptions, type TracepointDefinition, type TracepointFire, World } from './world.ts'
