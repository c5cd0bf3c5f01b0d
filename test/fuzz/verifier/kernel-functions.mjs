// SPDX-License-Identifier: BSD-2-Clause
// Calls of kernel functions: sections, iterators, references, casts, dynptrs of packets. The numbers in the instructions
// are places in FUNCTIONS; withKernelFunctions puts the running kernel's type ids there.
// Methods of the maker of programs.mjs.

export const FUNCTIONS = [
  'bpf_rcu_read_lock',
  'bpf_rcu_read_unlock',
  'bpf_preempt_disable',
  'bpf_preempt_enable',
  'bpf_local_irq_save',
  'bpf_local_irq_restore',
  'bpf_iter_num_new',
  'bpf_iter_num_next',
  'bpf_iter_num_destroy',
  'bpf_task_from_pid',
  'bpf_task_acquire',
  'bpf_task_release',
  'bpf_cpumask_create',
  'bpf_cpumask_acquire',
  'bpf_cpumask_set_cpu',
  'bpf_cpumask_test_cpu',
  'bpf_cpumask_release',
  'bpf_cast_to_kern_ctx',
  'bpf_rdonly_cast',
  'bpf_dynptr_from_skb',
  'bpf_dynptr_from_xdp',
  'bpf_dynptr_slice',
  'bpf_dynptr_size',
  'bpf_dynptr_adjust',
  'bpf_dynptr_is_null',
  'bpf_dynptr_clone',
]
const CALL = 0x85
const KERNEL_CALL = 2
const STRUCTS = ['task_struct', 'sk_buff', 'cpumask', 'file']
/** Types of casts: places behind those of the functions. */
const TYPE_BASE = 0x7e000000
const SECTIONS = [
  ['bpf_rcu_read_lock', 'bpf_rcu_read_unlock'],
  ['bpf_preempt_disable', 'bpf_preempt_enable'],
]
const GET_CURRENT_TASK_BTF = 158

/** Ids of the functions and structures in a kernel's BTF, by `typeId(name, kind)`. */
export function kernelTypeIds(typeId) {
  return {
    functions: FUNCTIONS.map((name) => typeId(name, 'func') ?? 0),
    structs: STRUCTS.map((name) => typeId(name, 'struct') ?? 0),
  }
}

/** Instructions with type ids in the place of places. */
export function withKernelFunctions(insns, ids) {
  const bytes = new Uint8Array(insns)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i + 8 <= bytes.length; i += 8) {
    const imm = view.getInt32(i + 4, true)
    if (bytes[i] === CALL && bytes[i + 1] >> 4 === KERNEL_CALL) view.setInt32(i + 4, ids.functions[imm] ?? imm, true)
    else if ((bytes[i] & 0xf7) === 0xb7 && imm >= TYPE_BASE && imm < TYPE_BASE + STRUCTS.length)
      view.setInt32(i + 4, ids.structs[imm - TYPE_BASE], true)
  }
  return bytes
}

