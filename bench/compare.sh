#!/usr/bin/env bash
# Ours beside other WebRTC stacks: the same work in alternation, medians, one table of ratios, bar charts (bench/peers/README.md).
# Needs the release build of pairwire-bench. Peers are installed with pinned versions; one that can not be had is SKIPPED.
#   bench/compare.sh                                         all peers, all scenarios, medians of 3
#   bench/compare.sh --quick --peers node-datachannel,pion --scenarios throughput,latency
#   bench/compare.sh --figures bench/figures                 draw into the docs; else into build/bench/figures
#   bench/compare.sh --ours "--spin 50"                      more arguments for pairwire-bench
#   bench/compare.sh --without-ours                          the peers alone
#   bench/compare.sh --scenarios network                     RTT x loss over a TUN link; needs root
# Results: build/bench/results.json (--json FILE), network.json. Exit code 1 when ours failed somewhere, 2 for wrong usage.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
command -v node >/dev/null || { echo "compare: Node.js 18 or newer is missing: .ci/install-packages.sh test" >&2; exit 1; }
previous=""
for argument in "$@"; do
  [ "$argument" != --help ] || { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit 0; }
  if [ "$previous" = --scenarios ] && [ "$argument" = network ]; then
    exec "$here/peers/network/run.sh" "$@"
  fi
  previous=$argument
done
exec node "$here/peers/compare.mjs" "$@"
