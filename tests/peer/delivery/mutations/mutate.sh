#!/bin/sh
# mutate.sh SOURCE EDIT OUT: SOURCE with the one change that EDIT (a sed script) makes. Any other number of changed
# lines is an error: the source has moved on and the edit has to follow.
set -eu
sed -f "$2" "$1" > "$3.new"
changed=$(diff "$1" "$3.new" | grep -c '^<' || true)
if [ "$changed" != 1 ]; then
  echo "$2 changes $changed lines of $1 instead of one" >&2
  exit 1
fi
mv "$3.new" "$3"
