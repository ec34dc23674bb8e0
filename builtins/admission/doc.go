// Package admission reads what decides in a cluster whether an image may run:
// webhooks, ValidatingAdmissionPolicies, Gatekeeper, Kyverno, policy-controller,
// Connaisseur, Ratify, kube-mgmt, and Waxseal itself.
//
// It gives facts in one model for all systems ([Configuration]); it decides
// nothing, asks no cluster and no registry, and depends on nothing but the input.
//
// # What it tells
//
// A [Rule] is one thing that can reject an object, or only notes it. A rule says
// what happens to what violates it, what happens when it cannot be asked, what it
// is asked of, which images it judges and who must have signed them. Its facts
// ([Fact]) are what one should know to judge it; their codes are a closed list.
// What rules need or what changes them is a [Component]. A [Workload] is what
// makes containers, with the rules that apply to each.
//
// # What it does not know
//
// CEL, JMESPath, CUE and Rego are not evaluated. What a condition leaves out is
// unknown; what a text of code looks at is told by the words in it. What is not
// in the input is unknown, too, unless the input is all that the cluster has
// ([Options]). Unknown never becomes yes.
//
// Templates of charts are not read: they have to be rendered ([IsHelmTemplate]).
// Values of charts are known by their shape; see helm.go.
package admission
