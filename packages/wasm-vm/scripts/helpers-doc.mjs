// SPDX-License-Identifier: GPL-2.0-only
// Writes HELPERS.md: every helper id of Linux 6.18, the file that implements it, and what differs from Linux by nature.
//   node packages/wasm-vm/scripts/helpers-doc.mjs [--check]

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('..', import.meta.url)
const HELPERS = new URL('assembly/helpers/', ROOT)
const TARGET = fileURLToPath(new URL('HELPERS.md', ROOT))

/** What cannot mean the same without the machine that Linux runs on. */
const NOTES = {
  bpf_tail_call: 'the engines do it (interp/calls.ts, jit/)',
  bpf_probe_write_user: 'EPERM: simulated tasks have no memory that a program may change',
  bpf_probe_read: 'one address space: kernel and user memory are the same',
  bpf_probe_read_user: 'as bpf_probe_read',
  bpf_probe_read_kernel: 'as bpf_probe_read; ERANGE for what can be no kernel address, as Linux says',
  bpf_copy_from_user: 'as bpf_probe_read',
  bpf_copy_from_user_task: 'as bpf_probe_read; flags must be 0',
  bpf_override_return: 'EOPNOTSUPP: no error injection',
  bpf_d_path: 'EOPNOTSUPP: simulated files have no paths for programs',
  bpf_ima_inode_hash: 'EOPNOTSUPP: no integrity measurement',
  bpf_ima_file_hash: 'EOPNOTSUPP: no integrity measurement',
  bpf_get_branch_snapshot: 'ENOENT: no branch records',
  bpf_read_branch_records: 'ENOENT: no branch records',
  bpf_kallsyms_lookup_name: 'ENOENT: no symbol table',
  bpf_find_vma: 'ENOENT: simulated tasks map nothing',
  bpf_get_stackid:
    'the stack of the kernel is the running program; of the user, the instruction pointer of its registers',
  bpf_get_stack: 'as bpf_get_stackid',
  bpf_get_task_stack: 'as bpf_get_stackid',
  bpf_skb_get_xfrm_state: 'EINVAL: no security associations',
  bpf_get_route_realm: '0: routes have no realms',
  bpf_send_signal: 'noted with the task; the host sees it',
  bpf_send_signal_thread: 'as bpf_send_signal',
  bpf_spin_lock: 'one thread: never waits',
  bpf_spin_unlock: 'as bpf_spin_lock',
  bpf_get_numa_node_id: '0',
  bpf_sock_from_file: 'null: files of programs are no sockets',
  bpf_skc_to_mptcp_sock: 'null: no multipath TCP',
  bpf_skc_to_tcp_request_sock: 'null: connections under way have no sockets of their own',
  bpf_skc_to_tcp_timewait_sock: 'null: closed connections leave no sockets',
  bpf_snprintf_btf: 'EINVAL unless the host gave the kernel BTF; pointers show as numbers that stand for them',
  bpf_seq_printf_btf: 'as bpf_snprintf_btf',
  bpf_btf_find_by_name_kind: 'EINVAL unless the host gave the kernel BTF',
}

/** Helper name to the file that implements it, from the tables' cases. */
function implementations() {
  const found = new Map()
  for (const table of ['table.ts', 'packet-table.ts', 'tracing-table.ts', 'net-table.ts', 'world-table.ts']) {
    const text = readFileSync(new URL(table, HELPERS), 'utf8')
    const files = new Map()
    for (const [, names, file] of text.matchAll(/import\s*\{([^}]*)\}\s*from\s*'\.\/([\w-]+)'/g)) {
      for (const name of names.split(',')) files.set(name.trim(), `${file}.ts`)
    }
    let pending = []
    for (const [, id, fn] of text.matchAll(/case BPF_FUNC_(\w+):|return <i32>(\w+)\.index/g)) {
      if (id) pending.push(`bpf_${id}`)
      else {
        for (const name of pending) if (!found.has(name)) found.set(name, files.get(fn) ?? table)
        pending = []
      }
    }
  }
  found.set('bpf_tail_call', '../interp/calls.ts')
  return found
}

function ids() {
  const text = readFileSync(new URL('assembly/gen/uapi-enums.gen.ts', ROOT), 'utf8')
  return [...text.matchAll(/export const BPF_FUNC_(\w+): i32 = (\d+)/g)]
    .map(([, name, id]) => [Number(id), `bpf_${name}`])
    .filter(([id]) => id > 0)
}

function render() {
  const found = implementations()
  const rows = ids().map(([id, name]) => {
    const file = found.get(name)
    return `| ${id} | \`${name}\` | ${file ? `\`${file.replace('../', '')}\`` : 'not there'} | ${NOTES[name] ?? ''} |`
  })
  const missing = ids().filter(([, name]) => !found.has(name))
  return `<!-- Written by scripts/helpers-doc.mjs; do not edit. -->
# Helpers of the virtual kernel

${ids().length - missing.length} of the ${ids().length} helper ids of Linux 6.18 are implemented (files of \`assembly/helpers/\`). Which program type may call which
helper is the verifier's business (\`spec/helper-availability.mjs\`). \`npm run parity:maps\` and
\`test/differential/helpers.test.ts\` compare what they answer with the running Linux; the last column says what differs by
nature.

| id | helper | file | note |
|---|---|---|---|
${rows.join('\n')}
`
}

const text = render()
if (!process.argv.includes('--check')) writeFileSync(TARGET, text)
else if (readFileSync(TARGET, 'utf8') !== text) {
  console.error('HELPERS.md is not what scripts/helpers-doc.mjs writes')
  process.exit(1)
}
