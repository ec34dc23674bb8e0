package pkcs11_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/kms/pkcs11"
)

// TestURIs: what is wrong with a URI is said in every build, before a token is
// looked for, and never with what stands behind the question mark.
func TestURIs(t *testing.T) {
	t.Setenv("COSIGN_PKCS11_MODULE_PATH", "")
	module := filepath.Join(t.TempDir(), "module.so")
	require.NoError(t, os.WriteFile(module, []byte("no module"), 0o600))
	open := filepath.Join(t.TempDir(), "open.so")
	require.NoError(t, os.WriteFile(open, []byte("no module"), 0o600))
	require.NoError(t, os.Chmod(open, 0o666))
	for name, row := range map[string]struct{ uri, want string }{
		"no token":           {"pkcs11:object=a?module-path=" + module, "one of token, serial and slot-id is needed"},
		"no key":             {"pkcs11:token=a?module-path=" + module, "one of object and id is needed"},
		"no module":          {"pkcs11:token=a;object=b", "no module: name the library of the token with module-path or $COSIGN_PKCS11_MODULE_PATH"},
		"module is relative": {"pkcs11:token=a;object=b?module-path=go.mod", "the module go.mod: expected an absolute path"},
		"module is gone":     {"pkcs11:token=a;object=b?module-path=/gone.so", "the module /gone.so is not a file that can be read"},
		"module is open":     {"pkcs11:token=a;object=b?module-path=" + open, "the module " + open + " may be written by everybody (mode 0666), and would run in Waxseal; chmod o-w it"},
		"module is a folder": {"pkcs11:token=a;object=b?module-path=/", "the module / is not a file that can be read"},
		"slot":               {"pkcs11:slot-id=x;object=b?module-path=" + module, `slot-id "x" is not a number`},
		"private":            {"pkcs11:token=a;object=b;type=private?module-path=" + module, "type=private: only public keys are read"},
		"unknown attribute":  {"pkcs11:token=a;objekt=b?module-path=" + module, "an attribute is none of token, serial, manufacturer, model, slot-id, object, id, type"},
		"unknown query":      {"pkcs11:token=a;object=b?module-path=" + module + "&pin=1234", "an attribute is none of module-path, pin-source, pin-value"},
		"twice":              {"pkcs11:token=a;token=b;object=b", "the attribute token stands twice"},
		"bad encoding":       {"pkcs11:token=%zz;object=b", "the attribute token is empty, or not percent-encoded"},
		"PIN in the URI":     {"pkcs11:token=a;object=b?module-path=" + module + "&pin-value=1234", "pin-value: a PIN does not belong into waxseal.yaml; write it to a file that only Waxseal may read and name that with pin-source, or put it into $COSIGN_PKCS11_PIN"},
		"PIN of a program":   {"pkcs11:token=a;object=b?module-path=" + module + "&pin-source=%7Ccat%201234", "pin-source: no program is run; name a file"},
		"PIN is relative":    {"pkcs11:token=a;object=b?module-path=" + module + "&pin-source=1234", "pin-source: expected the absolute path of a file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pkcs11.PublicKey(t.Context(), row.uri)
			require.EqualError(t, err, row.want)
			require.NotContains(t, err.Error(), "1234")
		})
	}
}
