// SPDX-License-Identifier: GPL-2.0-only
/**
 * A transform of the compiler: which functions stay functions. The optimizer inlines for speed wherever a callee is of
 * middle size, which makes the module a sixth larger; that pays in what a running program executes, not in the verifier
 * and the system calls. Here functions with one caller go into it, which only saves, and the others stay if they are large.
 */

import binaryen from 'assemblyscript/binaryen'
import { Transform } from 'assemblyscript/transform'

/** The interpreter's loop and its entries: alone in a function, the engine's compiler gives the loop better registers. */
const LOOP = /^assembly\/interp\/(loop|run)\//
/** Of these and of the compiler's own library the optimizer decides. */
const HOT = /^assembly\/(interp|insn|mem)\//
/** Not called by running programs, or seldom. */
const COLD = /^assembly\/(verifier|syscall|btf|world|kfunc|jit|wasi)\//
/** Nodes of a body up to which a function may be inlined anywhere. */
const SMALL_COLD = 14
const SMALL = 24

function functions(module) {
  const indices = Array.from({ length: module.getNumFunctions() }, (_, index) => index)
  return indices.map((index) => binaryen.getFunctionInfo(module.getFunctionByIndex(index))).filter(({ body }) => body)
}

/** The text has a node to a line. */
function nodes({ body }) {
  return binaryen.emitText(body).split('\n').length
}

function keep(module, { name }) {
  // The argument is a pattern: an asterisk is any text, a question mark any character.
  binaryen.setPassArgument('no-inline', name.replaceAll('*', '?'))
  module.runPasses(['no-inline'])
  binaryen.clearPassArguments()
}

function inlineOnlyCalls(module) {
  binaryen.setAlwaysInlineMaxSize(0)
  binaryen.setFlexibleInlineMaxSize(0)
  binaryen.setOneCallerInlineMaxSize(100_000)
  // The compiler sets the limits anew before it optimizes.
  module.runPasses(['inlining', 'remove-unused-module-elements'])
}

function isKept(info) {
  const { name } = info
  if (!name.startsWith('assembly/') || HOT.test(name)) return false
  return nodes(info) > (COLD.test(name) ? SMALL_COLD : SMALL)
}

export default class Inlining extends Transform {
  afterCompile(module) {
    for (const info of functions(module)) if (LOOP.test(info.name)) keep(module, info)
    inlineOnlyCalls(module)
    for (const info of functions(module).filter(isKept)) keep(module, info)
  }
}
