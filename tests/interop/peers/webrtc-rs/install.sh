#!/usr/bin/env bash
# Builds the webrtc-rs peer (versions: Cargo.toml, Cargo.lock) into build/interop/webrtc-rs; the last line is the
# command to run. Needs a Rust as new as rust-version says: Debian 12 has one as rustc-web and cargo-web.
# `install.sh bench` builds that of bench/peers/webrtc-rs instead, with the same versions.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$here/../../../.." && pwd)/build/interop/webrtc-rs
case "${1:-}" in
  bench) program=webrtc-rs-bench-peer profile=speed ;;
  *) program=webrtc-rs-peer profile=release ;;
esac
mkdir -p "$out"
fail() { echo "webrtc-rs: $1" >&2; exit 1; }

command -v cargo >/dev/null || fail "no Rust: install Debian's rustc-web and cargo-web"
needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$here/Cargo.toml")
have=$(rustc --version | cut -d' ' -f2)
[ "$(printf '%s\n' "$needed" "$have" | sort -V | head -1)" = "$needed" ] ||
  fail "Rust $have is too old, $needed is needed: install Debian's rustc-web and cargo-web"
(cd "$here" && CARGO_TARGET_DIR=$out nice -n 10 cargo build --locked --profile "$profile" --bin "$program" -j1) >"$out/install.log" 2>&1 ||
  { tail -5 "$out/install.log" >&2; fail "the build failed: $out/install.log"; }
echo "$out/$profile/$program"
