#!/usr/bin/env bash
# Pairwire's main job on a fresh Debian 12: installs what is missing, builds, and starts a relay, displays and
# controllers as separate processes. They pair by code, exchange messages and files directly, one controller
# speaks to three displays, a file goes on where it was cut, and a session outlives its relay. Prints what
# arrived and how fast; exits 0 only when all of it was checked.
#   samples/run-demo.sh            installs, builds, runs
#   samples/run-demo.sh --bin DIR  runs the programs in DIR; installs and builds nothing
# Ctrl-C ends it and what it started.
set -euo pipefail

bin=''
if [ "$#" -eq 2 ] && [ "$1" = --bin ]; then
  bin=$(realpath "$2")
elif [ "$#" -ne 0 ]; then
  echo "usage: samples/run-demo.sh [--bin DIR]" >&2
  exit 2
fi
cd "$(dirname "$0")/.."

deadline=60  # seconds that any one wait may take
work=$(mktemp -d)
declare -A pid events codes  # of each program by its name: pid, descriptor of its output, newest code

finish() {
  local status=$? one
  trap - EXIT
  trap '' INT TERM HUP
  IFS=$' \t\n'  # a signal may have come in the middle of a read with its own
  # Of this shell's own jobs, those that still run; who reads their output ends with them.
  for one in $(jobs -pr); do kill -KILL "$one" 2>/dev/null || true; done
  wait 2>/dev/null || true
  if [ "$status" -ne 0 ] && [ "$status" -lt 128 ]; then
    echo "The demo failed. What the programs said last:" >&2
    for one in "$work"/*.log; do [ ! -s "$one" ] || { echo "-- ${one##*/}"; tail -n 5 "$one"; } >&2; done
  fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

trouble=''  # the last error that a program told while it was waited for
fail() { echo "demo: $*${trouble:+; before that: $trouble}" >&2; exit 1; }

# field NAME JSON_LINE: the value of a string, number or Boolean field.
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" <<<"$2"; }

# follow NAME PID FILE: what PID writes to FILE can be waited for; reading it ends when PID does.
follow() {
  local fd
  exec {fd}< <(exec tail -n +1 -s 0.1 -f --pid="$2" "$3" 2>/dev/null)
  pid[$1]=$2
  events[$1]=$fd
}

# start NAME COMMAND…: in the background; its stdin is $work/NAME.in, or empty when there is no such file.
start() {
  local name=$1 in=/dev/null; shift
  if [ -e "$work/$name.in" ]; then in="$work/$name.in"; fi
  : >"$work/$name.out"
  trouble=''
  "$@" <"$in" >"$work/$name.out" 2>>"$work/$name.log" &
  follow "$name" "$!" "$work/$name.out"
}

# next_line NAME UNTIL: the next line of its output, into `line`. 1: it has ended; 2: none came until that second.
line=''
next_line() {
  local part piece='' status
  while true; do
    if [ "$SECONDS" -gt "$2" ]; then return 2; fi
    part='' status=0
    # In slices: this shell notes only in between which of its programs have ended.
    IFS= read -r -t 0.5 -u "${events[$1]}" part || status=$?
    piece+=$part
    if [ "$status" -eq 0 ]; then line=$piece; return 0; fi
    if [ "$status" -le 128 ]; then return 1; fi
  done
}
# wait_line NAME TEXT: passes over lines until one contains TEXT, which is left in `line`.
wait_line() {
  local until=$((SECONDS + deadline))
  while next_line "$1" "$until"; do
    case "$line" in
      *"$2"*) return 0 ;;
      *'"event":"error"'*) trouble="$1: $line" ;;
    esac
  done
  fail "$1 did not say $2"
}
wait_event() { wait_line "$1" "\"event\":\"$2\""; }

# wait_exit NAME CODE: it ends by itself, in time, with that exit code.
wait_exit() {
  local until=$((SECONDS + deadline)) status=0
  while next_line "$1" "$until" || { status=$?; false; }; do :; done
  [ "$status" -ne 2 ] || fail "$1 did not end"
  status=0
  wait "${pid[$1]}" || status=$?
  [ "$status" -eq "$2" ] || fail "$1 ended with $status, not $2"
}

