// SPDX-License-Identifier: BSD-2-Clause
import { describe, expect, test } from 'vitest'
import { lastInstruction, lastMeaningfulLine, parseStats, verifierError } from './log.ts'

/** As Linux 6.18 printed them, level 1 | 4. */
const REFUSED = `Global function refused() is not listed
0: R1=ctx() R10=fp0
; struct flow key = {}; @ world.bpf.c:182
0: (b7) r1 = 0                        ; R1=0
5: (85) call bpf_map_lookup_elem#1    ; R0=map_value_or_null(id=1,map=flows,ks=8,vs=32)
; return counters->packets; @ world.bpf.c:185
6: (61) r0 = *(u32 *)(r0 +0)
R0 invalid mem access 'map_value_or_null'
verification time 41 usec
stack depth 8
processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`
const ACCEPTED = `verification time 29 usec
stack depth 0+16
processed 18455 insns (limit 1000000) max_states_per_insn 4 total_states 1217 peak_states 1120 mark_read 12
`

describe('a log', () => {
  test('of a refusal', () => {
    expect(lastMeaningfulLine(REFUSED)).toBe("R0 invalid mem access 'map_value_or_null'")
    expect(lastInstruction(REFUSED)).toBe(6)
    expect(parseStats(REFUSED)).toMatchObject({ processedInsns: 7, verificationNs: 41000 })
  })

  test('of an acceptance', () => {
    expect(lastMeaningfulLine(ACCEPTED)).toBe('')
    expect(lastInstruction(ACCEPTED)).toBeUndefined()
    expect(parseStats(ACCEPTED)).toEqual({
      processedInsns: 18455,
      maxStatesPerInsn: 4,
      totalStates: 1217,
      peakStates: 1120,
      markRead: 12,
      verificationNs: 29000,
    })
  })

  test('that is empty', () => {
    expect(parseStats('')).toEqual({})
    expect(verifierError('p', 1, '').message).toBe("load 'p': operation not permitted (EPERM)")
  })
})

describe('the error', () => {
  const linked = {
    slots: [],
    references: [],
    funcInfo: [],
    coreRelos: [],
    functions: [],
    lineInfo: [
      { slot: 0, file: 'src/world.bpf.c', text: '\tstruct flow key = {};', line: 182, column: 14 },
      { slot: 6, file: 'src/world.bpf.c', text: '\treturn counters->packets;', line: 185, column: 19 },
    ],
  }

  test('has the reason, the instruction and the C line', () => {
    const error = verifierError('refused', 13, REFUSED, linked)
    expect(error.message).toBe(
      "load 'refused': R0 invalid mem access 'map_value_or_null' at instruction 6 (world.bpf.c:185: return counters->packets;)",
    )
    expect(error).toMatchObject({ code: 'verifier', errno: 13, errnoName: 'EACCES', insn: 6, log: REFUSED })
  })

  test('explains the calls that the loader put in the place of what is missing', () => {
    const log = (helper: number) => `3: (85) call unknown#${helper}\ninvalid func unknown#${helper}\n`
    expect(verifierError('p', 22, log(195896080)).message).toContain('CO-RE relocation')
    expect(verifierError('p', 22, log(2001000002)).message).toContain('a map that was not created')
    expect(verifierError('p', 22, log(2002000000)).message).toContain('a weak kernel function')
  })
})
