#!/usr/bin/env bash
# Judges manifests with an unmodified conftest: ./check.sh FILE|DIR…
# $OUTPUT is a format of conftest's (github, json, junit, table, …), $CONFTEST another name of it.
# The exit code is conftest's: 0 admitted, 1 denied, and 2 when evidence could not be collected.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

# The policies, with the parameters of waxseal.yaml. Where a registry has them already:
#   conftest pull --policy policy oci://registry.example/policies/images:v1
waxseal bundle build --flavour data --config "$here/waxseal.yaml" --output "$work/policy.tar.gz" >&2
mkdir "$work/policy" && tar -xzf "$work/policy.tar.gz" -C "$work/policy"

# The evidence, in the same job. Then the verdict. A conftest.toml of the manifests' repository could
# switch failures off (no-fail): ours, which says nothing, is read in its place.
waxseal collect --config "$here/waxseal.yaml" --output "$work/evidence.json" "$@"
echo '{}' >"$work/conftest.json"
"${CONFTEST:-conftest}" test --config-file "$work/conftest.json" --output "${OUTPUT:-stdout}" \
  --policy "$work/policy" --data "$work/policy" --data "$work/evidence.json" "$@"
