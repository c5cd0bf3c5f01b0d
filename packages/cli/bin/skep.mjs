#!/usr/bin/env node
// SPDX-License-Identifier: BSD-2-Clause
import { main } from '../dist/index.js'

process.exitCode = await main(process.argv.slice(2))
