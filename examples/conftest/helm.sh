#!/usr/bin/env bash
# Renders a chart with the values of production and judges what it renders.
set -euo pipefail
cd "$(dirname "$0")"
helm template shop helm/shop --namespace shop --values helm/prod.yaml >rendered/helm.yaml
./check.sh rendered/helm.yaml
