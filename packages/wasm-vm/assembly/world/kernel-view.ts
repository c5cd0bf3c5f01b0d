// SPDX-License-Identifier: GPL-2.0-only
// What stands in the images of objects (world/image.ts): which member shows what of the object. An image is filled anew
// whenever its address is handed out. Each function gives an address, or 0 without BTF.

import { AF_INET, AF_INET6, AF_UNIX } from '../gen/system.gen'
import { BpfMap, mapName } from '../maps/map'
import { kernel } from '../mem/root'
import { Prog, progName } from '../prog/prog'
import { Link } from '../syscall/link'
import { Cgroup } from './cgroup'
import { DEV_LOOPBACK, deviceName, NetDevice } from './device'
import {
  fieldAt,
  IMAGE_CGROUP,
  IMAGE_CRED,
  IMAGE_CSS_SET,
  IMAGE_DEVICE,
  IMAGE_INODE,
  IMAGE_KERNFS,
  IMAGE_LINK,
  IMAGE_MAP,
  IMAGE_NETNS,
  IMAGE_NSPROXY,
  IMAGE_PROG,
  IMAGE_PROG_AUX,
  IMAGE_SKB,
  IMAGE_SOCK,
  IMAGE_SOCKET,
  IMAGE_TASK,
  IMAGE_UNIX_ADDRESS,
  IMAGE_XDP,
  imageFind,
  imageObject,
  imageOf,
  setAs,
  setBytes,
  setBytesAs,
  setField,
} from './image'
import { Netns } from './netns'
import { Skb } from './skb'
import { isTcp, isUdp, Sock, sockDst6, sockSrc6, TCP_ESTABLISHED } from './sock'
import { Task, taskByPid, taskComm } from './task'
import { XdpBuff } from './xdp-buff'

const PF_FORKNOEXEC: u64 = 0x40

// tasks

export function viewTask(t: Task): usize {
  const at = imageOf(changetype<usize>(t), IMAGE_TASK, 'task_struct')
  if (!at) return 0
  setField(at, 'pid', t.pid)
  setField(at, 'tgid', t.tgid)
  setField(at, 'start_time', t.startTime)
  setField(at, 'start_boottime', t.startTime)
  setField(at, 'flags', PF_FORKNOEXEC)
  setField(at, 'usage.refs.counter', t.refs)
  setField(at, 'exit_state', t.exited ? 16 : 0)
  setField(at, 'thread_info.cpu', kernel().currentCpu)
  setBytes(at, 'comm', taskComm(t), 16)
  setField(at, 'group_leader', <u64>related(t, t.tgid, at))
  const parent = <u64>related(t, t.ppid, at)
  setField(at, 'real_parent', parent)
  setField(at, 'parent', parent)
  const cred = <u64>viewCred(t)
  setField(at, 'cred', cred)
  setField(at, 'real_cred', cred)
  setField(at, 'cgroups', <u64>viewCssSet(t))
  setField(at, 'nsproxy', <u64>viewNsproxy(t))
  return at
}

/** Image of a relative by its number; of the task itself if there is no other. */
function related(t: Task, pid: u32, self: usize): usize {
  const other = pid == t.pid ? t : taskByPid(pid)
  if (!changetype<usize>(other) || other == t) return self
  const known = imageFind(changetype<usize>(other), IMAGE_TASK)
  return known ? known : viewTask(other)
}

function viewCred(t: Task): usize {
  const at = imageOf(changetype<usize>(t), IMAGE_CRED, 'cred')
  if (!at) return 0
  setField(at, 'usage.counter', 2)
  setField(at, 'uid.val', t.uid)
  setField(at, 'euid.val', t.uid)
  setField(at, 'suid.val', t.uid)
  setField(at, 'fsuid.val', t.uid)
  setField(at, 'gid.val', t.gid)
  setField(at, 'egid.val', t.gid)
  setField(at, 'sgid.val', t.gid)
  setField(at, 'fsgid.val', t.gid)
  setField(at, 'cap_effective.val', kernel().caps)
  setField(at, 'cap_permitted.val', kernel().caps)
  setField(at, 'cap_bset.val', kernel().caps)
  return at
}

function viewCssSet(t: Task): usize {
  const at = imageOf(changetype<usize>(t), IMAGE_CSS_SET, 'css_set')
  setField(at, 'dfl_cgrp', <u64>viewCgroup(t.cgroup))
  setField(at, 'refcount.refs.counter', 1)
  return at
}

