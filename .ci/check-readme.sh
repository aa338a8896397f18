#!/usr/bin/env bash
# Fails when a program shown in the README is not the file that is built, line for line after its head comment.
#   .ci/check-readme.sh [--write]    --write puts the files into the README
set -euo pipefail
cd "$(dirname "$0")/.."
updated=$(mktemp)
trap 'rm -f "$updated"' EXIT
awk '
  /^A (display|controller) \(`samples\/minimal\/[a-z]*\.cc`\):$/ {
    if (skip) print ""
    print; match($0, /samples[^`]*/); file = substr($0, RSTART, RLENGTH)
    print ""; print "```cpp"
    head = 1
    while ((getline line < file) > 0) {
      if (head && line ~ /^\/\//) continue
      head = 0; print line
    }
    print "```"; skip = 1; next
  }
  skip && (/^A / || /^[A-Z].*:$/ || /^Two peers/) { skip = 0; print "" }
  !skip { print }
' README.md >"$updated"
if [ "${1:-}" = --write ]; then cp "$updated" README.md; fi
diff README.md "$updated"
