#!/usr/bin/env bash
# Builds the Pion peer (versions: go.mod, go.sum) into build/interop/pion; the last line is the command to run.
# `install.sh bench` builds that of bench/peers/pion instead, with the same versions. Needs the Go that go.mod names, or a
# newer one; Debian 12's own is too old.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
out=$root/build/interop/pion
case "${1:-}" in
  bench) program=pion-bench-peer sources=("$root"/bench/peers/pion/*.go) ;;
  *) program=pion-peer sources=(.) ;;
esac
mkdir -p "$out"
fail() { echo "pion: $1" >&2; exit 1; }

command -v go >/dev/null || fail "no Go: $(sed -n 's/^go //p' "$here/go.mod") or newer is needed"
needed=$(sed -n 's/^go //p' "$here/go.mod")
have=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
have=${have#go}
[ "$(printf '%s\n' "$needed" "$have" | sort -V | head -1)" = "$needed" ] ||
  fail "Go $have is too old, $needed is needed: put a newer one first in PATH"
(cd "$here" && GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0 nice -n 10 go build -trimpath -o "$out/$program" "${sources[@]}") \
  >"$out/install.log" 2>&1 || { tail -5 "$out/install.log" >&2; fail "the build failed: $out/install.log"; }
echo "$out/$program"