export const kernelFunctions = {
  kcall(name) {
    this.code.put(CALL, 0, KERNEL_CALL, 0, FUNCTIONS.indexOf(name))
    this.clobber()
    this.set(0, 'none')
  },
  onStack(reg, off) {
    this.code.movReg(reg, 10)
    this.code.aluImm('add', reg, off)
  },
  /** A few steps of any other kind. */
  within(most) {
    for (let n = this.r.below(most + 1); n > 0; n--)
      this.step(['alu', 'stackStore', 'branch', 'value', 'context', 'lookup', 'helper'])
    this.flush(true)
  },
  step_kernelFunction() {
    const kinds = ['section', 'irq', 'numbers', 'task', 'task', 'mask', 'cast', 'packetView']
    this[`kernel_${this.r.pick(kinds)}`]()
  },
  kernel_section() {
    const [open, close] = this.r.pick(SECTIONS)
    this.kcall(open)
    this.within(3)
    if (this.r.chance(93)) this.kcall(close)
  },
  kernel_irq() {
    const { r } = this
    this.onStack(1, -72)
    this.kcall('bpf_local_irq_save')
    this.within(2)
    if (r.chance(7)) return
    this.onStack(1, r.chance(95) ? -72 : -80)
    this.kcall('bpf_local_irq_restore')
  },
  kernel_numbers() {
    const { r, code } = this
    if (this.inLoop) return
    const at = r.pick([-80, -88, -96])
    this.onStack(1, at)
    code.mov(2, r.pick([0, 1, -1]))
    code.mov(3, r.pick([3, 10, 100, 0x7fffffff]))
    this.kcall('bpf_iter_num_new')
    const [top, out] = [this.fresh(), this.fresh()]
    code.label(top)
    this.onStack(1, at)
    this.kcall('bpf_iter_num_next')
    code.jumpImm('eq', 0, 0, out)
    code.load(4, 7, 0, 0)
    this.inLoop = true
    const before = [...this.regs]
    this.set(7, 'scalar')
    for (let n = r.below(4); n > 0; n--) this.step(['alu', 'alu', 'stackStore', 'copy', 'branch', 'valueIndex'])
    this.flush(true)
    this.regs = this.regs.map((kind, i) => (before[i] === kind ? kind : 'none'))
    this.inLoop = false
    code.jump(top)
    code.label(out)
    this.set(0, 'none')
    if (r.chance(5)) return
    this.onStack(1, at)
    this.kcall('bpf_iter_num_destroy')
  },
  /** A number of fields of a kernel structure: most places are none. */
  fields(reg) {
    const { r, code } = this
    for (let n = r.below(3); n > 0; n--) {
      code.load(r.pick([4, 8, 8, 1]), r.between(2, 5), reg, r.chance(60) ? 8 * r.below(40) : r.between(-8, 6000))
      if (r.chance(15)) code.store(8, reg, 8 * r.below(20), 10)
    }
  },
  kernel_task() {
    const { r, code } = this
    const current = r.chance(40)
    if (current) code.call(GET_CURRENT_TASK_BTF)
    else {
      code.mov(1, 1)
      this.kcall('bpf_task_from_pid')
    }
    this.clobber()
    const held = r.between(6, 8)
    code.movReg(held, 0)
    this.set(held, 'none')
    const skip = this.fresh()
    if (!current && r.chance(95)) code.jumpImm('eq', 0, 0, skip)
    this.fields(held)
    if (r.chance(30)) {
      code.movReg(1, held)
      this.kcall('bpf_task_acquire')
      const none = this.fresh()
      code.jumpImm('eq', 0, 0, none)
      code.movReg(1, 0)
      if (r.chance(93)) this.kcall('bpf_task_release')
      code.label(none)
    }
    if (r.chance(current ? 5 : 93)) {
      code.movReg(1, held)
      this.kcall('bpf_task_release')
      if (r.chance(10)) this.fields(held)
    }
    code.label(skip)
    this.set(0, 'none')
  },
  kernel_mask() {
    const { r, code } = this
    this.kcall('bpf_cpumask_create')
    const skip = this.fresh()
    if (r.chance(95)) code.jumpImm('eq', 0, 0, skip)
    code.movReg(7, 0)
    this.set(7, 'none')
    for (let n = r.below(3); n > 0; n--) {
      const name = r.pick(['bpf_cpumask_set_cpu', 'bpf_cpumask_test_cpu', 'bpf_cpumask_acquire'])
      if (name === 'bpf_cpumask_acquire') code.movReg(1, 7)
      else {
        code.mov(1, 0)
        code.movReg(2, 7)
      }
      this.kcall(name)
      if (name !== 'bpf_cpumask_acquire') continue
      code.movReg(1, 0)
      this.kcall('bpf_cpumask_release')
    }
    if (r.chance(93)) {
      code.movReg(1, 7)
      this.kcall('bpf_cpumask_release')
    }
    code.label(skip)
    this.set(0, 'none')
  },
  kernel_cast() {
    const { r, code } = this
    const ctx = this.one('ctx')
    if (r.chance(50)) {
      if (ctx < 0) return
      if (ctx !== 1) code.movReg(1, ctx)
      this.kcall('bpf_cast_to_kern_ctx')
    } else {
      const source = this.one('ctx', 'scalar', 'stack')
      if (source < 0) return
      if (source !== 1) code.movReg(1, source)
      code.mov(2, TYPE_BASE + r.below(STRUCTS.length))
      this.kcall('bpf_rdonly_cast')
    }
    code.movReg(7, 0)
    this.set(7, 'none')
    this.fields(7)
  },
  kernel_packetView() {
    const { r, code } = this
    const ctx = this.one('ctx')
    if (ctx < 0) return
    if (ctx !== 1) code.movReg(1, ctx)
    code.mov(2, r.chance(95) ? 0 : 1)
    this.onStack(3, -112)
    this.kcall(this.type === 6 ? 'bpf_dynptr_from_xdp' : 'bpf_dynptr_from_skb')
    for (let n = r.below(4); n > 0; n--) {
      this.onStack(1, -112)
      const name = r.pick(['slice', 'slice', 'size', 'adjust', 'is_null', 'clone'])
      if (name === 'slice') {
        code.mov(2, r.pick([0, 14, 1]))
        if (r.chance(50)) code.mov(3, 0)
        else this.onStack(3, -128)
        code.mov(4, r.pick([4, 8, 16]))
      } else if (name === 'adjust') {
        code.mov(2, r.pick([0, 2]))
        code.mov(3, r.pick([20, 1]))
      } else if (name === 'clone') this.onStack(2, r.pick([-144, -112]))
      this.kcall(`bpf_dynptr_${name}`)
      if (name !== 'slice') continue
      const none = this.fresh()
      if (r.chance(95)) code.jumpImm('eq', 0, 0, none)
      code.load(r.pick([1, 4, 8]), 3, 0, r.pick([0, 4, 8]))
      if (r.chance(10)) code.storeImm(4, 0, 0, 0)
      code.label(none)
    }
    this.set(0, 'none')
  },
}
