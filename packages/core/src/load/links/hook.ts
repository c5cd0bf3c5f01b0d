// SPDX-License-Identifier: BSD-2-Clause
/** Attach points that are an fd, an interface or a hook: cgroups, network namespaces, devices, sockmaps, netfilter. */
import { EINVAL, errnoName, RuleError, SyscallError } from '../../errors/index.ts'
import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from '../../gen/system.gen.ts'
import { BPF_F_ID } from '../../gen/uapi-defines.gen.ts'
import {
  BPF_NETFILTER,
  BPF_NETKIT_PEER,
  BPF_NETKIT_PRIMARY,
  BPF_TCX_EGRESS,
  BPF_TCX_INGRESS,
} from '../../gen/uapi-enums.gen.ts'
import { attachTypeName } from '../../rules/attach.ts'
import type { Kernel } from '../kernel.ts'
import { type LinkCreateFields, linkCreate, progAttach, progDetach } from '../syscalls/link.ts'
import { BpfLink, CallLink, type Link } from './link.ts'
import type { AttachTarget, NetfilterTarget } from './target.ts'

/** Hooks of interfaces on which several programs stand in an order. */
const ORDERED: Readonly<Record<number, 'tcx' | 'netkit'>> = {
  [BPF_TCX_INGRESS]: 'tcx',
  [BPF_TCX_EGRESS]: 'tcx',
  [BPF_NETKIT_PRIMARY]: 'netkit',
  [BPF_NETKIT_PEER]: 'netkit',
}

/** The place among the programs that are there. */
function orderFields(kind: 'tcx' | 'netkit' | 'cgroup', target: AttachTarget): LinkCreateFields {
  const { flags = 0, relativeFd, relativeId, expectedRevision } = target
  if (relativeFd !== undefined && relativeId !== undefined) {
    throw new RuleError('attach: the program beside which it is put has one name: set relativeFd or relativeId')
  }
  return {
    flags: relativeId === undefined ? flags : flags | BPF_F_ID,
    ...(relativeFd === undefined ? {} : { [`${kind}.relative_fd`]: relativeFd }),
    ...(relativeId === undefined ? {} : { [`${kind}.relative_id`]: relativeId }),
    ...(expectedRevision === undefined ? {} : { [`${kind}.expected_revision`]: expectedRevision }),
  }
}

/** Attaches with PROG_ATTACH, which stays until it is undone. */
export function attachByCall(kernel: Kernel, progFd: number, targetFd: number, attachType: number, flags = 0): Link {
  const params = { targetFd, progFd, attachType }
  progAttach(kernel, { ...params, flags })
  return new CallLink(kernel, `${attachTypeName(attachType)} of fd ${targetFd}`, () => progDetach(kernel, params))
}

function openDirectory(kernel: Kernel, path: string): number {
  const fd = kernel.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  if (fd < 0) throw new SyscallError('open', -fd, path)
  return fd
}

/** Attaches to a cgroup; kernels of before 5.7 have no links for that. */
export function attachCgroup(kernel: Kernel, progFd: number, attachType: number, target: AttachTarget): Link {
  const { cgroup } = target
  if (cgroup === undefined) throw new RuleError(`attach ${attachTypeName(attachType)}: a cgroup is needed: set cgroup`)
  const opened = typeof cgroup === 'string'
  const fd = opened ? openDirectory(kernel, cgroup) : cgroup
  const where = `${attachTypeName(attachType)} of cgroup ${cgroup}`
  try {
    const fields = { prog_fd: progFd, target_fd: fd, attach_type: attachType, ...orderFields('cgroup', target) }
    const link = new BpfLink(
      kernel,
      linkCreate(kernel, () => fields, where),
      where,
    )
    if (opened) kernel.close(fd)
    return link
  } catch (error) {
    const tooOld = error instanceof SyscallError && error.errno === EINVAL && kernel.facts.version < 0x050700
    if (tooOld) return attachByCall(kernel, progFd, fd, attachType, target.flags)
    if (opened) kernel.close(fd)
    throw error
  }
}

/** Attaches to an interface: XDP, tcx, netkit. */
export function attachInterface(kernel: Kernel, progFd: number, attachType: number, target: AttachTarget): Link {
  const ifindex = target.netkit ?? target.ifindex
  if (ifindex === undefined)
    throw new RuleError(`attach ${attachTypeName(attachType)}: an interface is needed: set ifindex`)
  const where = `${attachTypeName(attachType)} of interface ${ifindex}`
  const kind = ORDERED[attachType]
  const order = kind ? orderFields(kind, target) : { flags: target.flags }
  const fields = { prog_fd: progFd, target_ifindex: ifindex, attach_type: attachType, ...order }
  return new BpfLink(
    kernel,
    linkCreate(kernel, () => fields, where),
    where,
  )
}

/** Attaches to a network namespace. */
export function attachNetns(kernel: Kernel, progFd: number, attachType: number, target: AttachTarget): Link {
  if (target.netnsFd === undefined) {
    throw new RuleError(`attach ${attachTypeName(attachType)}: a network namespace is needed: set netnsFd`)
  }
  const where = `${attachTypeName(attachType)} of network namespace fd ${target.netnsFd}`
  const fields = { prog_fd: progFd, target_fd: target.netnsFd, attach_type: attachType, flags: target.flags }
  return new BpfLink(
    kernel,
    linkCreate(kernel, () => fields, where),
    where,
  )
}

/** Attaches to a sockmap: by link since 6.10, by call before. */
export function attachSockmap(kernel: Kernel, progFd: number, attachType: number, target: AttachTarget): Link {
  if (target.mapFd === undefined)
    throw new RuleError(`attach ${attachTypeName(attachType)}: a sockmap is needed: set mapFd`)
  const where = `${attachTypeName(attachType)} of map fd ${target.mapFd}`
  const fields = { prog_fd: progFd, target_fd: target.mapFd, attach_type: attachType, flags: target.flags }
  try {
    return new BpfLink(
      kernel,
      linkCreate(kernel, () => fields, where),
      where,
    )
  } catch (error) {
    if (!(error instanceof SyscallError) || errnoName(error.errno) !== 'EINVAL') throw error
    return attachByCall(kernel, progFd, target.mapFd, attachType, target.flags)
  }
}

/** Attaches to a netfilter hook. */
export function attachNetfilter(kernel: Kernel, progFd: number, target: NetfilterTarget | undefined): Link {
  if (!target) throw new RuleError('attach BPF_NETFILTER: protocol, hook and priority are needed: set netfilter')
  const where = `netfilter hook ${target.hook} of protocol ${target.pf}`
  const fields = {
    prog_fd: progFd,
    attach_type: BPF_NETFILTER,
    'netfilter.pf': target.pf,
    'netfilter.hooknum': target.hook,
    'netfilter.priority': target.priority,
    'netfilter.flags': target.flags,
  }
  return new BpfLink(
    kernel,
    linkCreate(kernel, () => fields, where),
    where,
  )
}