function viewNsproxy(t: Task): usize {
  const at = imageOf(changetype<usize>(t), IMAGE_NSPROXY, 'nsproxy')
  setField(at, 'net_ns', <u64>viewNetns(t.netns))
  return at
}

export function viewNetns(ns: Netns): usize {
  const at = imageOf(changetype<usize>(ns), IMAGE_NETNS, 'net')
  setField(at, 'ns.inum', ns.ino)
  setField(at, 'net_cookie', ns.cookie)
  setField(at, 'ifindex', <u64>(ns.nextIfindex - 1))
  return at
}

// objects of bpf(2)

export function viewMap(m: BpfMap): usize {
  const at = imageOf(changetype<usize>(m), IMAGE_MAP, 'bpf_map')
  setField(at, 'id', m.id)
  setField(at, 'map_type', m.mapType)
  setField(at, 'key_size', m.keySize)
  setField(at, 'value_size', m.valueSize)
  setField(at, 'max_entries', m.maxEntries)
  setField(at, 'map_flags', m.mapFlags)
  setField(at, 'map_extra', m.mapExtra)
  setField(at, 'frozen', u64(m.frozen))
  setField(at, 'btf_key_type_id', m.btfKeyTypeId)
  setField(at, 'btf_value_type_id', m.btfValueTypeId)
  setField(at, 'numa_node', <u64>(<i64>m.numaNode))
  setBytes(at, 'name', mapName(m), 16)
  setField(at, 'refcnt.counter', m.refs)
  setField(at, 'usercnt.counter', m.usercnt)
  return at
}

export function viewProg(p: Prog): usize {
  const at = imageOf(changetype<usize>(p), IMAGE_PROG, 'bpf_prog')
  if (!at) return 0
  setField(at, 'type', p.type)
  setField(at, 'expected_attach_type', p.expectedAttachType)
  setField(at, 'len', p.len)
  setField(at, 'jited', p.jitFn ? 1 : 0)
  setField(at, 'jited_len', p.jitedLen)
  setField(at, 'gpl_compatible', u64(p.gplCompatible))
  setField(at, 'sleepable', u64(p.sleepable))
  setBytes(at, 'tag', changetype<usize>(p) + offsetof<Prog>('tag'), 8)
  const aux = imageOf(changetype<usize>(p), IMAGE_PROG_AUX, 'bpf_prog_aux')
  setField(at, 'aux', <u64>aux)
  setField(aux, 'id', p.id)
  setField(aux, 'refcnt.counter', p.refs)
  setField(aux, 'used_map_cnt', p.usedMapCnt)
  setField(aux, 'func_cnt', p.subprogCnt)
  setField(aux, 'load_time', p.loadTime)
  setField(aux, 'verified_insns', p.verifiedInsns)
  setField(aux, 'attach_btf_id', p.attachBtfId)
  setField(aux, 'attach_func_name', <u64>p.attachFuncName)
  setField(aux, 'max_ctx_offset', p.maxCtxOffset)
  setField(aux, 'dst_prog', changetype<usize>(p.attachProg) ? <u64>viewProg(p.attachProg) : 0)
  setField(aux, 'prog', <u64>at)
  setBytes(aux, 'name', progName(p), 16)
  return at
}

export function viewLink(l: Link): usize {
  const at = imageOf(changetype<usize>(l), IMAGE_LINK, 'bpf_link')
  if (!at) return 0
  setField(at, 'id', l.id)
  setField(at, 'type', l.type)
  setField(at, 'refcnt.counter', l.refs)
  setField(at, 'attach_type', l.attachType)
  setField(at, 'prog', changetype<usize>(l.prog) ? <u64>viewProg(l.prog) : 0)
  return at
}

// cgroups

export function viewCgroup(cg: Cgroup): usize {
  const at = imageOf(changetype<usize>(cg), IMAGE_CGROUP, 'cgroup')
  if (!at) return 0
  let level: u32 = 0
  for (let c = cg.parent; changetype<usize>(c); c = c.parent) level++
  setField(at, 'level', level)
  setField(at, 'self.cgroup', <u64>at)
  setField(at, 'self.id', cg.id)
  setField(at, 'self.serial_nr', cg.id)
  // CSS_ONLINE and CSS_VISIBLE
  setField(at, 'self.flags', cg.dying ? 16 : 10)
  const kn = imageOf(changetype<usize>(cg), IMAGE_KERNFS, 'kernfs_node')
  setField(at, 'kn', <u64>kn)
  setField(kn, 'id', cg.id)
  setField(kn, 'name', <u64>cg.name)
  if (changetype<usize>(cg.parent)) {
    const parent = viewCgroup(cg.parent)
    setField(at, 'self.parent', <u64>(parent ? fieldAt(parent, 'self') : 0))
    setField(kn, '__parent', <u64>imageFind(changetype<usize>(cg.parent), IMAGE_KERNFS))
  }
  return at
}

