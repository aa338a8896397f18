#!/usr/bin/env bash
# Proves the README on a bare Debian 12: makes a root with debootstrap that holds nothing of ours, puts a
# fresh clone of HEAD into it, and runs there, word for word, the commands of the README's "Two commands"
# block, as root, with this machine's package settings (apt sources, npm registry, certificates).
#   tests/fresh.sh              both commands
#   tests/fresh.sh COMMAND...   only these, e.g. samples/run-demo.sh
# Needs root and, for the run, about 6 GiB of disk. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(id -u)" -eq 0 ] || { echo "tests/fresh.sh needs root, for chroot and mount" >&2; exit 1; }

# A mount namespace of our own: whatever happens, the mounts go with this process.
if [ -z "${PAIRWIRE_FRESH_NAMESPACE:-}" ]; then
  PAIRWIRE_FRESH_NAMESPACE=1 exec unshare --mount --propagation private "$0" "$@"
fi

mapfile -t commands < <(awk '/^## Two commands/{on=1} on && /^```sh/{code=1; next} code && /^```/{exit} code' README.md)
[ "${#commands[@]}" -eq 2 ] || { echo "README.md: expected two commands under '## Two commands'" >&2; exit 1; }
if [ "$#" -gt 0 ]; then
  for wanted in "$@"; do
    printf '%s\n' "${commands[@]}" | grep -qxF "$wanted" || { echo "'$wanted' is not in the README" >&2; exit 1; }
  done
  commands=("$@")
fi

command -v debootstrap >/dev/null || apt-get -qq -y install --no-install-recommends debootstrap >/dev/null

root=$(mktemp -d -p "${TMPDIR:-/var/tmp}" pairwire-fresh.XXXXXX)
cleanup() {
  umount -R "$root/proc" "$root/sys" "$root/dev" 2>/dev/null || true
  rm -rf --one-file-system "$root"
}
trap cleanup EXIT

mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
  sed -n -e 's/^URIs: *\([^ ]*\).*/\1/p' -e 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) bookworm main.*/\2/p' | head -1)
echo "== bare Debian 12 (debootstrap --variant=minbase)"
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 || { tail -20 "$root.log"; exit 1; }
rm -f "$root.log"

# Package settings of this machine, and nothing else of it.
rm -rf "$root/etc/apt"
cp -aL /etc/apt "$root/etc/apt"
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
[ -d /usr/local/share/ca-certificates ] && cp -a /usr/local/share/ca-certificates "$root/usr/local/share/"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$root$keyring" ] || cp "$keyring" "$root$keyring"
[ -f "$HOME/.npmrc" ] && cp "$HOME/.npmrc" "$root/root/.npmrc"

mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
[ -d "$root/dev/shm" ] && mount -t tmpfs tmpfs "$root/dev/shm"

git clone -q "file://$PWD" "$root/root/pairwire"
echo "== $(chroot "$root" cat /etc/debian_version), $(chroot "$root" dpkg-query -W | wc -l) packages, commit $(git rev-parse --short HEAD)"

for command in "${commands[@]}"; do
  echo "== \$ $command"
  start=$SECONDS
  chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    TERM=dumb LANG=C.UTF-8 bash -c "cd /root/pairwire && $command" </dev/null
  echo "== exit 0 after $((SECONDS - start)) s"
done
