// SPDX-License-Identifier: BSD-2-Clause
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/**
 * Ends a run with the skipped tests and their reasons, then a plain line that machines can read:
 * `N passed, N failed, N skipped`. A file that could not even be loaded counts as one failure.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 }
    const skipped = new Map<string, number>()
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      if (tests.length === 0 && module.state() === 'failed') count.failed++
      for (const test of tests) {
        count[test.result().state]++
        if (test.result().state === 'skipped') {
          const reason = `${module.relativeModuleId}: ${this.reason(test)}`
          skipped.set(reason, (skipped.get(reason) ?? 0) + 1)
        }
      }
    }
    for (const [reason, times] of skipped) console.log(`skipped ${times}: ${reason}`)
    console.log(`${count.passed} passed, ${count.failed + count.pending} failed, ${count.skipped} skipped`)
  }

  private reason(test: TestCase): string {
    const result = test.result()
    return (result.state === 'skipped' && result.note) || test.fullName
  }
}