// sockets

/** The struct of which a socket is one. */
function sockStruct(sk: Sock): string {
  if (isTcp(sk)) return sk.family == AF_INET6 ? 'tcp6_sock' : 'tcp_sock'
  if (isUdp(sk)) return sk.family == AF_INET6 ? 'udp6_sock' : 'udp_sock'
  if (sk.family == AF_UNIX) return 'unix_sock'
  return sk.family == AF_INET || sk.family == AF_INET6 ? 'inet_sock' : 'sock'
}

/** A socket in the kernel's layout. */
export function viewSock(sk: Sock): usize {
  const at = imageOf(changetype<usize>(sk), IMAGE_SOCK, sockStruct(sk))
  if (!at) return 0
  fillCommon(at, sk)
  fillSock(at, sk)
  if (isTcp(sk)) fillTcp(at, sk)
  if (sk.family == AF_INET || sk.family == AF_INET6) fillInet(at, sk)
  else if (sk.family == AF_UNIX) fillUnix(at, sk)
  return at
}

function fillCommon(at: usize, sk: Sock): void {
  setAs(at, 'sock_common', 'skc_family', sk.family)
  setAs(at, 'sock_common', 'skc_state', sk.state)
  setAs(at, 'sock_common', 'skc_num', sk.srcPort)
  setAs(at, 'sock_common', 'skc_dport', sk.dstPort)
  setAs(at, 'sock_common', 'skc_daddr', sk.dstIp4)
  setAs(at, 'sock_common', 'skc_rcv_saddr', sk.srcIp4)
  setBytesAs(at, 'sock_common', 'skc_v6_daddr', sockDst6(sk), 16)
  setBytesAs(at, 'sock_common', 'skc_v6_rcv_saddr', sockSrc6(sk), 16)
  setAs(at, 'sock_common', 'skc_bound_dev_if', sk.boundDevIf)
  setAs(at, 'sock_common', 'skc_reuse', u64(sk.reuseaddr))
  setAs(at, 'sock_common', 'skc_reuseport', u64(sk.reuseport))
  setAs(at, 'sock_common', 'skc_ipv6only', u64(sk.v6only))
  setAs(at, 'sock_common', 'skc_net.net', <u64>viewNetns(sk.netns))
  setAs(at, 'sock_common', 'skc_cookie.counter', sk.cookie)
  setAs(at, 'sock_common', 'skc_refcnt.refs.counter', sk.refs)
  setAs(at, 'sock_common', 'skc_rx_queue_mapping', <u64>(<u16>sk.rxQueueMapping))
}

function fillSock(at: usize, sk: Sock): void {
  setAs(at, 'sock', 'sk_protocol', sk.protocol)
  setAs(at, 'sock', 'sk_type', sk.type)
  setAs(at, 'sock', 'sk_mark', sk.mark)
  setAs(at, 'sock', 'sk_priority', sk.priority)
  setAs(at, 'sock', 'sk_rcvbuf', sk.rcvbuf)
  setAs(at, 'sock', 'sk_sndbuf', sk.sndbuf)
  setAs(at, 'sock', 'sk_rcvlowat', sk.rcvlowat)
  setAs(at, 'sock', 'sk_err', <u64>sk.err)
  setAs(at, 'sock', 'sk_shutdown', sk.shutdown)
  setAs(at, 'sock', 'sk_txhash', sk.txhash)
  setAs(at, 'sock', 'sk_uid.val', sk.uid)
  setAs(at, 'sock', 'sk_ino', <u64>changetype<usize>(sk))
  setAs(at, 'sock', 'sk_max_pacing_rate', sk.maxPacing)
  setAs(at, 'sock', 'sk_ack_backlog', sk.backlogCnt)
  setAs(at, 'sock', 'sk_max_ack_backlog', sk.backlogMax)
  setAs(at, 'sock', 'sk_drops.counter', sk.drops)
  setAs(at, 'sock', 'sk_backlog.rmem_alloc.counter', sk.rqBytes)
  setAs(at, 'sock', 'sk_receive_queue.qlen', sk.rqCount)
  setAs(at, 'sock', 'sk_cgrp_data.cgroup', <u64>viewCgroup(sk.cgroup))
  setAs(at, 'sock', 'sk_socket', <u64>viewSocket(sk, at))
}

