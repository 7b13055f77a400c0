#!/bin/sh
# Install the identity provider that the tests start, outside this folder; it takes no time when it is there already.
# Maven fetches, from wherever it is configured to; what it brings has to have the hash in keycloak/sha256. It is built
# here once for the database in memory, so that a start is half as long.
set -eu
VERSION=26.4.0
here=$(cd "$(dirname "$0")/keycloak" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/isocenter
home=$cache/keycloak-$VERSION
[ -e "$home/installed" ] && exit 0

lacking() {
  echo "Keycloak is not installed: it needs $1" >&2
  [ "${CI:-}" = true ] && exit 1
  exit 0
}
for tool in mvn unzip sha256sum; do
  command -v "$tool" >/dev/null || lacking "$tool"
done
java=
for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/*; do
  version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$candidate/release" 2>/dev/null || true)
  if [ -n "$version" ] && [ "$version" -ge 21 ]; then
    java=$candidate
    break
  fi
done
[ -n "$java" ] || lacking "Java 21 or newer"
mkdir -p "$cache"
stage=$(mktemp -d "$cache/keycloak.XXXXXX")
trap 'rm -rf "$stage"' EXIT
mvn -q -B -f "$here/pom.xml" -Dmaven.repo.local="$stage/repository" -Dout="$stage/fetched" package >&2
(cd "$stage/fetched" && sha256sum --check --quiet "$here/sha256" >&2)
unzip -q "$stage/fetched/keycloak-quarkus-dist-$VERSION.zip" -d "$stage"
JAVA_HOME=$java "$stage/keycloak-$VERSION/bin/kc.sh" build --db=dev-mem --health-enabled=true >&2
touch "$stage/keycloak-$VERSION/installed"
rm -rf "$home"
mv "$stage/keycloak-$VERSION" "$home"
echo "installed: Keycloak $VERSION" >&2
