package notation_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notation"
	fixture "github.com/waxseal/waxseal/tests/fixture/notation"
)

// TestCVE_2023_25656: a distinguished name with "=#" made the reader of names take
// all memory. It is refused, in the document and in certificates.
func TestCVE_2023_25656(t *testing.T) {
	w := newWorld(t)
	_, err := notation.New("acme", w.source(t, with(strict(), statement{"trustedIdentities": []string{"x509.subject: C=US, ST=WA, O=#0484ffffffff"}})))
	require.ErrorContains(t, err, `containing "=#"`)

	signer := w.issue(t, fixture.Holder{Subject: pkix.Name{
		Organization: []string{"Acme"}, Country: []string{"US"}, Province: []string{"WA"}, CommonName: "release",
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{1, 2, 3, 4}, Value: "x"}},
	}})
	require.Contains(t, signer.Chain[0].Subject.String(), "=#")
	began := time.Now()
	_, err = verify(t, w.policy(t, w.source(t, strict())), sign(t, signer, fixture.Options{}))
	requireCode(t, fault.UntrustedIdentity, err)
	require.Less(t, time.Since(began), 5*time.Second)
}
