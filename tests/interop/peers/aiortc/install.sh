#!/usr/bin/env bash
# Installs aiortc (versions and hashes: requirements.txt) into a virtual environment build/interop/aiortc; the last
# line is the command to run; `install.sh bench` prints that of bench/peers/aiortc. Needs Python 3.10 or newer with
# venv: Debian's python3-venv.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
out=$root/build/interop/aiortc
mkdir -p "$out"
fail() { echo "aiortc: $1" >&2; exit 1; }

if ! cmp -s "$here/requirements.txt" "$out/installed.txt"; then
  command -v python3 >/dev/null || fail "no Python: install Debian's python3-venv"
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "needs Python 3.10 or newer"
  python3 -m venv --clear "$out" >"$out.log" 2>&1 || fail "no virtual environment: install Debian's python3-venv"
  "$out/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
    -r "$here/requirements.txt" >"$out.log" 2>&1 ||
    { tail -3 "$out.log" >&2; fail "pip could not install requirements.txt: $out.log"; }
  cp "$here/requirements.txt" "$out/installed.txt"
fi
case "${1:-}" in
  bench) echo "$out/bin/python $root/bench/peers/aiortc/peer.py" ;;
  *) echo "$out/bin/python $here/peer.py" ;;
esac
