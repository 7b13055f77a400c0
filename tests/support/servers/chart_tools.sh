#!/bin/sh
# What checks the chart: helm, kubeconform, helm-unittest and a reader of YAML out of one Go module; kube-score, which
# wants an older Kubernetes library, out of another. Built outside this folder; it takes no time when they are there
# already. Go fetches, from wherever it is configured to; kubernetes/go.sum and kubernetes/score/go.sum have the hashes.
set -eu
here=$(cd "$(dirname "$0")/kubernetes" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/isocenter
# the folder is named after what it was built of: another version of any of it is another folder
home=$cache/chart-tools-$(cat "$here/go.mod" "$here/go.sum" "$here/score/go.mod" "$here/score/go.sum" "$here/yaml2json/main.go" | sha256sum | cut -c 1-12)
[ "${1:-}" = --where ] && echo "$home" && exit 0
[ -e "$home/installed" ] && exit 0
if ! command -v go >/dev/null; then
  echo "the chart's checkers are not installed: they need Go" >&2
  [ "${CI:-}" = true ] && exit 1
  exit 0
fi
mkdir -p "$cache"
stage=$(mktemp -d "$cache/chart-tools.XXXXXX")
trap 'rm -rf "$stage"' EXIT
export CGO_ENABLED=0
build() { # FOLDER PACKAGE...
  folder=$1
  shift
  (cd "$folder" && go build -mod=readonly -buildvcs=false -trimpath -ldflags "-s -w" -o "$stage/" "$@")
}
build "$here" helm.sh/helm/v4/cmd/helm github.com/yannh/kubeconform/cmd/kubeconform \
  github.com/helm-unittest/helm-unittest/cmd/helm-unittest ./yaml2json
build "$here/score" github.com/zegl/kube-score/cmd/kube-score
touch "$stage/installed"
chmod 755 "$stage"
mv -T "$stage" "$home" 2>/dev/null || [ -e "$home/installed" ] # another run was first: what it built is the same
echo "installed: the chart's checkers" >&2
