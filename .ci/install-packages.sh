#!/usr/bin/env bash
# Installs the Debian 12 packages that a part of Pairwire needs, and only those that are missing.
#   .ci/install-packages.sh build          to build and run the programs
#   .ci/install-packages.sh build page     and what bundles the browser page's npm packages
#   .ci/install-packages.sh build test     and to pass tests/run.sh
#   .ci/install-packages.sh build network  and to run tests/network/run.sh
# As root or through sudo; asks nothing.
set -euo pipefail

build_packages=(
  build-essential cmake ninja-build ccache pkg-config ca-certificates
  libnice-dev libssl-dev libsodium-dev libusrsctp-dev libboost1.81-dev libexpected-dev nlohmann-json3-dev
  libcli11-dev libspdlog-dev prometheus-cpp-dev libhiredis-dev libtcmalloc-minimal4 libqrencode-dev
)
test_packages=(
  git libgtest-dev libgmock-dev libbenchmark-dev clang-14 libclang-rt-14-dev clang-format-14 chromium firefox-esr procps
  iproute2 coturn redis-tools haproxy nginx-light systemd python3-yaml
)
network_packages=(python3 iproute2 nftables conntrack coturn openssl)

# Any Node.js from 18 on will do; Debian's is taken where there is none.
want_node() {
  command -v node >/dev/null && command -v npm >/dev/null || wanted+=(nodejs npm)
}

wanted=()
for part in "$@"; do
  case "$part" in
    build) wanted+=("${build_packages[@]}") ;;
    test)
      wanted+=("${test_packages[@]}")
      want_node
      ;;
    page) want_node ;;
    network) wanted+=("${network_packages[@]}") ;;
    *) echo "usage: $0 build|page|test|network ..." >&2; exit 2 ;;
  esac
done

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
    echo "These packages are missing, and neither root nor password-less sudo is at hand: ${missing[*]}" >&2
    echo "Install them with: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo -n)
fi

echo "Installing: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get -q update &&
       "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
         apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 install "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  exit 1
fi
