#!/bin/sh
# A Kubernetes of our own, for `make test-kubernetes`: the control plane, kubectl and kwok in one binary, kubelet and
# kube-proxy in another, CoreDNS. Built outside this folder out of pinned Go modules (some six minutes, once); it takes
# no time when they are there already. Go fetches, from wherever it is configured to; the go.sum files have the hashes.
set -eu
VERSION=1.36.3
here=$(cd "$(dirname "$0")/kubernetes" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/isocenter
# the folder is named after what it was built of: another version of any of it is another folder
home=$cache/kubernetes-$VERSION-$(cat "$here"/cluster/go.* "$here"/cluster/*.go "$here"/cluster/*/*.go "$here"/coredns/go.* "$here"/crds/go.* | sha256sum | cut -c 1-12)
[ "${1:-}" = --where ] && echo "$home" && exit 0
[ -e "$home/installed" ] && exit 0
if ! command -v go >/dev/null; then
  echo "Kubernetes is not installed: it needs Go" >&2
  [ "${CI:-}" = true ] && exit 1
  exit 0
fi
mkdir -p "$cache"
stage=$(mktemp -d "$cache/kubernetes.XXXXXX")
trap 'rm -rf "$stage"' EXIT
export CGO_ENABLED=0
release=k8s.io/component-base/version
flags="-s -w -X $release.gitVersion=v$VERSION -X $release.gitMajor=1 -X $release.gitMinor=36" # else kubectl cannot read it
build() { # FOLDER NAME PACKAGE
  (cd "$here/$1" && go build -mod=readonly -buildvcs=false -trimpath -ldflags "$flags" -o "$stage/$2" "$3")
}
build cluster hyperkube .
build cluster nodekube ./node
build cluster pause ./pause
build coredns coredns github.com/coredns/coredns
mkdir "$stage/crds"
crd() { # MODULE FILE: a definition of a kind that is not Kubernetes' own
  version=$(awk -v module="$1" '$1 == module { print $2 }' "$here/crds/go.mod")
  module=$(cd "$here/crds" && go mod download -json "$1@$version" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
  cp "$module/$2" "$stage/crds/"
}
crd sigs.k8s.io/gateway-api config/crd/standard/gateway.networking.k8s.io_httproutes.yaml
crd github.com/kedacore/keda/v2 config/crd/bases/keda.sh_scaledobjects.yaml
crd github.com/prometheus-operator/prometheus-operator example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml
crd github.com/prometheus-operator/prometheus-operator example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml
touch "$stage/installed"
chmod 755 "$stage"
mv -T "$stage" "$home" 2>/dev/null || [ -e "$home/installed" ] # another run was first: what it built is the same
echo "installed: Kubernetes $VERSION" >&2
