#!/bin/sh
# servers.sh minio|nats|opensearch: build the image of a server that the tests have installed already, and print the
# archive's path; it takes no time when the same was built before. For Kubernetes, where servers run in pods.
set -eu
# shellcheck source=tests/support/images/store.sh
. "$(dirname "$0")/store.sh"
server=$1
name=localhost/isocenter-$server:dev
need buildah

java_home() { # the first Java of 21 or newer
  for home in "${OPENSEARCH_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/*; do
    version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$home/release" 2>/dev/null || true)
    [ "${version:-0}" -ge 21 ] && [ -x "$home/bin/jlink" ] && echo "$home" && return
  done
}

absent() {
  echo "no image of $server: $1" >&2
  [ -n "${CI:-}" ] && exit 1
  exit 0
}

case $server in
minio) program=$(echo "$cache"/minio-*/minio) ;;
nats) program=$here/../../../.venv/bin/nats-server ;;
opensearch) program=$(echo "$cache"/opensearch-*/bin/opensearch) java=$(java_home) ;;
*) echo "minio, nats or opensearch" >&2; exit 2 ;;
esac
[ -x "$program" ] || absent "make setup installs it first"
[ "$server" != opensearch ] || [ -n "$java" ] || absent "it needs a Java development kit of 21 or newer"

stamp=$( (cat "$0" "$here/store.sh" "$here/base.sh" "$here/opensearch.dockerfile" "$here/go_server.dockerfile"
  cat "$program"; cat "${java:-/nowhere}/release" 2>/dev/null || true) | key_of)
archive=$images/$server-$stamp.tar
[ "$server" != opensearch ] || [ -e "$archive" ] || "$here/base.sh"
alone
if ! built "$name" "$stamp" || [ ! -e "$archive" ]; then
  stage=$(mktemp -d "$images/$server.XXXXXX")
  trap 'rm -rf "$stage"' EXIT
  if [ "$server" = opensearch ]; then
    cp -R "$(dirname "$(dirname "$program")")" "$stage/opensearch"
    rm -rf "$stage/opensearch/logs" "$stage/opensearch/installed" "$stage"/opensearch/bin/*.bat "$stage"/opensearch/bin/*.exe
    # all modules but the linker's own, which a Java without jmods cannot put into another
    modules=$("$java/bin/java" --list-modules | sed 's/@.*//' | grep -v -x -e jdk.jlink -e jdk.jpackage | paste -s -d , -)
    "$java/bin/jlink" --add-modules "$modules" --strip-debug --no-man-pages --no-header-files --output "$stage/java"
    build "$name" "$stamp" -f "$here/opensearch.dockerfile" "$stage"
  else
    cp -L "$program" "$stage/program"
    chmod 755 "$stage/program"
    build "$name" "$stamp" -f "$here/go_server.dockerfile" "$stage"
  fi
  save "$name" "$archive"
  echo "built: $name, $(du -m "$archive" | cut -f 1) MB" >&2
fi
echo "$archive"
