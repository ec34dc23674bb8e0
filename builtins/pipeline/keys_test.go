package pipeline_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline"
)

// newKey makes a key for one test, so that none lies in this repository.
func newKey(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return der
}

func pemOf(label string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func TestKeys(t *testing.T) {
	der := newKey(t)
	plain := pemOf("PRIVATE KEY", der)
	account, err := json.Marshal(map[string]string{"type": "service_account", "private_key": plain})
	require.NoError(t, err)
	public, err := x509.ParsePKCS8PrivateKey(der)
	require.NoError(t, err)
	spki, err := x509.MarshalPKIXPublicKey(public.(*ecdsa.PrivateKey).Public())
	require.NoError(t, err)

	for _, row := range []struct{ name, text, want string }{
		{"PEM", plain, "1 key_file a private key (PRIVATE KEY)"},
		{"EC", pemOf("EC PRIVATE KEY", der), "1 key_file a private key (EC PRIVATE KEY)"},
		{"OpenSSH", pemOf("OPENSSH PRIVATE KEY", der), "1 key_file a private key (OPENSSH PRIVATE KEY)"},
		{"cosign", pemOf("ENCRYPTED SIGSTORE PRIVATE KEY", der), "1 key_file a private key of cosign, protected by a password"},
		{"cosign before 2", pemOf("ENCRYPTED COSIGN PRIVATE KEY", der), "1 key_file a private key of cosign, protected by a password"},
		{"with a password", pemOf("ENCRYPTED PRIVATE KEY", der), "1 key_file a private key (ENCRYPTED PRIVATE KEY), protected by a password"},
		{"below a comment", "# the key\n\n" + plain, "3 key_file a private key (PRIVATE KEY)"},
		{"below its certificate", pemOf("CERTIFICATE", der) + plain, "6 key_file a private key (PRIVATE KEY)"},
		{"in YAML", "apiVersion: v1\nkey: |\n  " + strings.ReplaceAll(plain, "\n", "\n  "), "3 private_key a private key (PRIVATE KEY)"},
		{"of a service account", string(account), "1 private_key a private key (PRIVATE KEY)"},
		{"in base64", "data:\n  tls.key: " + base64.StdEncoding.EncodeToString([]byte(plain)) + "\n", "2 private_key a private key (PRIVATE KEY), in base64"},
		{"PKCS#8, binary", string(der), "0 key_file a private key (PKCS#8, binary)"},
		{"Java", "\xfe\xed\xfe\xed\x00\x00\x00\x02", "0 key_file a Java key store"},
		{"PuTTY", "PuTTY-User-Key-File-3: ssh-ed25519\n", "0 key_file a private key of PuTTY"},
		{"age", "# created\nAGE-SECRET-KEY-1" + strings.Repeat("Q", 58) + "\n", "2 private_key a private key of age"},

		{"public key", pemOf("PUBLIC KEY", spki), ""},
		{"certificate", pemOf("CERTIFICATE", der), ""},
		{"in words", "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n", ""},
		{"a pattern", `-----BEGIN [A-Z ]*PRIVATE KEY-----(.*)-----END `, ""},
		{"without an end", "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("A", 100), ""},
		{"nothing", "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			found := pipeline.Keys(row.text)
			if row.want == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			got, _ := json.Marshal(found[0].Line)
			require.Equal(t, row.want, string(got)+" "+found[0].Kind+" "+found[0].Text)
			require.NotContains(t, found[0].Text, base64.StdEncoding.EncodeToString(der)[:20])
		})
	}
}
