#!/usr/bin/env bash
# Pairwire's main job on a fresh Debian 12: installs what is missing, builds, and starts a relay, a display
# and a controller as separate processes. They pair by code and exchange files and messages directly;
# while 100 MB travel the relay is stopped and then killed. Prints what arrived and how fast; exits 0
# only when all of it did.
set -euo pipefail
cd "$(dirname "$0")/.."

deadline=120  # seconds that any one step may take
work=$(mktemp -d)
pids=()

finish() {
  local status=$?
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  [ "$status" -eq 0 ] || { echo "The demo failed. What the programs said:" >&2; tail -n 5 "$work"/*.log >&2; }
  rm -rf "$work"
}
trap finish EXIT

fail() { echo "demo: $*" >&2; exit 1; }

# field NAME JSON_LINE: the value of a string or number field.
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" <<<"$2"; }

# wait_event FD NAME: reads events until one is NAME, and prints it.
wait_event() {
  local line
  while IFS= read -r -t "$deadline" -u "$1" line; do
    case "$line" in
      *"\"event\":\"$2\""*) printf '%s\n' "$line"; return 0 ;;
      *'"event":"error"'*) echo "demo: while waiting for '$2': $line" >&2 ;;
    esac
  done
  fail "no '$2' event"
}

echo "== build"
.ci/install-packages.sh build
{ cmake --preset release -DPAIRWIRE_BUILD_TESTS=OFF &&
  cmake --build --preset release --target pairwire-relay pairwire-display pairwire-controller; } \
  >"$work/build.log" 2>&1 || fail "the build failed"
bin=build/release/bin

echo "== relay"
mkfifo "$work/relay.out" "$work/display.out"
"$bin/pairwire-relay" --listen 127.0.0.1:0 >"$work/relay.out" 2>"$work/relay.log" & relay=$!
pids+=("$relay")
IFS= read -r -t "$deadline" line <"$work/relay.out" || fail "the relay did not start"
echo "$line"
url=${line#listening on }

echo "== display"
"$bin/pairwire-display" --relay "$url" --name "Demo display" --json --out "$work/received" \
  >"$work/display.out" 2>"$work/display.log" & display=$!
pids+=("$display")
exec 3< <(exec tee "$work/display.jsonl" <"$work/display.out")

next_code() { field code "$(wait_event 3 code)"; }
controller() { "$bin/pairwire-controller" --relay "$url" --json "$@" 2>>"$work/controller.log"; }

# send FILE...: in a session of its own; compares what both ends say of each file.
check_file() {
  local sent=$1 received=$2 path
  path=$(field path "$received")
  [ "$(field sha256 "$sent")" = "$(field sha256 "$received")" ] || fail "SHA-256 differs: $sent $received"
  cmp "$3" "$path" || fail "$path differs from $3"
  printf '%-14s %11s bytes  %7s MB/s  sha256 %s  equal at both ends\n' \
    "$(field name "$received")" "$(field size "$received")" "$(field megabytesPerSecond "$received")" \
    "$(field sha256 "$received")"
}

echo "== round-trip time"
code=$(next_code); echo "code $code"
exec 4< <(controller --code "$code" ping --count 1000); sender=$!
connected=$(wait_event 4 connected)
echo "path $(field path "$connected")"
[ "$(field path "$connected")" = direct ] || fail "the path is not direct: $connected"
ping=$(wait_event 4 ping)
echo "round trip of 64 bytes: p50 $(field p50Us "$ping") us, p99 $(field p99Us "$ping") us"
wait "$sender" || fail "the controller did not exit with 0"

echo "== 10,000 numbered messages"
code=$(next_code); echo "code $code"
before=$(date +%s%N)
seq 1 10000 | controller --code "$code" chat >"$work/chat.jsonl" & chat=$!
# The display shows a new code once the session is over; then all messages are in its log. They are read
# meanwhile, as a display whose output nobody takes stops taking messages.
code=$(next_code)
wait "$chat" || fail "the chat failed"
after=$(date +%s%N)
sed -n 's/.*"event":"message".*"text":"\([0-9]*\)".*/\1/p' "$work/display.jsonl" >"$work/numbers"
seq 1 10000 | cmp - "$work/numbers" || fail "the messages did not arrive once and in order"
echo "10000 messages received once and in order; pairing, sending and closing took $(((after - before) / 1000000)) ms"

echo "== a picture and a text"
picture=docs/controller-page.png text=LICENSE
echo "code $code"
exec 4< <(controller --code "$code" send-file "$picture" "$text"); sender=$!
for file in "$picture" "$text"; do
  received=$(wait_event 3 file); sent=$(wait_event 4 file)
  check_file "$sent" "$received" "$file"
done
wait "$sender" || fail "the controller did not exit with 0"

echo "== 100 MB, while the relay is stopped and then killed"
head -c 100000000 /dev/urandom >"$work/random.bin"
code=$(next_code); echo "code $code"
exec 4< <(controller --code "$code" send-file "$work/random.bin"); sender=$!
wait_event 4 progress >/dev/null
kill -STOP "$relay"; echo "relay stopped"
progress=$(wait_event 4 progress)
kill -KILL "$relay"; wait "$relay" 2>/dev/null || true
echo "relay killed when $(field sent "$progress") of $(field size "$progress") bytes were sent"
[ "$(field sent "$progress")" -lt "$(field size "$progress")" ] || fail "the transfer was over before the relay was killed"
received=$(wait_event 3 file); sent=$(wait_event 4 file)
check_file "$sent" "$received" "$work/random.bin"
wait "$sender" || fail "the controller did not exit with 0"

kill -TERM "$display"
wait "$display" || fail "the display did not exit with 0"
echo "demo passed"
