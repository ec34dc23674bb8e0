#!/bin/bash
# Makes the provider's certificate, gives it Gatekeeper's CA, and tells Gatekeeper of the provider's.
# Run it after Gatekeeper is up, and again to renew: the CA in DIR is used again. With cert-manager you need
# only the last two steps, with the ca.crt of its secret.
#   certificates.sh [DIR]     needs waxseal and kubectl
set -euo pipefail
dir=${1:-certs}
ns=waxseal-system
waxseal provider certs --dir "$dir" --name waxseal-provider.$ns.svc
kubectl create namespace $ns --dry-run=client -o yaml | kubectl apply -f -
kubectl -n $ns create secret tls waxseal-provider-tls --cert="$dir/tls.crt" --key="$dir/tls.key" --dry-run=client -o yaml | kubectl apply -f -
# Who may call: whoever has a certificate of the CA of Gatekeeper's webhook.
kubectl -n gatekeeper-system get secret gatekeeper-webhook-server-cert -o jsonpath='{.data.ca\.crt}' | base64 -d > "$dir/gatekeeper-ca.crt"
kubectl -n $ns create configmap waxseal-client-ca --from-file=ca.crt="$dir/gatekeeper-ca.crt" --dry-run=client -o yaml | kubectl apply -f -
# Whom Gatekeeper calls.
sed "s|caBundle: \"\"|caBundle: $(base64 < "$dir/ca.crt" | tr -d '\n')|" "$(dirname "$0")/kustomize/provider/externaldata.yaml" | kubectl apply -f -
