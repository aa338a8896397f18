#!/usr/bin/env bash
# Installs the library into a folder of its own and builds and runs somebody else's project against it, by CMake
# and by pkg-config.
#   packaging_test.sh SOURCE_DIR BUILD_DIR
set -euo pipefail
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" --component library >/dev/null
cp -r "$source/tests/packaging/consumer" "$work/consumer"
# The README's display is the consumer's program too.
cp "$source/samples/minimal/display.cc" "$work/consumer/display.cc"
cmake -S "$work/consumer" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
cmake --build "$work/build" -j 2
"$work/build/peers" | grep -q '^m=application'

export PKG_CONFIG_PATH="$work/prefix/lib/x86_64-linux-gnu/pkgconfig:$work/prefix/lib/pkgconfig"
for pc in "$work"/prefix/lib/*/pkgconfig/*.pc "$work"/prefix/lib/pkgconfig/*.pc; do
  [ -f "$pc" ] && sed -i "s|^prefix=.*|prefix=$work/prefix|" "$pc"
done
# shellcheck disable=SC2046
c++ -o "$work/peers" "$source/tests/packaging/consumer/peers.cc" $(pkg-config --cflags --libs pairwire-peer)
"$work/peers" | grep -q '^m=application'
echo "CMake package and pkg-config both build a working consumer"
