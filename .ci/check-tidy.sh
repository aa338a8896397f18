#!/usr/bin/env bash
# clang-tidy over the given source files, or over those that differ from the last commit. Needs clang-tidy-14 and
# the release build's compile commands. Not part of tests/run.sh: a file takes up to a minute.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v clang-tidy-14 >/dev/null || { echo "install clang-tidy-14 first" >&2; exit 1; }
files=("$@")
[ "${#files[@]}" -gt 0 ] || mapfile -t files < <(git diff --name-only HEAD -- '*.cc')
[ "${#files[@]}" -gt 0 ] || { echo "no changed source file"; exit 0; }
# g++'s own warning switches and its precompiled headers mean nothing to clang.
clang-tidy-14 --quiet -p build/release --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-invalid-pch "${files[@]}"
