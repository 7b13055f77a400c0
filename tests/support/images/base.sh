#!/bin/sh
# The bases that Dockerfiles name, under their real names, where no registry of images is asked: Python's out of Debian's
# own packages by debootstrap, Node's out of this machine's Node. Like the real ones for what is built here: same
# Debian, same Python, and nothing more than they have.
set -eu
# shellcheck source=tests/support/images/store.sh
. "$(dirname "$0")/store.sh"
need buildah debootstrap node npm
key=$(key_of < "$0") # not of store.sh: this takes minutes
alone
built "$python_base" "$key" && built "$node_base" "$key" && exit 0
stage=$(mktemp -d "$images/base.XXXXXX")
trap 'rm -rf "$stage"' EXIT
debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates,netbase,tzdata bookworm "$stage/python" \
  >"$stage/log" 2>&1 || { tail -5 "$stage/log" >&2; exit 1; }
rm -rf "$stage"/python/var/cache/apt/archives/*.deb "$stage"/python/var/lib/apt/lists/*_* "$stage"/python/var/log/*.log
tar --numeric-owner --one-file-system -C "$stage/python" -cf "$stage/python.tar" .
printf 'FROM scratch\nADD python.tar /\nCMD ["python3"]\n' > "$stage/Dockerfile"
build "$python_base" "$key" -f "$stage/Dockerfile" "$stage"

npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
mkdir -p "$stage/node/bin" "$stage/node/lib/node_modules"
cp -L "$(command -v node)" "$stage/node/bin/node"
cp -R "$npm" "$stage/node/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$stage/node/bin/npm"
printf 'FROM scratch\nCOPY node /usr/local\n' > "$stage/Dockerfile"
build "$node_base" "$key" -f "$stage/Dockerfile" "$stage"
echo "built: the bases of images" >&2
