#!/usr/bin/env bash
# Throughput over a link with delay and loss (bench/compare.sh --scenarios network): two network namespaces that the run makes
# and removes, joined by the weather link of tests/network/rig. Needs root and TUN; says SKIPPED where it can not run.
#   bench/compare.sh --scenarios network [--quick] [--peers a,b] [--rounds N] [--rtt 0,20] [--loss 0,0.5] [--seconds S]
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
skip() { echo "compare: network: SKIPPED: $1" >&2; exit 0; }
[ "$(id -u)" -eq 0 ] || skip "needs root, for network namespaces"
command -v ip >/dev/null && [ -x /usr/bin/python3 ] || skip "iproute2 or Python is missing: .ci/install-packages.sh network"
[ -c /dev/net/tun ] || skip "this kernel has no TUN device"
ip netns add "pw$$-try" 2>/dev/null || skip "network namespaces are not allowed here"
ip netns del "pw$$-try"
export PYTHONPATH="$root/tests/network" PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$root/bench/peers/network/matrix.py" "$@"
