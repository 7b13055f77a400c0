#!/bin/bash
# make_module.sh [VERSION]: write go.mod and go.sum anew for a Kubernetes version. It is published with the replaces of
# its own tree, which a module that builds it has to say again, each with the version that belongs to it.
set -eu
version=${1:-1.36.3}
staging=v0.${version#1.}
cd "$(dirname "$0")"
rm -f go.mod go.sum
go mod init isocenter.test/cluster
kubernetes=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
for module in $(sed -n 's#^\t\(k8s.io/[a-z-]*\) => ./staging/.*#\1#p' "$kubernetes/go.mod"); do
  go mod edit -replace "$module=$module@$staging"
done
etcd=$(sed -n 's#^\tgo.etcd.io/etcd/client/v3 \(v[0-9.]*\).*#\1#p' "$kubernetes/go.mod")
go mod edit -go 1.26.0 -require "k8s.io/kubernetes@v$version" -require "go.etcd.io/etcd/server/v3@$etcd" \
  -require sigs.k8s.io/kwok@v0.8.0
go mod tidy
