#!/bin/sh
# Asks a waxseal server about images and manifests. Needs curl and jq.
#
#   export WAXSEAL_SERVER=https://waxseal.example:8443
#   decide.sh registry.example/shop/web@sha256:…     an image
#   decide.sh web.json                               a manifest, a List, or - for standard input
#   yq -o=json deploy.yaml | jq -s . | decide.sh -   manifests in YAML
#
# WAXSEAL_CA, WAXSEAL_CERT, WAXSEAL_KEY name files; WAXSEAL_TOKEN is a bearer token.
# Exit codes: 0 admitted, 1 denied, 2 cannot tell or misuse.
set -eu

misuse() { echo "decide.sh: $*" >&2; exit 2; }

[ $# -eq 1 ] || misuse "usage: decide.sh IMAGE|FILE.json|-"
[ -n "${WAXSEAL_SERVER:-}" ] || misuse "WAXSEAL_SERVER is not set"

if [ "$1" = "-" ] || [ -f "$1" ]; then
	body=$(jq '{input: (if type == "array" then {objects: .} else {object: .} end)}' "$([ "$1" = "-" ] && echo /dev/stdin || echo "$1")") ||
		misuse "$1 is not JSON"
else
	body=$(jq -n --arg image "$1" '{input: {image: $image}}')
fi

set -- --silent --show-error --fail-with-body --max-time 60 --header 'Content-Type: application/json' --data-binary @-
[ -z "${WAXSEAL_CA:-}" ] || set -- "$@" --cacert "$WAXSEAL_CA"
[ -z "${WAXSEAL_CERT:-}" ] || set -- "$@" --cert "$WAXSEAL_CERT" --key "$WAXSEAL_KEY"
if [ -n "${WAXSEAL_TOKEN:-}" ]; then
	# From a file of its own: what stands in the arguments, other processes can read.
	header=$(mktemp)
	trap 'rm -f "$header"' EXIT
	printf 'Authorization: Bearer %s\n' "$WAXSEAL_TOKEN" > "$header"
	set -- "$@" --header "@$header"
fi

answer=$(printf '%s' "$body" | curl "$@" "$WAXSEAL_SERVER/v1/data/lib/waxseal/decision") || misuse "no answer: $answer"
printf '%s' "$answer" | jq -r '.result
	| "verdict: \(.verdict)",
	  (.violations[] | "✗ [\(.code)] \(.msg)"),
	  (.notes[] | "! [\(.code)] \(.msg)"),
	  (.not_judged[] | "? \(.path): \(.reason)")'
case $(printf '%s' "$answer" | jq -r .result.verdict) in
admitted) exit 0 ;;
denied) exit 1 ;;
*) exit 2 ;;
esac
