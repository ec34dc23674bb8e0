//go:build !pkcs11key || !cgo

package pkcs11_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/kms/pkcs11"
)

// TestWithout: a build that cannot read tokens says how to make one that can.
func TestWithout(t *testing.T) {
	module, err := os.Executable() // any file
	require.NoError(t, err)
	_, err = pkcs11.PublicKey(t.Context(), "pkcs11:token=a;object=b?module-path="+module)
	require.EqualError(t, err, "this build of Waxseal reads no tokens; `make build-pkcs11` makes one that does (CGO_ENABLED=1 go build -tags pkcs11key,netgo,osusergo ./cmd/waxseal), or export the public key and name it with file")
}
