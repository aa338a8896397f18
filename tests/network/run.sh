#!/usr/bin/env bash
# Peers behind real NATs, a real TURN server and bad weather, in network namespaces of its own
# (docs/network-tests.md). Needs root, and the release build of pairwire-interop-peer.
#   tests/network/run.sh                     the matrix (10 connections per pair) and the scenarios
#   tests/network/run.sh --quick             one connection per pair
#   tests/network/run.sh --probe             only shows what each NAT kind really is
#   tests/network/run.sh --self-test         the rig's own logic; needs neither root nor a peer
#   tests/network/run.sh symmetric,public mtu-1280    only these; --help for all options
# Exit code 0 when all is as expected, 1 when not. Where the rig can not run it says so, counts as
# one skipped test in --junit FILE, and exits 0.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
arguments=("$@")

skip() {
  echo "network rig: SKIPPED: $1" >&2
  local previous=""
  for argument in "${arguments[@]}"; do
    if [ "$previous" = --junit ]; then
      mkdir -p "$(dirname "$argument")"
      cat >"$argument" <<END
<?xml version="1.0" encoding="utf-8"?>
<testsuite name="network" tests="1" failures="0" skipped="1">
  <testcase classname="network" name="rig"><skipped message="$1"/></testcase>
</testsuite>
END
    fi
    previous=$argument
  done
  exit 0
}

export PYTHONPATH="$root/tests/network" PYTHONDONTWRITEBYTECODE=1
[ "${1:-}" != --self-test ] || exec /usr/bin/python3 -m unittest rig_test

[ "$(id -u)" -eq 0 ] || skip "needs root, for network namespaces"
"$root/.ci/install-packages.sh" network || skip "its packages can not be installed"
[ -c /dev/net/tun ] || skip "this kernel has no TUN device"
ip netns add "pw$$-try" 2>/dev/null || skip "network namespaces are not allowed here"
nft_works=true
ip netns exec "pw$$-try" nft add table ip nat 2>/dev/null || nft_works=false
ip netns del "pw$$-try"
$nft_works || skip "this kernel has no nftables"

exec /usr/bin/python3 -m rig "$@"
