// SPDX-License-Identifier: BSD-2-Clause
import { stat } from 'node:fs'

/**
 * Starts libuv's thread pool, all of it, if it does not run yet. Threads inherit the namespaces and share the working
 * directory of the thread that starts them: pool threads born inside a test's namespace would stay there.
 */
export function startThreadPool(): void {
  stat('/', () => {})
}
