// Package admission reads what decides in a cluster whether an image may run:
// webhooks, ValidatingAdmissionPolicies, Gatekeeper, Kyverno, policy-controller,
// Connaisseur, Ratify, kube-mgmt, and Waxseal itself.
//
// It gives facts in one model for all systems ([Configuration]); it decides
// nothing, asks no cluster and no registry, and depends on nothing but the input.
// What it cannot tell is unknown.
package admission
