// Package kms links the clients of key management services, so that a
// waxseal.yaml may name its public keys by URI. Import it for its effect, in a
// main of your own; waxseal itself does:
//
//	import _ "github.com/waxseal/waxseal/builtins/kms"
//
// The URIs are cosign's: awskms://, azurekms://, gcpkms://, hashivault:// and
// openbao://. Credentials come from the environment, as those clients read it.
// The clients are what it costs: the SDK of every cloud is linked. Programs that
// do without a KMS do without this package.
//
// Reading the keys is the business of package config: once, at start, the public
// half of the newest version, bounded by limits.request_timeout.
package kms

// Each client registers itself with github.com/sigstore/sigstore/pkg/signature/kms.
import (
	_ "github.com/sigstore/sigstore/pkg/signature/kms/aws"
	_ "github.com/sigstore/sigstore/pkg/signature/kms/azure"
	_ "github.com/sigstore/sigstore/pkg/signature/kms/gcp"
	_ "github.com/sigstore/sigstore/pkg/signature/kms/hashivault"
)
