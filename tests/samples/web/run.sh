#!/usr/bin/env bash
# The page's modules in Node.js and Chromium: vectors, rules, every pairing of C++ and JavaScript ends, sessions over bad links, and
# the two pages through a relay. Needs the release build of the programs named below and, once, npm's packages
# (samples/web-packages/install.sh, and playwright-core of tests/interop).
#   tests/samples/web/run.sh [NODE_TEST_OPTIONS...]
set -euo pipefail
cd "$(dirname "$0")/../../.."
command -v node >/dev/null || { echo "page modules: Node.js is missing: .ci/install-packages.sh test" >&2; exit 1; }
samples/web-packages/install.sh
export PAIRWIRE_BIN=${PAIRWIRE_BIN:-$PWD/build/release/bin}
for program in pairwire-auth-peer pairwire-events-peer pairwire-delivery-peer pairwire-session-judge pairwire-relay pairwire-display pairwire-controller; do
  if [ ! -x "$PAIRWIRE_BIN/$program" ]; then
    echo "page modules: $program is not built: cmake --preset release -DPAIRWIRE_BUILD_TESTS=ON && cmake --build --preset release" >&2
    exit 1
  fi
done
[ tests/interop/node_modules/.package-lock.json -nt tests/interop/package-lock.json ] || npm ci --prefix tests/interop --no-audit --no-fund --loglevel=error >/dev/null
# Two files at a time: most of a test waits. Node.js 18 can not, and takes one on two cores.
side_by_side=()
if node --help | grep -q -e --test-concurrency; then side_by_side=(--test-concurrency=2); fi
exec node --test "${side_by_side[@]}" "$@" tests/samples/web/*.test.mjs
