#!/usr/bin/env bash
# Builds a host of others, with the builtins inside or as upstream ships it:
#
#   build.sh HOST OUT         upstream's main.go and our import in one package
#   build.sh --stock HOST OUT upstream's own module, with nothing of ours
#   build.sh --tidy           go.mod and go.sum of the modules
#
# HOST is conftest, gatekeeper or gator; $GO is the go command. The versions stand in the go.mod
# of conftest/build and gatekeeper/build. Upstream's main.go comes from the module cache by an
# overlay, which needs absolute paths and is made here. A stock build is kept in
# ${WAXSEAL_TOOLS:-~/.cache/waxseal/tools}; OUT links to it.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${WAXSEAL_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/waxseal/tools}
go=${GO:-go}
export GOTOOLCHAIN=local CGO_ENABLED=0 GOWORK=off

usage() { sed -n '2,11s/^# \{0,1\}//p' "$root/builtins/hosted/build.sh" >&2; exit 2; }

# host sets where our package is, upstream's module, which file of it is main, and where it has its version.
host() {
  reads=
  case $1 in
    conftest)   reads="-X github.com/waxseal/waxseal/builtins/hosted.repository=." # conftest reads the files there anyway
                folder=conftest/build           upstream=github.com/open-policy-agent/conftest      main=main.go            version=internal/version ;;
    gatekeeper) folder=gatekeeper/build/manager upstream=github.com/open-policy-agent/gatekeeper/v3 main=main.go            version=pkg/version ;;
    gator)      folder=gatekeeper/build/gator   upstream=github.com/open-policy-agent/gatekeeper/v3 main=cmd/gator/gator.go version=pkg/version ;;
    *) usage ;;
  esac
  cd "$root/$folder"
  $go mod download "$upstream"
  read -r release source < <($go list -m -f '{{.Version}} {{.Dir}}' "$upstream")
}

overlay() { # of the hosts named, as one file
  local name pairs=()
  for name in "$@"; do
    host "$name"
    pairs+=("\"$PWD/main.go\": \"$source/$main\"")
  done
  local IFS=,
  printf '{"Replace": {%s}}\n' "${pairs[*]}"
}

compile() { # what it prints as its version, then arguments of go build
  local says=$1; shift
  $go build -buildvcs=false -ldflags "-s -w -X $upstream/$version.Version=$says $reads" "$@" .
}

work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
case ${1-}/$# in
  --tidy/1)
    overlay conftest >"$work/conftest"; overlay gatekeeper gator >"$work/gatekeeper"
    for name in conftest gatekeeper; do (cd "$root/$name/build" && $go mod tidy -overlay "$work/$name"); done
    ;;
  --stock/3)
    out=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
    host "$2"
    kept=$cache/stock-$release-$($go env GOVERSION)/$2
    if [[ ! -x $kept ]]; then
      mkdir -p "$(dirname "$kept")"
      cd "$source/$(dirname "$main")"
      compile "$release" -o "$kept.new"
      mv "$kept.new" "$kept"
    fi
    ln -sfn "$kept" "$out"
    echo "$3: $2 $release, unmodified"
    ;;
  */2)
    out=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
    overlay "$1" >"$work/overlay"; host "$1"
    ours=$(git -C "$root" describe --always --dirty 2>/dev/null || echo devel)
    compile "$release+waxseal.$ours" -overlay "$work/overlay" -o "$out"
    echo "$2: $1 $release with the builtins of waxseal $ours"
    ;;
  *) usage ;;
esac
