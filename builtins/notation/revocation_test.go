package notation_test

import (
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notation"
	fixture "github.com/waxseal/waxseal/tests/fixture/notation"
)

func TestRevocation(t *testing.T) {
	w := newWorld(t)
	next := time.Now().Add(time.Hour)
	listed, asked := w.issue(t, fixture.Holder{Name: "release", CRL: listURL}), w.issue(t, fixture.Holder{Name: "release", OCSP: ocspURL})
	both := w.issue(t, fixture.Holder{Name: "release", OCSP: ocspURL, CRL: listURL})
	list := func(by *fixture.Authority, until time.Time, revoked ...*fixture.Signer) map[string][]byte {
		raw, err := by.CRL(until, revoked...)
		require.NoError(t, err)
		return map[string][]byte{listURL: raw}
	}
	for name, row := range map[string]struct {
		signer *fixture.Signer
		lists  map[string][]byte
		skip   bool
		want   fault.Code // "" is verified
	}{
		"not revoked":              {listed, list(w.acme, next), false, ""},
		"revoked":                  {listed, list(w.acme, next, listed), false, fault.Revoked},
		"another is revoked":       {listed, list(w.acme, next, w.signer), false, ""},
		"no list":                  {listed, map[string][]byte{}, false, fault.Unavailable},
		"the list is out of date":  {listed, list(w.acme, time.Now().Add(-time.Minute)), false, fault.Unavailable},
		"the list of another":      {listed, list(w.evil, next), false, fault.Unavailable},
		"only a responder":         {asked, list(w.acme, next), false, fault.Unavailable},
		"a responder and a list":   {both, list(w.acme, next), false, ""},
		"a responder, and revoked": {both, list(w.acme, next, both), false, fault.Revoked},
		"skipped":                  {listed, nil, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			source := w.source(t, strict())
			source.CRLs, source.SkipRevocation = row.lists, row.skip
			got, err := verify(t, w.policy(t, source), sign(t, row.signer, fixture.Options{}))
			requireCode(t, row.want, err)
			if row.want == "" {
				require.Equal(t, map[bool]string{true: "skipped", false: "checked"}[row.skip], got.Revocation)
			}
			if row.want == "" && !row.skip {
				require.WithinDuration(t, next, got.ValidUntil, 2*time.Second, "until the list is out of date")
			}
		})
	}
}

// TestCVE_2024_51491: nothing is written where lists are kept, so that nothing can
// fail there.
func TestCVE_2024_51491(t *testing.T) {
	w := newWorld(t)
	signer := w.issue(t, fixture.Holder{Name: "release", CRL: listURL})
	raw, err := w.acme.CRL(time.Now().Add(time.Hour))
	require.NoError(t, err)
	dir := t.TempDir()
	path := filepath.Join(dir, "ca.crl")
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: raw}), 0o400))
	require.NoError(t, os.Chmod(dir, 0o500))
	read, err := os.ReadFile(path)
	require.NoError(t, err)
	source := w.source(t, strict())
	source.CRLs = map[string][]byte{listURL: read}
	_, err = verify(t, w.policy(t, source), sign(t, signer, fixture.Options{}))
	require.NoError(t, err)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestTimeStamps(t *testing.T) {
	w := newWorld(t)
	signed := time.Now().Add(-30 * time.Hour).Truncate(time.Second)
	old := w.issue(t, fixture.Holder{Name: "release", From: signed.Add(-time.Hour), To: signed.Add(time.Hour)})
	stamper := func(by *fixture.Authority, at time.Time, h fixture.Holder) *fixture.Stamper {
		h.Name, h.From = "clock", signed.Add(-48*time.Hour)
		s, err := by.Stamper(h)
		require.NoError(t, err)
		s.At = at
		return s
	}
	good := stamper(w.tsa, signed, fixture.Holder{})
	checked, gone := stamper(w.tsa, signed, fixture.Holder{CRL: listURL}), stamper(w.tsa, signed, fixture.Holder{CRL: listURL})
	raw, err := w.tsa.CRL(time.Now().Add(time.Hour), gone.Signer)
	require.NoError(t, err)
	lists := map[string][]byte{listURL: raw}
	always := with(strict(), statement{"trustStores": []string{"ca:acme", "tsa:clock"}})
	later := with(always, level("strict", "verifyTimestamp", "afterCertExpiry"))
	for name, row := range map[string]struct {
		statement statement
		signer    *fixture.Signer
		stamper   *fixture.Stamper
		lists     map[string][]byte
		want      fault.Code // "" is verified
		signedAt  time.Time
	}{
		"the certificate has expired since": {always, old, good, nil, "", signed},
		"by default":                        {later, old, good, nil, "", signed},
		"not asked for":                     {strict(), old, good, nil, fault.Expired, time.Time{}},
		"not needed yet":                    {later, w.signer, nil, nil, "", time.Time{}},
		"of another clock":                  {always, old, stamper(w.evil, signed, fixture.Holder{}), nil, fault.TimestampMissing, time.Time{}},
		"after the certificate had expired": {always, old, stamper(w.tsa, signed.Add(2*time.Hour), fixture.Holder{}), nil, fault.Expired, time.Time{}},
		"the clock is not revoked":          {always, old, checked, lists, "", signed},
		"the clock is revoked":              {always, old, gone, lists, fault.Revoked, time.Time{}},
		"no list of the clock":              {always, old, checked, nil, fault.Unavailable, time.Time{}},
	} {
		for _, media := range []string{fixture.JWS, fixture.COSE} {
			t.Run(name+"/"+media, func(t *testing.T) {
				source := w.source(t, row.statement)
				if row.lists != nil {
					source.CRLs = row.lists
				}
				at := signed
				if row.signer == w.signer {
					at = time.Now()
				}
				got, err := verify(t, w.policy(t, source), sign(t, row.signer, fixture.Options{Envelope: media, At: at, Stamper: row.stamper}))
				requireCode(t, row.want, err)
				require.True(t, got.SignedAt.Equal(row.signedAt), "%s", got.SignedAt)
			})
		}
	}
}

