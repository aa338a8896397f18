#!/bin/bash
# Exits with 0 when GET /healthz of the relay on this machine answers 200, within 3 seconds. Needs
# bash and coreutils only, which the image has.
#   healthcheck.sh [PORT]
set -euo pipefail
port=${1:-8080}
probe() {
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
  IFS= read -r line <&3
  [[ $line == "HTTP/1.1 200 "* ]]
}
if [ "${2:-}" = inner ]; then probe; else exec timeout 3 "$0" "$port" inner; fi
