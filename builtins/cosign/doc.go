// Package cosign verifies Cosign signatures and attestations and Sigstore
// bundles whose bytes are in hand. It makes no request, reads no file and has
// no global state: trust roots and keys are given as bytes.
//
// [Options] say whom to trust and what to demand. [Options.Signature] reads one
// layer of a .sig manifest, [Options.Attestation] one layer of a .att manifest,
// [Options.Bundle] a Sigstore bundle. Each returns what was verified, or a
// [fault.Error] and nothing: no field of [Signer] or [Statement] is ever filled
// from something that was not signed, or not proven by a log, a time stamping
// authority or a certificate authority of the trust root.
//
// The cryptography is that of github.com/sigstore: sigstore-go judges bundles as
// a whole, and Cosign's log comparison with sigstore-go's certificate checks
// judge the legacy format. Issuer and subject are matched here.
package cosign
