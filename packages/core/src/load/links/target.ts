// SPDX-License-Identifier: BSD-2-Clause

/** Where a uprobe goes. */
export interface UprobeTarget {
  /** Executable or library. */
  readonly path: string
  /** Offset in the file in bytes. */
  readonly offset: number | bigint
  /** Process, -1 for all. Default -1. */
  readonly pid?: number
}

/** What an iterator walks. */
export interface IterTarget {
  readonly mapFd?: number
  readonly cgroupFd?: number
  /** BPF_CGROUP_ITER_*. */
  readonly cgroupOrder?: number
  readonly tid?: number
  readonly pid?: number
}

/** Where a netfilter program goes. */
export interface NetfilterTarget {
  /** NFPROTO_IPV4 2, NFPROTO_IPV6 10. */
  readonly pf: number
  /** NF_INET_PRE_ROUTING 0 … POST_ROUTING 4. */
  readonly hook: number
  readonly priority: number
  readonly flags?: number
}

/**
 * To what a program is attached. Which of these a program needs depends on its type; a tracepoint, a function or a hook
 * may be named by the section instead.
 */
export interface AttachTarget {
  /** Replaces the program's expected attach type where the file leaves it open. */
  readonly attachType?: number
  /** fd of a cgroup directory, or its path. */
  readonly cgroup?: number | string
  /** Interface for XDP, tcx, netkit. */
  readonly ifindex?: number
  /** Primary device of a netkit pair: the attach type is then BPF_NETKIT_PRIMARY, or BPF_NETKIT_PEER with `peer`. */
  readonly netkit?: number
  /** Whether it runs at the peer of the netkit device. Default: what the section says, else the primary side. */
  readonly peer?: boolean
  /** fd of a network namespace, for flow dissectors and socket lookup. */
  readonly netnsFd?: number
  /** Socket for socket filters and SO_REUSEPORT groups. */
  readonly socketFd?: number
  /** Sockmap for its stream programs. */
  readonly mapFd?: number
  /** A perf event that is open already. */
  readonly perfEventFd?: number
  /** `category/name`, or the raw tracepoint's name. */
  readonly tracepoint?: string
  /** Kernel function, for kprobes. */
  readonly function?: string
  /** Kernel functions of a multi-kprobe. */
  readonly functions?: readonly string[]
  readonly uprobe?: UprobeTarget
  /** Places of a multi-uprobe, all in one file. */
  readonly uprobes?: { readonly path: string; readonly offsets: readonly (number | bigint)[]; readonly pid?: number }
  readonly netfilter?: NetfilterTarget
  readonly iter?: IterTarget
  /**
   * Function of another program that is replaced, where it is not the one the extension was loaded for: by its BTF id or
   * its name. Default: the name in the section.
   */
  readonly freplace?: { readonly progFd: number; readonly btfId?: number; readonly function?: string }
  /** Value that the program reads with bpf_get_attach_cookie. */
  readonly cookie?: bigint
  /** XDP_FLAGS_*, BPF_F_BEFORE and others, as the kind takes them. */
  readonly flags?: number
  /** fd of the program before or after which it is put (a link's with BPF_F_LINK): tcx, netkit, cgroups since 6.17. */
  readonly relativeFd?: number
  /** The same by id: sets BPF_F_ID. */
  readonly relativeId?: number
  /** Attaches only if the place is still in this revision, see `progQuery`. */
  readonly expectedRevision?: bigint
}
