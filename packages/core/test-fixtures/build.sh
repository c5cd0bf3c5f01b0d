#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Rebuilds the objects and the texts of other tools about them. Needs clang-19, llvm-19, bpftool and a built packages/core.
set -euo pipefail
cd "$(dirname "$0")"
node forms.mjs
mkdir -p objects expected
for version in v1 v2 v3 v4; do
  clang-19 -O2 -g -mcpu=$version --target=bpfel -c code.c -o objects/code-$version.o
  clang-19 -O2 -mcpu=$version --target=bpfel -S code.c -o objects/code-$version.s
  # clang prints `r1 = w2` for a move that clears the upper half; llvm-mc reads it only as `w1 = w2`.
  sed -E 's/r([0-9]+) = w([0-9]+)$/w\1 = w\2/' objects/code-$version.s |
    llvm-mc-19 -triple bpfel -mcpu=$version -filetype=obj - -o objects/code-$version.mc.o
done
clang-19 -O2 -g -mcpu=v4 --target=bpfeb -c code.c -o objects/code-v4-big.o
clang-19 -O2 -g -mcpu=v3 --target=bpfel -c kinds.c -o objects/kinds.o
clang-19 -O2 -g -mcpu=v3 --target=bpfeb -c kinds.c -o objects/kinds-big.o
llvm-mc-19 -triple bpfel -filetype=obj forms.s -o objects/forms.o
for object in objects/*.o; do
  # Debug sections are not what the tests are about.
  llvm-strip-19 --strip-debug --keep-section=.BTF --keep-section=.BTF.ext "$object" 2>/dev/null || true
  name=$(basename "$object" .o)
  [[ $name == *.mc ]] && continue
  llvm-objdump-19 -d -z --mattr=+alu32 "$object" | tail -n +4 >"expected/$name.objdump"
  llvm-readelf-19 --wide -h -S -s -r "$object" >"expected/$name.readelf"
done
for name in kinds kinds-big code-v4; do
  bpftool btf dump file "objects/$name.o" format raw >"expected/$name.raw"
done
for name in kinds code-v4; do
  bpftool btf dump file "objects/$name.o" format c >"expected/$name.h"
done
{
  clang-19 --version | head -1
  llvm-objdump-19 --version | sed -n 2p | xargs
  bpftool version | head -1
} >expected/versions.txt
