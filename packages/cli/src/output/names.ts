// SPDX-License-Identifier: BSD-2-Clause
import { attachPoints } from '@skep/core/rules'
import { ATTACH_TYPE_NAMES, MAP_TYPE_NAMES, PROG_TYPE_NAMES } from '@skep/core/uapi'

/** `xdp` for BPF_PROG_TYPE_XDP, as bpftool prints program types. */
export function progTypeName(type: number): string {
  return short(PROG_TYPE_NAMES[type], 'BPF_PROG_TYPE_', type)
}

/** `percpu_array` for BPF_MAP_TYPE_PERCPU_ARRAY. */
export function mapTypeName(type: number): string {
  return short(MAP_TYPE_NAMES[type], 'BPF_MAP_TYPE_', type)
}

/** `cgroup_inet4_bind` for BPF_CGROUP_INET4_BIND; empty for a program type that 0 says nothing about. */
export function attachTypeName(progType: number, attachType: number): string {
  if (attachType === 0 && !attachPoints(progType).some((point) => point.attachType === 0)) return ''
  return short(ATTACH_TYPE_NAMES[attachType], 'BPF_', attachType)
}

function short(name: string | undefined, prefix: string, value: number): string {
  if (!name) return String(value)
  return (name.startsWith(prefix) ? name.slice(prefix.length) : name).toLowerCase()
}

/** `6.18.44` for a kernel version of an object's `version` section. */
export function kernelVersionText(version: number): string {
  return `${version >>> 16}.${(version >>> 8) & 0xff}.${version & 0xff}`
}
