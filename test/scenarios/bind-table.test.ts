// SPDX-License-Identifier: BSD-2-Clause
/**
 * The cases of the kernel's own test of socket programs in cgroups (tools/testing/selftests/bpf/test_sock.c, Linux 6.12):
 * what cannot be loaded, what cannot be attached, and what becomes of bind().
 */
import * as U from '@skep/core/uapi'
import {
  AF_INET,
  AF_INET6,
  attach,
  EINVAL,
  EPERM,
  inet,
  inet6,
  load,
  returns,
  SOCK_DGRAM,
  SOCK_STREAM,
} from './calls.ts'
import { scenario } from './scenario.ts'

const OVERRIDE = 1
const EACCES = -13
const CREATE = U.BPF_CGROUP_INET_SOCK_CREATE
const BIND4 = U.BPF_CGROUP_INET4_POST_BIND
const BIND6 = U.BPF_CGROUP_INET6_POST_BIND

/** Reads a word of struct bpf_sock. */
const reads = (offset: number) => `r7 = *(u32 *)(r1 + ${offset})\nr0 = 1\nexit`
const MARK = 16
const SRC_IP4 = 24
const SRC_IP6 = 28
const SRC_PORT = 44

/** Answers `verdict` for an address (the word at an offset, in network order) and port, and the other for all else. */
const decides = (offset: number, word: number, port: number, verdict: 0 | 1) => `
  r7 = *(u32 *)(r1 + ${offset})
  w8 = ${word}
  if r7 != r8 goto other
  r7 = *(u32 *)(r1 + ${SRC_PORT})
  if r7 != ${port} goto other
  r0 = ${verdict}
  exit
other:
  r0 = ${1 - verdict}
  exit`
const V4_LOOPBACK = 0x0100007f
const V6_LOOPBACK_END = 0x01000000

/** What the socket asks for: family, type, address, port, and the port that it asks for when that was refused. */
type Wish =
  | readonly [typeof AF_INET, number, string, number, (number | undefined)?]
  | readonly [typeof AF_INET6, number, '::' | '::1', number, (number | undefined)?]

type Outcome = readonly ['load', number] | readonly ['attach', number] | readonly ['bind', ...number[]]
interface Case {
  readonly text: string
  readonly expects: number
  readonly at: number
  readonly wish?: Wish
  readonly outcome: Outcome
}

