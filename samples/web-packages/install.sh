#!/usr/bin/env bash
# Bundles the npm packages that the page's modules import into samples/web/vendor: exactly the versions of
# package-lock.json, whose hashes npm checks. Does nothing when the bundles are newer than what they are made of.
#   samples/web-packages/install.sh
set -euo pipefail
cd "$(dirname "$0")"
vendor=../web/vendor
bundles=(noble.js qrcode.js)
for bundle in "${bundles[@]}"; do
  for source in package-lock.json "$bundle" install.sh; do
    [ "$vendor/$bundle" -nt "$source" ] || stale=yes
  done
done
[ -n "${stale:-}" ] || exit 0
command -v npm >/dev/null || { echo "web-packages: npm is missing: .ci/install-packages.sh page" >&2; exit 1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# No package's install script runs; esbuild needs none.
if ! { npm ci --ignore-scripts --no-audit --no-fund --loglevel=error &&
       ./node_modules/.bin/esbuild "${bundles[@]}" --bundle --minify --format=esm --target=es2020 \
         --legal-comments=inline --log-level=warning --outdir="$vendor.new"; } >"$log" 2>&1; then
  echo "web-packages: the bundles can not be made:" >&2
  tail -n 20 "$log" >&2
  exit 1
fi
mkdir -p "$vendor"
for bundle in "${bundles[@]}"; do mv "$vendor.new/$bundle" "$vendor/$bundle"; done
rmdir "$vendor.new"
