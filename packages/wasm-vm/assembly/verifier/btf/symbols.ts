// SPDX-License-Identifier: GPL-2.0-only
// 64-bit loads that name a variable or a function of the kernel by its BTF.
// Kernel counterpart: check_pseudo_btf_id.

import { Btf, btfKind, btfNameOf, btfType, btfTypeById, btfVlen } from '../../btf/btf'
import { btfTypeSkipModifiers } from '../../btf/kinds'
import { btfFindText, kernelTypes } from '../../btf/name-index'
import { btfGet } from '../../btf/refs'
import { EINVAL, ENOENT, E2BIG } from '../../gen/errno.gen'
import { MEM_PERCPU, MEM_RDONLY, PTR_TO_BTF_ID, PTR_TO_MEM } from '../../gen/verifier-types.gen'
import { insnImm } from '../../insn/raw'
import { FD_BTF, fdGet, isErr } from '../../syscall/fd'
import { KIND_DATASEC, KIND_FUNC, KIND_VAR, resolveSize } from '../btf-facts'
import { Env, MAX_USED_BTFS, auxAt } from '../env'
import { Z, reject, unsupported } from '../log/verbose'
import { isStructType } from './walk'
import { kernelSymbol } from '../../world/kernel-symbols'

/** Whether there is one variable of this type number for each CPU. */
function isPerCpu(btf: Btf, id: u32): bool {
  const sec = btfTypeById(btf, btfFindText(btf, '.data..percpu', KIND_DATASEC))
  if (!sec) return false
  for (let i: u32 = 0; i < btfVlen(sec); i++) if (load<u32>(sec + 12 + <usize>i * 12) == id) return true
  return false
}

function useBtf(env: Env, btf: Btf): i32 {
  for (let i = 0; i < env.usedBtfCnt; i++)
    if (load<usize>(env.usedBtfs + ((<usize>i) << 2)) == changetype<usize>(btf)) return 0
  if (env.usedBtfCnt >= MAX_USED_BTFS)
    return reject(env, -E2BIG, 'The total number of btfs per program has reached the limit of %u\n', MAX_USED_BTFS)
  btfGet(btf)
  store<usize>(env.usedBtfs + ((<usize>env.usedBtfCnt) << 2), changetype<usize>(btf))
  env.usedBtfCnt++
  return 0
}

function describe(env: Env, btf: Btf, t: usize, id: u32, insn: i32): i32 {
  const aux = auxAt(env, insn)
  if (btfKind(t) == KIND_FUNC) {
    aux.ptrType = PTR_TO_MEM | MEM_RDONLY
    aux.memSize = 0
    return 0
  }
  const type = btfType(t)
  const held = btfTypeSkipModifiers(btf, type, 0)
  if (isPerCpu(btf, id)) {
    aux.ptrType = PTR_TO_BTF_ID | MEM_PERCPU
    aux.varBtf = changetype<usize>(btf)
    aux.varId = type
    return 0
  }
  if (isStructType(held)) {
    aux.ptrType = PTR_TO_BTF_ID
    aux.varBtf = changetype<usize>(btf)
    aux.varId = type
    return 0
  }
  const size = resolveSize(btf, held)
  if (size < 0)
    return reject(
      env,
      -EINVAL,
      "ldimm64 unable to resolve the size of type '%S': %ld\n",
      Z(btfNameOf(btf, held)),
      -EINVAL,
    )
  aux.ptrType = PTR_TO_MEM | MEM_RDONLY
  aux.memSize = <u32>size
  return 0
}

export function resolveKernelSymbol(env: Env, p: usize, insn: i32): i32 {
  let btf = kernelTypes()
  const fd = load<i32>(p, 12)
  if (fd) {
    const obj = fdGet(fd, FD_BTF)
    if (isErr(obj)) return reject(env, -EINVAL, 'invalid module BTF object FD specified.\n')
    btf = changetype<Btf>(obj)
  } else if (!changetype<usize>(btf)) {
    const why = 'kernel is missing BTF, make sure CONFIG_DEBUG_INFO_BTF=y is specified in Kconfig.\n'
    return reject(env, -EINVAL, why)
  }
  const id = <u32>insnImm(p)
  const t = btfTypeById(btf, id)
  if (!t) return reject(env, -ENOENT, 'ldimm64 insn specifies invalid btf_id %d.\n', id)
  if (btfKind(t) != KIND_VAR && btfKind(t) != KIND_FUNC)
    return reject(env, -EINVAL, "pseudo btf_id %d in ldimm64 isn't KIND_VAR or KIND_FUNC\n", id)
  const name = btfNameOf(btf, t)
  if (!btf.kernelBtf)
    return reject(env, -ENOENT, "ldimm64 failed to find the address for kernel symbol '%S'.\n", Z(name))
  const addr = kernelSymbol(btf, t)
  if (!addr) return unsupported(env, 'the kernel symbol %S', <i64>name)
  const err = describe(env, btf, t, id, insn)
  if (err) return err
  store<u32>(p, <u32>addr, 4)
  store<u32>(p, <u32>(addr >> 32), 12)
  return useBtf(env, btf)
}
