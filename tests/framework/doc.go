// Package framework proves that the generated Gatekeeper flavours compile and
// fire in Gatekeeper's constraint framework, at the version of OPA that
// Gatekeeper pins. It is a module of its own, because the root module uses a
// newer OPA.
package framework
