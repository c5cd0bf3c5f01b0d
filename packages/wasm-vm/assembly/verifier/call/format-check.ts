// SPDX-License-Identifier: GPL-2.0-only
// Whether a format string of bpf_snprintf is one. Counterpart: the checks of bpf_bprintf_prepare.

function isSpace(c: u32): bool {
  return c == 32 || (c >= 9 && c <= 13)
}
function isPunct(c: u32): bool {
  return (c > 32 && c < 48) || (c > 57 && c < 65) || (c > 90 && c < 97) || (c > 122 && c < 127)
}

@inline function ends(p: usize): bool {
  const c: u32 = load<u8>(p)
  return c == 0 || isSpace(c) || isPunct(c)
}

/** Past the conversion after a percent sign, 0 if it is none. */
function conversion(p: usize): usize {
  let c: u32 = load<u8>(p)
  while (c == 48 || c == 43 || c == 45 || c == 32) c = load<u8>(++p)
  if (c >= 49 && c <= 57) while (c >= 48 && c <= 57) c = load<u8>(++p)
  if (c == 112) {
    if (ends(p + 1)) return p + 1
    const k = load<u8>(p + 1)
    if ((k == 107 || k == 117) && load<u8>(p + 2) == 115) return ends(p + 3) ? p + 3 : 0
    if (k == 75 || k == 120 || k == 115 || k == 83 || k == 66) return p + 2
    const v = load<u8>(p + 2)
    return (k == 105 || k == 73) && (v == 52 || v == 54) ? p + 3 : 0
  }
  if (c == 115) return ends(p + 1) ? p + 1 : 0
  if (c == 99) return p + 1
  if (c == 108) c = load<u8>(++p)
  if (c == 108) c = load<u8>(++p)
  return c == 105 || c == 100 || c == 117 || c == 120 || c == 88 ? p + 1 : 0
}

export function formatOk(p: usize, args: i32): bool {
  let n = 0
  for (let c: u32 = load<u8>(p); c; c = load<u8>(p)) {
    // bytes of UTF-8 may stand in plain text
    if (c == 127 || (c < 32 && !isSpace(c))) return false
    p++
    if (c != 37) continue
    if (load<u8>(p) == 37) {
      p++
      continue
    }
    if (n++ >= args) return false
    p = conversion(p)
    if (!p) return false
  }
  return true
}
