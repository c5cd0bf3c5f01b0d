// SPDX-License-Identifier: BSD-2-Clause
/** Helpers for tests on the running kernel: they attach to nothing that they did not create. */
export { inetAddress, portOf } from './address.ts'
export { must } from './answers.ts'
export { enterCgroup, type PrivateCgroup } from './cgroup.ts'
export { type ChildOptions, type ChildResult, runInChild } from './child.ts'
export { type Isolation, type IsolationOptions, isolate, isolated } from './isolation.ts'
export { enterMounts, type PrivateMounts } from './mounts.ts'
export { enterNetwork, interfaceIndex, setInterfaceUp } from './network.ts'
export { skipOrFail, whyNoIsolation, whyNoLinux } from './skip.ts'
export { type Delegation, UserNamespace } from './user-namespace.ts'
