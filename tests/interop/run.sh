#!/usr/bin/env bash
# Other stacks against the real programs: node-datachannel (libdatachannel), @roamhq/wrtc (Google's libwebrtc)
# and Chromium. Needs the release build.
#   tests/interop/run.sh [--junit FILE] [NAME...]     only cases whose name contains a NAME
# A stack that can not be installed is counted as skipped, and said so.
set -euo pipefail
cd "$(dirname "$0")"
command -v node >/dev/null || { echo "interop: Node.js is missing: .ci/install-packages.sh test" >&2; exit 1; }
if ! npm ci --no-audit --no-fund --loglevel=error >install.log 2>&1; then
  echo "interop: npm ci failed; every stack that is missing is SKIPPED:" >&2
  tail -5 install.log >&2
fi
exec node main.mjs "$@"