// TestMistakes are those of the operator: what is wrong is said, and nothing
// starts.
func TestMistakes(t *testing.T) {
	w := newWorld(t)
	leaf := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.signer.Chain[0].Raw}))
	for name, row := range map[string]struct {
		change func(*notation.Source)
		want   string
	}{
		"not JSON":      {func(s *notation.Source) { s.Document = []byte("{") }, "not a trust policy document: unexpected EOF"},
		"two documents": {func(s *notation.Source) { s.Document = append(s.Document, "{}"...) }, "not a trust policy document: more than one JSON value"},
		"a misspelt override": {func(s *notation.Source) {
			s.Document = document(t, with(strict(), level("strict", "overide", map[string]string{"expiry": "log"})))
		}, `not a trust policy document: json: unknown field "overide"`},
		"version":      {func(s *notation.Source) { s.Document = []byte(`{"version": "2.0", "trustPolicies": []}`) }, `trust policy document uses unsupported version "2.0"`},
		"no statement": {func(s *notation.Source) { s.Document = document(t) }, "trust policy document can not have zero trust policy statements"},
		"level":        {func(s *notation.Source) { s.Document = document(t, with(strict(), level("lax"))) }, `invalid signature verification level "lax"`},
		"one scope":    {func(s *notation.Source) { s.Document = document(t, strict(), with(strict(), statement{"name": "b"})) }, `registry scope "registry.example/team/app" is present in multiple`},
		"scope, spelt": {func(s *notation.Source) {
			s.Document = document(t, strict(), with(strict(), statement{"name": "b", "registryScopes": []string{"registry.example:443/team/app"}}))
		}, `registry scope "registry.example/team/app" is present in multiple`},
		"store":         {func(s *notation.Source) { delete(s.Stores, "ca:acme") }, `statement "team" uses the trust store "ca:acme", which is not in trust_store; there are ["signingAuthority:acme" "tsa:clock"]`},
		"empty store":   {func(s *notation.Source) { s.Stores["ca:acme"] = "" }, "trust store ca:acme: holds no certificate"},
		"leaf in store": {func(s *notation.Source) { s.Stores["ca:acme"] = leaf }, "is not a CA certificate or self-signed signing certificate"},
		"no root":       {func(s *notation.Source) { s.Stores["tsa:clock"] = leaf }, "is no root: a trust store of type tsa holds roots only"},
		"private key": {func(s *notation.Source) {
			s.Stores["ca:acme"] = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"
		}, `holds a PEM block "EC PRIVATE KEY"`},
		"no list":                          {func(s *notation.Source) { s.CRLs[listURL] = []byte("x") }, "list of revoked certificates " + listURL},
		"skip and lists":                   {func(s *notation.Source) { s.SkipRevocation = true }, "keep one of them"},
		"nothing is said about revocation": {func(s *notation.Source) { s.CRLs = nil }, `statement "team" asks whether certificates are revoked, and no list is fetched while a decision is made: name lists under revocation.crls, or say revocation: {skip: true}`},
		"time stamps ask too": {func(s *notation.Source) {
			s.CRLs = nil
			s.Document = document(t, with(strict(), with(level("strict", "override", map[string]string{"revocation": "skip"}), statement{"trustStores": []string{"ca:acme", "tsa:clock"}})))
		}, `statement "team" asks whether certificates are revoked`},
	} {
		t.Run(name, func(t *testing.T) {
			source := w.source(t, strict())
			row.change(&source)
			_, err := notation.New("acme", source)
			require.ErrorContains(t, err, row.want)
		})
	}
	silent := w.source(t, with(strict(), level("strict", "override", map[string]string{"revocation": "skip"})))
	silent.CRLs = nil
	got, err := verify(t, w.policy(t, silent), sign(t, w.signer, fixture.Options{}))
	require.NoError(t, err)
	require.Equal(t, "skipped", got.Revocation)
}
