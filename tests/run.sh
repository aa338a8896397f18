#!/usr/bin/env bash
# Passes the tests on a fresh Debian 12: installs what is missing, builds, runs everything.
#   tests/run.sh           everything: release (g++), ASan+UBSan and fuzz targets, TSan (both clang), other stacks
#                          and browsers, peers behind NATs, demo
#   tests/run.sh --fast    the release build and its tests, without faults under load: under two minutes once built
# Ends with one line "N passed, N failed, N skipped"; exit code 0 only when nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.."

fast=false
case "${1:-}" in
  "") ;;
  --fast) fast=true ;;
  *) echo "usage: tests/run.sh [--fast]" >&2; exit 2 ;;
esac

passed=0 failed=0 skipped=0
failures=()
logs=build/logs
mkdir -p "$logs"

step() { printf '\n=== %s (%s s)\n' "$1" "$SECONDS"; }

# count RESULTS.xml: adds a JUnit file's figures.
count() {
  local tests failures_here skipped_here
  tests=$(grep -o 'tests="[0-9]*"' "$1" | head -1 | tr -dc 0-9)
  failures_here=$(grep -o 'failures="[0-9]*"' "$1" | head -1 | tr -dc 0-9)
  skipped_here=$(grep -o 'skipped="[0-9]*"' "$1" | head -1 | tr -dc 0-9)
  passed=$((passed + tests - failures_here - skipped_here))
  failed=$((failed + failures_here))
  skipped=$((skipped + skipped_here))
}

# check NAME COMMAND...: one command as one test, its output in a log that is shown when it fails.
check() {
  local name=$1; shift
  if "$@" >"$logs/$name.log" 2>&1; then
    passed=$((passed + 1)); echo "ok      $name"
  else
    failed=$((failed + 1)); failures+=("$name"); echo "FAILED  $name"; tail -40 "$logs/$name.log"
  fi
}

# build PRESET [cmake --build options]
build() {
  local preset=$1; shift
  step "build $preset"
  if ! { cmake --preset "$preset" -DPAIRWIRE_BUILD_TESTS=ON && cmake --build --preset "$preset" "$@"; } >"$logs/build-$preset.log" 2>&1; then
    grep -E -A12 'error|FAILED' "$logs/build-$preset.log" | head -60
    echo "The $preset build failed; the whole output is in $logs/build-$preset.log" >&2
    failed=$((failed + 1)); failures+=("build-$preset")
    return 1
  fi
}

# run_ctest PRESET [ctest options]. Four at a time on two cores: most of them wait for time to pass.
run_ctest() {
  local preset=$1; shift
  step "tests $preset"
  local xml="$PWD/$logs/ctest-$preset.xml"
  rm -f "$xml"
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --output-junit "$xml" \
    -j 4 "$@" >"$logs/ctest-$preset.log" 2>&1 || failures+=("ctest-$preset")
  if [ -f "$xml" ]; then count "$xml"; else failed=$((failed + 1)); fi
  grep -E 'tests passed|\*\*\*|\(Failed\)|\(Timeout\)|SKIPPED|Skipped' "$logs/ctest-$preset.log" | head -40
}

step "packages"
.ci/install-packages.sh build test || exit 1

check format .ci/check-format.sh
check readme .ci/check-readme.sh

if $fast; then unhurried=(-LE faults); else unhurried=(); fi
build release && run_ctest release "${unhurried[@]}"

step "modules of the page"
check page-modules tests/samples/web/run.sh

if ! $fast; then
  step "10,000 runs over bad weather"
  PAIRWIRE_WEATHER_RUNS=10000 check weather build/release/bin/pairwire_weather_test \
    --gtest_filter='WeatherTest.EveryPromiseIsKept*'

  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
  export UBSAN_OPTIONS=print_stacktrace=1
  export TSAN_OPTIONS=suppressions=$PWD/tests/support/tsan.supp:halt_on_error=1
  # The second compiler reads every file here, with the same warnings as errors.
  if build asan; then
    run_ctest asan
    step "fuzz targets, ${PAIRWIRE_FUZZ_SECONDS:-5} s each"
    for target in build/asan/bin/*_fuzzer; do
      name=$(basename "$target")
      mkdir -p "build/asan/corpus/$name"
      check "$name" "$target" -max_total_time="${PAIRWIRE_FUZZ_SECONDS:-5}" -rss_limit_mb=1024 -timeout=10 \
        "build/asan/corpus/$name" "tests/fuzz/corpus/${name%_fuzzer}"
    done
  fi

  # Without the tests of the relay alone, which has one thread: nothing to find (tests/CMakeLists.txt).
  build tsan && run_ctest tsan

  # The stacks that npm and Debian bring; tests/interop/run.sh alone runs all nine, which takes a Go and a Rust
  # toolchain and half an hour.
  step "other stacks and browsers"
  tests/interop/run.sh --junit "$PWD/$logs/interop.xml" --peers node-datachannel,wrtc,chromium,firefox 2>&1 | tail -60
  [ -f "$logs/interop.xml" ] && count "$logs/interop.xml" || { failed=$((failed + 1)); failures+=("interop"); }

  # Needs root and says so where it has none.
  step "NATs"
  tests/network/run.sh --quick --goal 0 --junit "$PWD/$logs/network.xml" matrix killed-peer nat-rebinding interface-swap \
    ice-restart turn-tls wrong-fingerprint-offer 2>&1 | tail -60
  [ -f "$logs/network.xml" ] && count "$logs/network.xml" || { failed=$((failed + 1)); failures+=("network"); }

  step "demo"
  check demo samples/run-demo.sh
fi

step "done"
[ "${#failures[@]}" -eq 0 ] || printf 'failed: %s\n' "${failures[*]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "${#failures[@]}" -eq 0 ]