/** The struct socket of a sock whose image is at `sock`. */
function viewSocket(sk: Sock, sock: usize): usize {
  const at = imageOf(changetype<usize>(sk), IMAGE_SOCKET, 'socket')
  setField(at, 'type', sk.type)
  setField(at, 'sk', <u64>sock)
  // SS_UNCONNECTED, SS_CONNECTED
  setField(at, 'state', sk.state == TCP_ESTABLISHED ? 3 : 1)
  return at
}

export function viewSocketOf(sk: Sock): usize {
  const sock = viewSock(sk)
  return sock ? imageFind(changetype<usize>(sk), IMAGE_SOCKET) : 0
}

function fillInet(at: usize, sk: Sock): void {
  setAs(at, 'inet_sock', 'inet_saddr', sk.srcIp4)
  setAs(at, 'inet_sock', 'inet_sport', <u64>bswap<u16>(<u16>sk.srcPort))
  setAs(at, 'inet_sock', 'tos', sk.tos)
  setAs(at, 'inet_sock', 'uc_ttl', sk.ttl)
}

function fillTcp(at: usize, sk: Sock): void {
  setAs(at, 'inet_connection_sock', 'icsk_retransmits', sk.icskRetransmits)
  setAs(at, 'inet_connection_sock', 'icsk_user_timeout', sk.userTimeout)
  setAs(at, 'tcp_sock', 'snd_cwnd', sk.sndCwnd)
  setAs(at, 'tcp_sock', 'snd_ssthresh', sk.sndSsthresh)
  setAs(at, 'tcp_sock', 'srtt_us', sk.srttUs)
  setAs(at, 'tcp_sock', 'rcv_nxt', sk.rcvNxt)
  setAs(at, 'tcp_sock', 'snd_nxt', sk.sndNxt)
  setAs(at, 'tcp_sock', 'write_seq', sk.sndNxt)
  setAs(at, 'tcp_sock', 'snd_una', sk.sndUna)
  setAs(at, 'tcp_sock', 'snd_wnd', sk.sndWnd)
  setAs(at, 'tcp_sock', 'mss_cache', sk.mssCache)
  setAs(at, 'tcp_sock', 'ecn_flags', sk.ecnFlags)
  setAs(at, 'tcp_sock', 'packets_out', sk.packetsOut)
  setAs(at, 'tcp_sock', 'retrans_out', sk.retransOut)
  setAs(at, 'tcp_sock', 'total_retrans', sk.totalRetrans)
  setAs(at, 'tcp_sock', 'lost_out', sk.lostOut)
  setAs(at, 'tcp_sock', 'sacked_out', sk.sackedOut)
  setAs(at, 'tcp_sock', 'segs_in', sk.segsIn)
  setAs(at, 'tcp_sock', 'data_segs_in', sk.dataSegsIn)
  setAs(at, 'tcp_sock', 'segs_out', sk.segsOut)
  setAs(at, 'tcp_sock', 'data_segs_out', sk.dataSegsOut)
  setAs(at, 'tcp_sock', 'bytes_received', sk.bytesReceived)
  setAs(at, 'tcp_sock', 'bytes_acked', sk.bytesAcked)
  setAs(at, 'tcp_sock', 'delivered', sk.delivered)
  setAs(at, 'tcp_sock', 'nonagle', u64(sk.nodelay))
  setAs(at, 'tcp_sock', 'bpf_sock_ops_cb_flags', sk.opsFlags)
}

const UNIX_ADDRESS: string = 'unix_address'

function fillUnix(at: usize, sk: Sock): void {
  const peer = changetype<usize>(sk.peer)
  setAs(at, 'unix_sock', 'peer', peer ? <u64>imageOf(peer, IMAGE_SOCK, 'unix_sock') : 0)
  if (!sk.name) return
  const addr = imageOf(changetype<usize>(sk), IMAGE_UNIX_ADDRESS, UNIX_ADDRESS, 110)
  setAs(at, 'unix_sock', 'addr', <u64>addr)
  setField(addr, 'refcnt.refs.counter', 1)
  setField(addr, 'len', sk.nameLen)
  const name = fieldAt(addr, 'name')
  if (name) memory.copy(name, sk.name, min<u32>(sk.nameLen, 110))
}

// packets and devices

