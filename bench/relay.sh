#!/usr/bin/env bash
# The relay's figures, each with what it is held to: memory, accepts, signals, latency beside a bare forwarder's, nodes on one Redis.
# Needs the release build, Node.js and redis-server; a quiet machine, or else only the bytes mean something.
#   bench/relay.sh                          all rows, medians of 3, some 12 minutes
#   bench/relay.sh --quick                  once, a third of the time
#   bench/relay.sh --rows memory,signals    only these (--help of bench/relay.mjs lists them)
#   bench/relay.sh --build build/release
# The commands are those of docs/load.md. Exit code 1 when a run failed (not when a figure misses its target), 2 for wrong usage.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
command -v node >/dev/null || { echo "relay: Node.js 18 or newer is missing: .ci/install-packages.sh test" >&2; exit 1; }
exec node "$here/relay.mjs" "$@"