const tcp4 = (address: string, port: number, retry?: number): Wish => [AF_INET, SOCK_STREAM, address, port, retry]
const tcp6 = (address: '::' | '::1', port: number, retry?: number): Wish => [
  AF_INET6,
  SOCK_STREAM,
  address,
  port,
  retry,
]
const allow = returns(1)
const deny = returns(0)
const cases: Record<string, Case> = {
  'post_bind4 may not read the IPv6 address': {
    text: reads(SRC_IP6),
    expects: BIND4,
    at: BIND4,
    outcome: ['load', EACCES],
  },
  'post_bind4 may not read the mark': { text: reads(MARK), expects: BIND4, at: BIND4, outcome: ['load', EACCES] },
  'post_bind6 may not read the IPv4 address': {
    text: reads(SRC_IP4),
    expects: BIND6,
    at: BIND6,
    outcome: ['load', EACCES],
  },
  'sock_create may not read the port': {
    text: reads(SRC_PORT),
    expects: CREATE,
    at: CREATE,
    outcome: ['load', EACCES],
  },
  'sock_create without an expected attach type': {
    text: allow,
    expects: 0,
    at: CREATE,
    wish: tcp4('127.0.0.1', 8097),
    outcome: ['bind', 0],
  },
  'sock_create with its attach type': {
    text: allow,
    expects: CREATE,
    at: CREATE,
    wish: tcp4('127.0.0.1', 8097),
    outcome: ['bind', 0],
  },
  'a program for post_bind4 is not attached to post_bind6': {
    text: allow,
    expects: BIND4,
    at: BIND6,
    outcome: ['attach', EINVAL],
  },
  'a program for post_bind6 is not attached to post_bind4': {
    text: allow,
    expects: BIND6,
    at: BIND4,
    outcome: ['attach', EINVAL],
  },
  'a program of the default type is not attached to post_bind4': {
    text: allow,
    expects: 0,
    at: BIND4,
    outcome: ['attach', EINVAL],
  },
  'a program for post_bind6 is not attached to sock_create': {
    text: allow,
    expects: BIND6,
    at: CREATE,
    outcome: ['attach', EINVAL],
  },
  'post_bind4 refuses all': {
    text: deny,
    expects: BIND4,
    at: BIND4,
    wish: tcp4('0.0.0.0', 0),
    outcome: ['bind', EPERM],
  },
  'post_bind6 refuses all': { text: deny, expects: BIND6, at: BIND6, wish: tcp6('::', 0), outcome: ['bind', EPERM] },
  'post_bind6 refuses one address and port': {
    text: decides(SRC_IP6 + 12, V6_LOOPBACK_END, 8193, 0),
    expects: BIND6,
    at: BIND6,
    wish: tcp6('::1', 8193),
    outcome: ['bind', EPERM],
  },
  'post_bind4 allows one address and port': {
    text: decides(SRC_IP4, V4_LOOPBACK, 4098, 1),
    expects: BIND4,
    at: BIND4,
    wish: tcp4('127.0.0.1', 4098),
    outcome: ['bind', 0],
  },
  'post_bind4 refuses a TCP port, and another is had': {
    text: decides(SRC_IP4, V4_LOOPBACK, 4098, 0),
    expects: BIND4,
    at: BIND4,
    wish: tcp4('127.0.0.1', 4098, 5000),
    outcome: ['bind', EPERM, 0],
  },
  'post_bind4 refuses a UDP port, and another is had': {
    text: decides(SRC_IP4, V4_LOOPBACK, 4098, 0),
    expects: BIND4,
    at: BIND4,
    wish: [AF_INET, SOCK_DGRAM, '127.0.0.1', 4098, 5000],
    outcome: ['bind', EPERM, 0],
  },
  'post_bind6 refuses a port, and another is had': {
    text: decides(SRC_IP6 + 12, V6_LOOPBACK_END, 8193, 0),
    expects: BIND6,
    at: BIND6,
    wish: tcp6('::1', 8193, 9000),
    outcome: ['bind', EPERM, 0],
  },
  'post_bind4 allows all': { text: allow, expects: BIND4, at: BIND4, wish: tcp4('0.0.0.0', 0), outcome: ['bind', 0] },
  'post_bind6 allows all': { text: allow, expects: BIND6, at: BIND6, wish: tcp6('::', 0), outcome: ['bind', 0] },
}

const NAMES = new Map([
  [CREATE, 'BPF_CGROUP_INET_SOCK_CREATE'],
  [BIND4, 'BPF_CGROUP_INET4_POST_BIND'],
  [BIND6, 'BPF_CGROUP_INET6_POST_BIND'],
])

for (const [name, { text, expects, at, wish, outcome }] of Object.entries(cases)) {
  const shown = outcome[0] === 'bind' ? NAMES.get(at) : undefined
  scenario<Outcome>(`test_sock: ${name}`, {
    shows: shown === undefined ? {} : { programTypes: ['BPF_PROG_TYPE_CGROUP_SOCK'], attachTypes: [shown] },
    expected: outcome,
    run: ({ kernel, cgroup }) => {
      const program = load(kernel, U.BPF_PROG_TYPE_CGROUP_SOCK, text, { expectedAttachType: expects })
      if (program < 0) return ['load', program]
      const attached = attach(kernel, cgroup.fd, program, at, OVERRIDE)
      if (attached < 0 || wish === undefined) return ['attach', attached]
      const [family, type, address, ...ports] = wish
      const socket = kernel.socket(family, type, 0)
      const answers: number[] = []
      for (const port of ports) {
        if (port === undefined || answers.at(-1) === 0) break
        answers.push(kernel.bind(socket, family === AF_INET ? inet(address, port) : inet6(address as '::', port)))
      }
      return ['bind', ...answers]
    },
  })
}