# kill_now NAME…: as a power cut does.
kill_now() {
  local name
  for name in "$@"; do
    kill -KILL "${pid[$name]}"
    { wait "${pid[$name]}" || true; } 2>/dev/null
  done
}

display() {
  start "$1" "$bin/pairwire-display" --relay "$url" --name "$1" --json --out "$work/received-$1"
}
# next_code DISPLAY: leaves it in `code` and `codes`.
next_code() {
  wait_event "$1" code
  code=$(field code "$line")
  codes[$1]=$code
  [[ $code =~ ^[0-9]+-[A-Z]{5}$ ]] || fail "$1 shows no code of digits and letters: $line"
}
controller() {
  local name=$1; shift
  start "$name" "$bin/pairwire-controller" --relay "$url" --json "$@"
}
# connected NAME: it has, directly, and both ends have proved that they know the letters.
connected() {
  wait_event "$1" connected
  [ "$(field path "$line")" = direct ] || fail "the path is not direct: $line"
  [ "$(field authenticated "$line")" = true ] || fail "the letters have proved nothing: $line"
}
# check_numbers DISPLAY FIRST LAST: these texts arrived there, once and in order, and no other.
check_numbers() {
  sed -n 's/.*"event":"message".*"text":"\([0-9]*\)".*/\1/p' "$work/$1.out" >"$work/numbers"
  seq "$2" "$3" | cmp - "$work/numbers" >&2 || fail "the messages at $1 did not arrive once and in order"
}
# check_file CONTROLLER DISPLAY FILE: waits for both to say that it arrived, and compares it byte by byte.
check_file() {
  local sent received path
  wait_event "$2" file; received=$line
  wait_event "$1" file; sent=$line
  path=$(field path "$received")
  [ "$(field sha256 "$sent")" = "$(field sha256 "$received")" ] || fail "SHA-256 differs: $sent $received"
  cmp "$3" "$path" >&2 || fail "$path differs from $3"
  rm "$path" # the large ones would fill a small /tmp
  printf '%-14s %11s bytes  %7s MB/s  sha256 %.16s…  equal at both ends\n' "$(field name "$received")" \
    "$(field size "$received")" "$(field megabytesPerSecond "$received")" "$(field sha256 "$received")"
}
now_ms() { date +%s%3N; }

began=$(now_ms)
if [ -z "$bin" ]; then
  echo "== build"
  .ci/install-packages.sh build
  # A tree that is configured already stays as its developer configured it.
  { { [ -f build/release/build.ninja ] || cmake --preset release; } &&
    cmake --build --preset release --target pairwire-relay pairwire-display pairwire-controller; } \
    >"$work/build.log" 2>&1 || fail "the build failed"
  bin=build/release/bin
  began=$(now_ms)
fi
for program in relay display controller; do
  [ -x "$bin/pairwire-$program" ] || fail "there is no $bin/pairwire-$program"
done

