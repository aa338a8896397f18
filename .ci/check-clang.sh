#!/usr/bin/env bash
# The second compiler: clang 14 reads every source file of the release build with the same warnings as errors.
# It generates no code (the fuzz preset does, for what it links), which makes this a matter of minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -f build/release/compile_commands.json ] || { echo "build the release preset first" >&2; exit 1; }
list=$(mktemp)
trap 'rm -f "$list"' EXIT
# One line a file: the flags that clang shares with g++. A file that is compiled twice is read once.
sed -n 's/^ *"command": "\(.*\)",$/\1/p' build/release/compile_commands.json | sed 's/\\\(.\)/\1/g' |
  sed -E 's/^.*\/(c\+\+|g\+\+)[^ ]* //; s/ -o [^ ]+//; s/ -c / /; s/ -include [^ ]+cmake_pch\.hxx//; s/ -Winvalid-pch//; s/ -fcf-protection//; s/ -Wno-(restrict|stringop-overflow|stringop-overread|maybe-uninitialized|tsan)//g' |
  awk '!seen[$NF]++' >"$list"
echo "$(wc -l <"$list") files"
xargs -a "$list" -d '\n' -P 2 -I{} sh -c 'clang++-14 -fsyntax-only -Werror {} || exit 255'
