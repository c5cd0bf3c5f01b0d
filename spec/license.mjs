// SPDX-License-Identifier: BSD-2-Clause
// Licences under which a program may call GPL-only helpers: the string must be equal to one of them.
// Provenance: include/linux/license.h of Linux 6.18.
export const GPL_COMPATIBLE_LICENSES = [
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
]
