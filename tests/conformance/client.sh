#!/usr/bin/env bash
# A client for the bundle cases of Sigstore's conformance suite (sigstore/sigstore-conformance): it calls
# `client.sh verify-bundle --bundle B [identity and issuer, or key] [--trusted-root R] FILE|DIGEST`.
# Exit codes are those of `waxseal verify`: 0 verified, 1 not verified, 2 cannot tell, or misuse.
set -euo pipefail
case ${1:-} in
verify-bundle) shift ;;
*)
  echo "client.sh: ${1:-nothing} is not supported; Waxseal verifies bundles, and signs none" >&2
  exit 2
  ;;
esac
args=()
for arg in "$@"; do
  case $arg in
  --staging) echo "client.sh: the staging instance needs --trusted-root" >&2 ;;
  *) args+=("$arg") ;;
  esac
done
exec "${WAXSEAL:-waxseal}" verify "${args[@]}"
