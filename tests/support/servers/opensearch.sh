#!/bin/sh
# Install the OpenSearch server that the tests start, outside this folder; it takes no time when it is there already.
# Maven fetches, from wherever it is configured to; what it brings has to have the hashes in opensearch/sha256.
set -eu
VERSION=3.8.0
here=$(cd "$(dirname "$0")/opensearch" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/isocenter
home=$cache/opensearch-$VERSION
[ -e "$home/installed" ] && exit 0
for tool in mvn unzip sha256sum; do
  if ! command -v "$tool" >/dev/null; then
    echo "OpenSearch is not installed: it needs $tool" >&2
    [ "${CI:-}" = true ] && exit 1
    exit 0
  fi
done
mkdir -p "$cache"
stage=$(mktemp -d "$cache/opensearch.XXXXXX")
trap 'rm -rf "$stage"' EXIT
mvn -q -B -f "$here/pom.xml" -Dmaven.repo.local="$stage/repository" -Dout="$stage/fetched" package >&2
(cd "$stage/fetched" && sha256sum --check --quiet "$here/sha256" >&2)
# these two modules are large and nothing here asks for them
unzip -q "$stage/fetched/opensearch-$VERSION.zip" -x '*/modules/ingest-geoip/*' '*/modules/transport-grpc/*' -d "$stage"

plugin() { # NAME CLASS JAR...: a folder of plugins needs a descriptor
  name=$1 class=$2
  shift 2
  mkdir "$stage/opensearch-$VERSION/plugins/$name"
  for jar in "$@"; do
    mv "$stage/fetched/$jar" "$stage/opensearch-$VERSION/plugins/$name/"
  done
  cat > "$stage/opensearch-$VERSION/plugins/$name/plugin-descriptor.properties" <<EOF
name=$name
description=$name
version=$VERSION
opensearch.version=$VERSION
java.version=21
classname=org.opensearch.plugin.analysis.$class
has.native.controller=false
EOF
}
plugin analysis-icu icu.AnalysisICUPlugin \
  analysis-icu-client-$VERSION.jar lucene-analysis-icu-10.5.0.jar icu4j-77.1.jar
plugin analysis-phonetic AnalysisPhoneticPlugin \
  analysis-phonetic-$VERSION.jar lucene-analysis-phonetic-10.5.0.jar commons-codec-1.18.0.jar

chmod -R go=u-w "$stage/opensearch-$VERSION" # it does not run as root
touch "$stage/opensearch-$VERSION/installed"
rm -rf "$home"
mv "$stage/opensearch-$VERSION" "$home"
echo "installed: OpenSearch $VERSION" >&2