echo "== a relay and a display"
start relay "$bin/pairwire-relay" --listen 127.0.0.1:0
wait_line relay 'listening on '
url=${line#listening on }
echo "$line"
display hall-1
next_code hall-1
echo "the display shows $code: the relay knows the digits; the letters never leave the two ends"

echo "== letters in the code"
letters=${code#*-}
if [ "${letters:0:1}" = B ]; then wrong=${code%-*}-C${letters:1}; else wrong=${code%-*}-B${letters:1}; fi
controller wrong --code "$wrong" ping
wait_line wrong '"event":"error"'
[ "$(field code "$line")" = auth_failed ] || fail "wrong letters: $line"
wait_exit wrong 1
next_code hall-1
[ "$(field failedAttempts "$line")" = 1 ] || fail "the display does not say that somebody tried: $line"
echo "$wrong: auth_failed, and the display says so"
controller ping --code "$code" ping --count 1000
connected ping
echo "$code: connected, path direct, both ends authenticated"
wait_event ping ping
echo "round trip of 64 bytes: p50 $(field p50Us "$line") us, p99 $(field p99Us "$line") us"
wait_exit ping 0

echo "== 10,000 numbered messages"
next_code hall-1
seq 1 10000 >"$work/chat.in"
before=$(now_ms)
controller chat --code "$code" chat
connected chat
wait_event chat ack
[ "$(field messages "$line")" = 10000 ] || fail "not all is acknowledged: $line"
wait_exit chat 0
after=$(now_ms)
next_code hall-1 # the session is over, so all is in its output
check_numbers hall-1 1 10000
echo "10000 received once and in order; pairing, sending and closing took $((after - before)) ms"

echo "== one controller, three displays"
display hall-2
display hall-3
next_code hall-2
next_code hall-3
seq 10001 11000 >"$work/group.in"
three() { printf -- '--code %s ' "${codes[hall-1]}" "${codes[hall-2]}" "${codes[hall-3]}"; }
# shellcheck disable=SC2046  # codes have no blanks
controller group $(three) chat
wait_event group ack
[ "$(field messages "$line")" = 1000 ] || fail "not all is acknowledged: $line"
wait_exit group 0
for hall in hall-1 hall-2 hall-3; do next_code "$hall"; done
check_numbers hall-1 1 11000
check_numbers hall-2 10001 11000
check_numbers hall-3 10001 11000
echo "1000 messages to all three: each received them once and in order"
# shellcheck disable=SC2046
controller frames $(three) present --fps 25 --seconds 2
wait_event frames presented
presented=$line
wait_exit frames 0
[ "$(field displays "$presented")" = 3 ] || fail "not on three displays: $presented"
[ "$(field compared "$presented")" -ge 25 ] || fail "most frames were not on two displays: $presented"
for hall in hall-1 hall-2 hall-3; do
  next_code "$hall"
  shown=$(grep -c '"event":"frame"' "$work/$hall.out") || true
  [ "$shown" -ge 25 ] || fail "$hall showed $shown frames of 50"
done
echo "50 frames, each shown at one moment: first to last display p50 $(field spreadP50Us "$presented") us," \
  "p99 $(field spreadP99Us "$presented") us"

echo "== a picture and a text"
controller files --code "${codes[hall-3]}" send-file docs/controller-page.png LICENSE
check_file files hall-3 docs/controller-page.png
check_file files hall-3 LICENSE
wait_exit files 0
next_code hall-3

echo "== 100 MB, cut in the middle"
head -c 100000000 /dev/urandom >"$work/random.bin"
controller cut --code "$code" send-file "$work/random.bin"
least=20000000
until wait_event cut progress; [ "$(field stored "$line")" -ge "$least" ]; do :; done
kill_now cut hall-3
if grep -q '"event":"file"' "$work/cut.out"; then fail "the file had arrived before the cut"; fi
echo "kill -9 of both ends when $(field stored "$line") bytes were stored"
display hall-3
next_code hall-3
controller resumed --code "$code" send-file "$work/random.bin"
wait_event resumed resuming
[ "$(field offset "$line")" -ge "$least" ] || fail "it began anew: $line"
echo "both started again: it goes on at $(field offset "$line") bytes"
check_file resumed hall-3 "$work/random.bin"
wait_exit resumed 0

echo "== the relay killed, and back"
mkfifo "$work/live.in"
controller live --code "${codes[hall-1]}" chat
exec {talk}<>"$work/live.in"
connected live
seq 11001 11100 >&"$talk"
wait_line hall-1 '"text":"11100"'
kill_now relay
echo "kill -9 of the relay, while a session is open"
{ seq 11101 11200; echo "/send $work/random.bin"; } >&"$talk"
wait_line hall-1 '"text":"11200"'
check_file live hall-1 "$work/random.bin"
start relay "$bin/pairwire-relay" --listen "${url#http://}"
wait_line relay "listening on $url"
echo "100 messages and 100 MB went meanwhile; the relay is back on its port"
next_code hall-2
display hall-4
next_code hall-4
controller new --code "$code" send "hello"
connected new
wait_line hall-4 '"text":"hello"'
wait_exit new 0
echo "a display that waited shows a new code, and a new display has paired"
{ seq 11201 11300; echo /quit; } >&"$talk"
wait_event live ack
[ "$(field messages "$line")" = 300 ] || fail "not all is acknowledged: $line"
wait_exit live 0
check_numbers hall-1 1 11300
echo "the session from before goes on: 300 messages received once and in order"

for hall in hall-1 hall-2 hall-3 hall-4; do
  kill -TERM "${pid[$hall]}"
  wait_exit "$hall" 0
done
kill -TERM "${pid[relay]}"
wait_exit relay 0
echo "demo passed, in $((($(now_ms) - began) / 1000)) s"
