// SPDX-License-Identifier: GPL-2.0-only
import type { KernelExports } from '../exports.ts'

/** What the module exports for the world: see assembly/world/control.ts and exports.ts. */
export interface WorldExports extends KernelExports {
  sys_socketpair(domain: number, type: number, protocol: number, out: number): number
  sys_accept4(fd: number, flags: number): number
  sys_shutdown(fd: number, how: number): number
  sys_recvfrom_address(fd: number, data: number, length: number, flags: number, address: number, size: number): number
  sys_sockname(fd: number, peer: number, to: number): number
  sys_rmdir(path: number): number
  world_device_create(kind: number, name: number): number
  world_veth_create(a: number, b: number, netns: bigint, out: number): number
  world_netkit_create(a: number, b: number, netns: bigint, l2: number, out: number): number
  world_device_remove(ifindex: number): number
  world_device_index(name: number): number
  world_device_set(ifindex: number, what: number, value: number): number
  world_device_link(ifindex: number, count: number, after: number, delay: bigint): number
  world_device_get(ifindex: number, out: number): number
  world_device_send(ifindex: number, data: number, length: number): number
  world_device_receive(ifindex: number, data: number, length: number): number
  world_device_take(ifindex: number, to: number, room: number): number
  world_xdp_set(ifindex: number, fd: number, flags: number): number
  world_tc_add(ifindex: number, fd: number, ingress: number): number
  world_tc_clear(ifindex: number, ingress: number): number
  world_address_add(ifindex: number, family: number, address: number, prefix: number): number
  world_route_add(
    ifindex: number,
    family: number,
    destination: number,
    prefix: number,
    gateway: number,
    gatewayFamily: number,
    metric: number,
  ): number
  world_route_set(route: number, what: number, value: number): number
  world_route_source(route: number, address: number): void
  world_rule_add(family: number, priority: number, mark: number, table: number): number
  world_route_remove(route: number): void
  world_route_program(route: number, fd: number): number
  world_neighbour_add(ifindex: number, family: number, address: number, mac: number): number
  world_netns_create(): bigint
  world_netns_enter(cookie: bigint): number
  world_netns_current(): bigint
  world_forwarding(on: number): void
  world_task_create(name: number): number
  world_task_set(pid: number, what: number, value: bigint): number
  world_userns_unshare(pid: number): number
  world_userns_enter(pid: number, namespace: number): number
  world_userns_current(): number
  world_bpffs_mount(path: number, namespace: number, options: number): number
  world_task_switch(pid: number): number
  world_task_current(): number
  world_task_exit(pid: number): number
  world_task_move(pid: number, fd: number): number
  world_task_signals(pid: number): bigint
  world_pidfd(pid: number): number
  world_cgroup_id(fd: number): bigint
  world_tracepoint_define(
    category: number,
    name: number,
    format: number,
    args: number,
    record: number,
    writable: number,
  ): number
  world_tracepoint_fire(category: number, name: number, args: number, record: number, size: number): number
  world_probe_fire(uprobe: number, name: number, offset: bigint, isReturn: number, registers: number): number
  world_perf_sample(fd: number, registers: number, address: bigint): number
  world_function_fire(name: number, args: number, count: number, result: bigint): bigint
  world_lirc_pulse(sample: number): void
  world_sysctl_define(name: number, value: number, length: number): number
}
