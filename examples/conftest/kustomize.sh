#!/usr/bin/env bash
# Renders an overlay and judges what it renders: what is applied, and not what is written.
set -euo pipefail
cd "$(dirname "$0")"
kustomize build kustomize/prod >rendered/kustomize.yaml
./check.sh rendered/kustomize.yaml
