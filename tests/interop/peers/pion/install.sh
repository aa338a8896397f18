#!/usr/bin/env bash
# Builds the Pion peer (versions: go.mod, go.sum) into build/interop/pion; the last line is the command to run.
# Without a Go of the version in go.mod it takes that toolchain as the Go module it is published as: the go
# command does so by itself since 1.21, and Debian 12's 1.19 can download it, checked against the checksum database.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../../../.." && pwd)/build/interop/pion
mkdir -p "$out"
fail() { echo "pion: $1" >&2; exit 1; }

command -v go >/dev/null || fail "no Go: install Debian's golang-go"
needed=$(sed -n 's/^go //p' "$here/go.mod")
have=$(cd / && GOTOOLCHAIN=local go env GOVERSION)
have=${have#go}
go=go
if [ "$(printf '%s\n' "$needed" "$have" | sort -V | head -1)" != "$needed" ]; then
  module=golang.org/toolchain@v0.0.1-go$needed.linux-$(go env GOARCH)
  folder=$(cd "$out" && GOFLAGS=-mod=mod go mod download -json "$module" 2>"$out/install.log" |
    sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p') || true
  [ -d "$folder" ] || { tail -3 "$out/install.log" >&2; fail "Go $have is too old, and $needed could not be downloaded"; }
  # Module files come without the executable bit.
  chmod +x "$folder"/bin/* "$folder"/pkg/tool/*/* 2>/dev/null || fail "cannot use the toolchain in $folder"
  go=$folder/bin/go
fi
(cd "$here" && GOTOOLCHAIN=local GOFLAGS=-mod=readonly CGO_ENABLED=0 nice -n 10 "$go" build -trimpath -o "$out/pion-peer" .) \
  >"$out/install.log" 2>&1 || { tail -5 "$out/install.log" >&2; fail "the build failed: $out/install.log"; }
echo "$out/pion-peer"