export function viewDevice(dev: NetDevice): usize {
  const at = imageOf(changetype<usize>(dev), IMAGE_DEVICE, 'net_device')
  setField(at, 'ifindex', <u64>dev.ifindex)
  setField(at, 'mtu', dev.mtu)
  setBytes(at, 'name', deviceName(dev), 16)
  setField(at, 'nd_net.net', <u64>viewNetns(dev.netns))
  setField(at, 'flags', dev.up ? 1 : 0)
  setField(at, 'type', dev.kind == DEV_LOOPBACK ? ARPHRD_LOOPBACK : ARPHRD_ETHER)
  setField(at, 'hard_header_len', 14)
  setField(at, 'addr_len', 6)
  setField(at, 'dev_addr', <u64>dev.mac)
  setField(at, 'real_num_rx_queues', dev.rxQueues)
  setField(at, 'stats.rx_packets', dev.rxPackets)
  setField(at, 'stats.tx_packets', dev.txPackets)
  return at
}
const ARPHRD_ETHER: u64 = 1
const ARPHRD_LOOPBACK: u64 = 772

export function viewSkb(skb: Skb): usize {
  const at = imageOf(changetype<usize>(skb), IMAGE_SKB, 'sk_buff')
  if (!at) return 0
  setField(at, 'len', skb.len)
  setField(at, 'data_len', 0)
  setField(at, 'head', <u64>skb.head)
  setField(at, 'data', <u64>skb.data)
  setField(at, 'tail', skb.dataEnd - <u32>skb.head)
  setField(at, 'end', <u64>(skb.end - skb.head))
  setField(at, 'mac_header', skb.mac)
  setField(at, 'network_header', skb.net)
  setField(at, 'transport_header', skb.transport)
  setField(at, 'mac_len', skb.macLen)
  setField(at, 'protocol', skb.protocol)
  setField(at, 'pkt_type', skb.pktType)
  setField(at, 'ip_summed', skb.ipSummed)
  setField(at, 'mark', skb.mark)
  setField(at, 'priority', skb.priority)
  setField(at, 'hash', skb.hash)
  setField(at, 'queue_mapping', skb.queueMapping)
  setField(at, 'skb_iif', skb.ingressIfindex)
  setField(at, 'tc_index', skb.tcIndex)
  setField(at, 'vlan_tci', skb.vlanTci)
  setField(at, 'vlan_proto', skb.vlanProto)
  setField(at, 'napi_id', skb.napiId)
  setField(at, 'tstamp', skb.tstamp)
  setField(at, 'users.refs.counter', skb.refs)
  setField(at, 'truesize', <u64>(skb.end - skb.head) + 256 + 320)
  setBytes(at, 'cb', changetype<usize>(skb) + offsetof<Skb>('cb0'), 20)
  setField(at, 'dev', changetype<usize>(skb.dev) ? <u64>viewDevice(skb.dev) : 0)
  setField(at, 'sk', skb.owner ? <u64>viewSock(changetype<Sock>(skb.owner)) : 0)
  return at
}

export function viewXdp(x: XdpBuff): usize {
  const at = imageOf(changetype<usize>(x), IMAGE_XDP, 'xdp_buff')
  setField(at, 'data', x.data)
  setField(at, 'data_end', x.dataEnd)
  setField(at, 'data_meta', x.dataMeta)
  setField(at, 'data_hard_start', x.hardStart)
  setField(at, 'frame_sz', x.hardEnd - x.hardStart)
  return at
}

// back from images

/** The socket behind an address that a program gives: a Sock of its own context, or one through the kernel's types. */
@inline export function sockBehind(address: u64): u64 {
  const obj = imageObject(address, IMAGE_SOCK)
  return obj ? <u64>obj : address
}

@inline export function taskBehind(address: u64): u64 {
  const obj = imageObject(address, IMAGE_TASK)
  return obj ? <u64>obj : address
}

@inline export function cgroupBehind(address: u64): u64 {
  const obj = imageObject(address, IMAGE_CGROUP)
  return obj ? <u64>obj : address
}

@inline export function inodeBehind(address: u64): u64 {
  const obj = imageObject(address, IMAGE_INODE)
  return obj ? <u64>obj : address
}

@inline export function mapBehind(address: u64): u64 {
  const obj = imageObject(address, IMAGE_MAP)
  return obj ? <u64>obj : address
}

@inline export function xdpBehind(address: u64): u64 {
  const obj = imageObject(address, IMAGE_XDP)
  return obj ? <u64>obj : address
}

@inline export function skbBehind(address: u64): u64 {
  const obj = imageObject(address, IMAGE_SKB)
  return obj ? <u64>obj : address
}
