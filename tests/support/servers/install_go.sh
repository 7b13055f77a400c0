#!/bin/sh
# install_go.sh NAME VERSION PACKAGE: build a test server out of its Go module, outside this folder; it takes no time
# when it is there already. Go fetches, from wherever it is configured to; NAME/go.sum has the hashes of all of it.
set -eu
name=$1 version=$2 package=$3
here=$(cd "$(dirname "$0")/$name" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/isocenter
home=$cache/$name-$version
[ -e "$home/$name" ] && exit 0
if ! command -v go >/dev/null; then
  echo "$name is not installed: it needs Go" >&2
  [ "${CI:-}" = true ] && exit 1
  exit 0
fi
mkdir -p "$home"
stage=$(mktemp -d "$home/build.XXXXXX")
trap 'rm -rf "$stage"' EXIT
(cd "$here" && CGO_ENABLED=0 go build -mod=readonly -buildvcs=false -trimpath -ldflags "-s -w" -o "$stage/$name" "$package")
mv "$stage/$name" "$home/$name" # another run may be doing the same: either is whole
echo "installed: $name $version" >&2
