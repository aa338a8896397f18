#!/usr/bin/env bash
# Other stacks against ours: through the relay and the real programs, and the matrix of README.md. Needs the release build.
#   tests/interop/run.sh [--junit FILE] [--peers a,b] [NAME...]     only these columns of the matrix, only cases
#                                                                   whose name contains a NAME
#   node tests/interop/matrix.mjs [--peers a,b]       the matrix alone
# A stack that can not be installed is counted as skipped, and said so.
set -euo pipefail
cd "$(dirname "$0")"
command -v node >/dev/null || { echo "interop: Node.js is missing: .ci/install-packages.sh test" >&2; exit 1; }
bin=${PAIRWIRE_BIN:-../../build/release/bin}
for program in pairwire-relay pairwire-display pairwire-interop-peer; do
  [ -x "$bin/$program" ] && continue
  echo "interop: $program is not built: cmake --preset release -DPAIRWIRE_BUILD_TESTS=ON && cmake --build --preset release" >&2
  exit 1
done
../../samples/web-packages/install.sh  # what the page needs
if ! npm ci --no-audit --no-fund --loglevel=error >install.log 2>&1; then
  echo "interop: npm ci failed; every stack that is missing is SKIPPED:" >&2
  tail -5 install.log >&2
fi
exec node main.mjs "$@"
