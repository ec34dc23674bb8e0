//go:build !pkcs11key || !cgo

package pkcs11

import (
	"context"
	"crypto"
	"errors"
)

// PublicKey says that this build cannot read tokens.
func PublicKey(_ context.Context, uri string) (crypto.PublicKey, error) {
	if _, err := parse(uri); err != nil {
		return nil, err
	}
	return nil, errors.New("this build of Waxseal reads no tokens; `make build-pkcs11` makes one that does (CGO_ENABLED=1 go build -tags pkcs11key,netgo,osusergo ./cmd/waxseal), or export the public key and name it with file")
}
