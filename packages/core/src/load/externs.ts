// SPDX-License-Identifier: BSD-2-Clause
/** Finds kernel symbols on a kernel. */
import { EINVAL, RelocationError, UnsupportedError } from '../errors/index.ts'
import { ESRCH } from '../gen/errno.gen.ts'
import type { ObjectSpec } from '../object/object.ts'
import type { ExternSpec } from '../object/spec.ts'
import { typesCompatible } from '../relo/core-compat.ts'
import { essentialName } from '../relo/core-types.ts'
import type { ResolvedExtern } from '../relo/index.ts'
import { readText } from './files.ts'
import type { Kernel } from './kernel.ts'
import type { FoundType, KernelTypes } from './kernel-types.ts'

/** Addresses of kernel symbols, as `/proc/kallsyms` has them. */
export type Kallsyms = ReadonlyMap<string, bigint>

/** Symbols of the text of `/proc/kallsyms`; a name that stands for several places keeps the first. */
export function parseKallsyms(text: string): Map<string, bigint> {
  const symbols = new Map<string, bigint>()
  for (const line of text.split('\n')) {
    const [address, , name] = line.split(/\s+/)
    if (address && name && !symbols.has(name)) symbols.set(name, BigInt(`0x${address}`))
  }
  return symbols
}

const known = new WeakMap<Kernel, Kallsyms | undefined>()

/** Symbols of a kernel that shows them in `/proc/kallsyms`. */
export function kernelSymbols(kernel: Kernel): Kallsyms | undefined {
  if (!known.has(kernel)) {
    const text = readText(kernel, '/proc/kallsyms')
    known.set(kernel, text === undefined ? undefined : parseKallsyms(text))
  }
  return known.get(kernel)
}

/** Index of a module's types in the fd array of BPF_PROG_LOAD; 0 stands for the kernel. */
function fdIndex(fdArray: number[], fd: number): number {
  if (fd === 0) return 0
  if (fdArray.length === 0) fdArray.push(0)
  const known = fdArray.indexOf(fd)
  return known > 0 ? known : fdArray.push(fd) - 1
}

function compatible(spec: ExternSpec, object: ObjectSpec, found: FoundType): boolean {
  const symbol = found.btf.type(found.id)
  if (symbol.kind !== 'VAR' && symbol.kind !== 'FUNC') return false
  const target = symbol.kind === 'VAR' ? found.btf.resolve(symbol.type) : symbol.type
  return typesCompatible(object.btf!, spec.typeId, found.btf, target)
}

/** What the symbol is on this kernel. @throws RelocationError where it is missing and not weak */
export function resolveExtern(
  spec: ExternSpec,
  index: number,
  object: ObjectSpec,
  types: KernelTypes,
  fdArray: number[],
  kallsyms: () => Kallsyms | undefined,
): ResolvedExtern {
  const missing = (errno = EINVAL): ResolvedExtern => {
    if (spec.weak) return { kind: 'missing', index }
    throw new RelocationError(
      `resolve extern '${spec.name}': the kernel has no such ${spec.kind === 'kfunc' ? 'kfunc' : 'symbol'}`,
      { errno },
    )
  }
  if (spec.kind === 'ksym' && spec.typeId === 0) {
    const symbols = kallsyms()
    const address = symbols?.get(spec.name)
    if (address !== undefined) return { kind: 'address', address }
    if (!symbols && !spec.weak) {
      const message = `resolve extern '${spec.name}': addresses of kernel symbols were not given (kallsyms)`
      throw new RelocationError(message, { errno: ESRCH })
    }
    return missing(ESRCH)
  }
  if (!types.vmlinux) {
    if (spec.weak) return missing()
    throw new UnsupportedError('BTF of the kernel')
  }
  const found = spec.kind === 'kfunc' ? types.find(essentialName(spec.name), 'FUNC') : types.find(spec.name, 'VAR')
  if (!found) return missing()
  if (!compatible(spec, object, found)) {
    if (spec.weak && spec.kind === 'kfunc') return missing()
    throw new RelocationError(`resolve extern '${spec.name}': the kernel declares it with another type`)
  }
  const slot = spec.kind === 'kfunc' ? fdIndex(fdArray, found.fd) : 0
  return { kind: 'btf', id: found.id, btfFd: found.fd, fdIndex: slot }
}
