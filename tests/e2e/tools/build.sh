#!/usr/bin/env bash
# Builds the tools of the end-to-end test from the module proxy, each once:
#
#   build.sh           all of them
#   build.sh NAME…     some of them
#
# A binary stands in ${WAXSEAL_TOOLS:-~/.cache/waxseal/tools}/MODULE-HASH/NAME, where
# HASH covers the module's go.mod and go.sum, this file and the version of Go, and is
# built again when one of them changes. .bin/tools/NAME links to it.
set -euo pipefail
cd "$(dirname "$0")"
cache=${WAXSEAL_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/waxseal/tools}
links=../../../.bin/tools
export GOTOOLCHAIN=local CGO_ENABLED=0 GOWORK=off

k8s=k8s.io/component-base/version
kube="-X $k8s.gitVersion=v1.36.3 -X $k8s.gitMajor=1 -X $k8s.gitMinor=36 -X $k8s.gitTreeState=clean -X $k8s.gitCommit=unknown"
release=sigs.k8s.io/release-utils/version.gitVersion

# name, module (a folder here), package, what the linker is told
tools=(
  "etcd|etcd|go.etcd.io/etcd/server/v3|"
  "registry|registry|github.com/distribution/distribution/v3/cmd/registry|"
  "cosign3|cosign3|github.com/sigstore/cosign/v3/cmd/cosign|-X $release=v3.1.3"
  "cosign2|cosign2|github.com/sigstore/cosign/v2/cmd/cosign|-X $release=v2.6.5"
  "kube-apiserver|kube|k8s.io/kubernetes/cmd/kube-apiserver|$kube"
  "kubectl|kube|k8s.io/kubernetes/cmd/kubectl|$kube"
  "tsa|tsa|.|"
  "notation|notation|github.com/notaryproject/notation/cmd/notation|-X github.com/notaryproject/notation/internal/version.Version=v1.3.2"
  "fulcio|fulcio|github.com/sigstore/fulcio|"
  "rekor|rekor|github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix|"
  "notary|notary|github.com/theupdateframework/notary/cmd/notary|"
  "notary-server|notary|github.com/theupdateframework/notary/cmd/notary-server|"
  "kube-controller-manager|kube|k8s.io/kubernetes/cmd/kube-controller-manager|$kube"
)

build() { # name module package linker-flags
  local hash dir start=$SECONDS
  hash=$(cat "$2/go.mod" "$2/go.sum" build.sh <(go version) | sha256sum | cut -c1-16)
  dir=$cache/$2-$hash
  if [[ ! -x $dir/$1 ]]; then
    mkdir -p "$dir"
    (cd "$2" && go build -trimpath -buildvcs=false -gcflags=all=-dwarf=false -ldflags "-s -w $4" -o "$dir/.$1" "$3")
    mv "$dir/.$1" "$dir/$1"
    echo "built $1 in $((SECONDS - start)) s"
  fi
  ln -sfn "$dir/$1" "$links/$1"
}

mkdir -p "$links"
for tool in "${tools[@]}"; do
  IFS='|' read -r name module package flags <<<"$tool"
  [[ $# -gt 0 && " $* " != *" $name "* ]] || build "$name" "$module" "$package" "$flags"
done
