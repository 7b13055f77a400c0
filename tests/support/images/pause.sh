#!/bin/sh
# pause.sh PROGRAM: the image that holds a pod's namespaces, of a static program; prints the archive's path.
set -eu
# shellcheck source=tests/support/images/store.sh
. "$(dirname "$0")/store.sh"
need buildah
key=$(cat "$0" "$1" | key_of)
archive=$images/pause-$key.tar
alone
if [ ! -e "$archive" ]; then
  stage=$(mktemp -d "$images/pause.XXXXXX")
  trap 'rm -rf "$stage"' EXIT
  cp "$1" "$stage/pause"
  printf 'FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT ["/pause"]\n' > "$stage/Dockerfile"
  build localhost/isocenter/pause:dev "$key" -f "$stage/Dockerfile" "$stage"
  save localhost/isocenter/pause:dev "$archive"
fi
echo "$archive"
