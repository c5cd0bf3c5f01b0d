// SPDX-License-Identifier: GPL-2.0-only
// What the virtual kernel exports to its host.

export { user_alloc, user_free, kernel_init } from './syscall/host'
