#!/usr/bin/env node
// SPDX-License-Identifier: BSD-2-Clause
import { main } from '../dist/index.mjs'

// A reader that has seen enough (`skep … | head`) closes the pipe: that is no failure of ours.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})
process.exitCode = await main(process.argv.slice(2))
