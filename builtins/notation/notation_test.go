package notation_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	ocidigest "github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notation"
	"github.com/waxseal/waxseal/builtins/registry"
	fixture "github.com/waxseal/waxseal/tests/fixture/notation"
)

const (
	image    = registry.Digest("sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	other    = registry.Digest("sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb")
	listURL  = "http://crl.acme.example/ca.crl"
	ocspURL  = "http://ocsp.acme.example"
	subject  = "CN=release,O=Acme,ST=WA,C=US"
	whole    = "x509.subject: C=US, ST=WA, O=Acme, CN=release"
	anotherX = "x509.subject: C=US, ST=WA, O=Else"
)

var repository = registry.Repository{Registry: "registry.example", Name: "team/app"}

// world is two authorities, of whom one is trusted, one for time stamps, and who
// signs.
type world struct {
	acme, evil, tsa *fixture.Authority
	signer          *fixture.Signer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{}
	for name, into := range map[string]**fixture.Authority{"acme": &w.acme, "evil": &w.evil, "tsa": &w.tsa} {
		a, err := fixture.NewAuthority(name)
		require.NoError(t, err)
		*into = a
	}
	w.signer = w.issue(t, fixture.Holder{Name: "release"})
	return w
}

func (w *world) issue(t testing.TB, h fixture.Holder) *fixture.Signer {
	t.Helper()
	s, err := w.acme.Signer(h)
	require.NoError(t, err)
	return s
}

// statement is a statement of a document, as it stands there.
type statement = map[string]any

func strict() statement {
	return statement{
		"name": "team", "registryScopes": []string{"registry.example/team/app"},
		"signatureVerification": map[string]any{"level": "strict"},
		"trustStores":           []string{"ca:acme"}, "trustedIdentities": []string{whole},
	}
}

func with(s statement, more statement) statement {
	out := maps.Clone(s)
	maps.Copy(out, more)
	return out
}

func level(name string, more ...any) statement {
	verification := map[string]any{"level": name}
	for i := 0; i < len(more); i += 2 {
		verification[more[i].(string)] = more[i+1]
	}
	return statement{"signatureVerification": verification}
}

func document(t testing.TB, statements ...statement) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"version": "1.0", "trustPolicies": statements})
	require.NoError(t, err)
	return raw
}

func (w *world) source(t testing.TB, statements ...statement) notation.Source {
	return notation.Source{
		Document: document(t, statements...), CRLs: map[string][]byte{},
		Stores: map[string]string{"ca:acme": string(w.acme.PEM()), "signingAuthority:acme": string(w.acme.PEM()), "tsa:clock": string(w.tsa.PEM())},
	}
}

func (w *world) policy(t testing.TB, s notation.Source) *notation.Policy {
	t.Helper()
	p, err := notation.New("acme", s)
	require.NoError(t, err)
	return p
}

func sign(t testing.TB, by *fixture.Signer, o fixture.Options, descriptors ...ocispec.Descriptor) notation.Envelope {
	t.Helper()
	target := ocispec.Descriptor{MediaType: registry.OCIManifest, Digest: ocidigest.Digest(image), Size: 7}
	if len(descriptors) > 0 {
		target = descriptors[0]
	}
	body, err := by.Sign(target, o)
	require.NoError(t, err)
	if o.Envelope == "" {
		o.Envelope = fixture.JWS
	}
	return notation.Envelope{MediaType: o.Envelope, Body: body}
}

func verify(t testing.TB, p *notation.Policy, e notation.Envelope) (notation.Signer, error) {
	t.Helper()
	s, err := p.For(repository)
	require.NoError(t, err)
	return s.Verify(context.Background(), e, image, nil)
}

func requireCode(t testing.TB, want fault.Code, err error) {
	t.Helper()
	code, _ := fault.CodeOf(err)
	require.Equal(t, want, code, "%v", err)
}

func TestVerified(t *testing.T) {
	w := newWorld(t)
	at := time.Now().Truncate(time.Second)
	for media, name := range map[string]string{fixture.JWS: "jws", fixture.COSE: "cose"} {
		t.Run(name, func(t *testing.T) {
			e := sign(t, w.signer, fixture.Options{Envelope: media, At: at, ExpiresIn: time.Hour, Annotations: map[string]string{"stage": "prod"}})
			got, err := verify(t, w.policy(t, w.source(t, strict())), e)
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(got.Fingerprint, "sha256:"))
			require.True(t, got.SignedAt.IsZero(), "no trusted clock vouches for it")
			require.True(t, got.ClaimedAt.Equal(at))
			require.True(t, got.Expires.Equal(at.Add(time.Hour)))
			require.True(t, got.ValidUntil.Equal(at.Add(time.Hour)))
			require.Equal(t, []any{
				subject, "CN=acme,O=Notary,ST=WA,C=US", "team", "strict", name, "notary.x509", registry.DigestOf(e.Body),
				map[string]string{"stage": "prod"}, []notation.Failure(nil), "checked",
			}, []any{
				got.Subject, got.Issuer, got.Statement, got.Level, got.Envelope, got.Scheme, got.Digest,
				got.Annotations, got.Failed, got.Revocation,
			})
		})
	}
}

// TestRefused changes one thing in each row.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	stranger, err := w.evil.Signer(fixture.Holder{Name: "release"})
	require.NoError(t, err)
	good := sign(t, w.signer, fixture.Options{})
	hour := time.Hour
	old := w.issue(t, fixture.Holder{Name: "release", From: time.Now().Add(-48 * hour), To: time.Now().Add(-24 * hour)})
	for name, row := range map[string]struct {
		statement statement
		envelope  notation.Envelope
		want      fault.Code
	}{
		"another authority":      {strict(), sign(t, stranger, fixture.Options{}), fault.UntrustedIdentity},
		"another identity":       {with(strict(), statement{"trustedIdentities": []string{anotherX}}), good, fault.UntrustedIdentity},
		"no store of the scheme": {strict(), sign(t, w.signer, fixture.Options{Scheme: signature.SigningSchemeX509SigningAuthority}), fault.UntrustedIdentity},
		"another image":          {strict(), sign(t, w.signer, fixture.Options{}, ocispec.Descriptor{MediaType: registry.OCIManifest, Digest: ocidigest.Digest(other), Size: 7}), fault.DigestMismatch},
		"a file":                 {strict(), sign(t, w.signer, fixture.Options{}, ocispec.Descriptor{MediaType: "application/octet-stream", Digest: ocidigest.Digest(image), Size: 7}), fault.DigestMismatch},
		"expired signature":      {strict(), sign(t, w.signer, fixture.Options{At: time.Now().Add(-2 * hour), ExpiresIn: hour}), fault.Expired},
		"expired certificate":    {strict(), sign(t, old, fixture.Options{At: time.Now().Add(-30 * hour)}), fault.Expired},
		"no time stamp":          {with(strict(), statement{"trustStores": []string{"ca:acme", "tsa:clock"}}), good, fault.TimestampMissing},
		"critical attribute":     {strict(), sign(t, w.signer, fixture.Options{Attributes: []signature.Attribute{{Key: "example.rule", Critical: true, Value: "x"}}}), fault.Unsupported},
		"a plugin is needed": {strict(), sign(t, w.signer, fixture.Options{Attributes: []signature.Attribute{
			{Key: "io.cncf.notary.verificationPlugin", Critical: true, Value: "acme"},
		}}), fault.Unsupported},
		"flipped":          {strict(), notation.Envelope{MediaType: fixture.JWS, Body: flipped(good.Body)}, fault.SignatureInvalid},
		"not an envelope":  {strict(), notation.Envelope{MediaType: fixture.JWS, Body: []byte(`{}`)}, fault.Malformed},
		"null":             {strict(), notation.Envelope{MediaType: fixture.JWS, Body: []byte(`null`)}, fault.Malformed},
		"jws for cose":     {strict(), notation.Envelope{MediaType: fixture.COSE, Body: good.Body}, fault.Malformed},
		"unknown envelope": {strict(), notation.Envelope{MediaType: "application/pgp", Body: good.Body}, fault.Unsupported},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := verify(t, w.policy(t, w.source(t, row.statement)), row.envelope)
			requireCode(t, row.want, err)
			require.Equal(t, notation.Signer{}, got)
		})
	}
}

// flipped changes the signature of a JWS envelope.
func flipped(body []byte) []byte {
	var e map[string]any
	_ = json.Unmarshal(body, &e)
	text := []byte(e["signature"].(string))
	first := byte('A') // any letter of base64url but the one that stands there
	if text[0] == first {
		first = 'B'
	}
	text[0] = first
	e["signature"] = string(text)
	out, _ := json.Marshal(e)
	return out
}

func TestAnnotations(t *testing.T) {
	w := newWorld(t)
	s, err := w.policy(t, w.source(t, strict())).For(repository)
	require.NoError(t, err)
	e := sign(t, w.signer, fixture.Options{Annotations: map[string]string{"stage": "prod"}})
	_, err = s.Verify(context.Background(), e, image, map[string]string{"stage": "prod"})
	require.NoError(t, err)
	for _, want := range []map[string]string{{"stage": "test"}, {"stage": "prod", "team": ""}} {
		_, err = s.Verify(context.Background(), e, image, want)
		requireCode(t, fault.AnnotationMismatch, err)
	}
}

// TestNotEnforced: what a trust policy skips or only logs is no proof, however
// good the signature is.
func TestNotEnforced(t *testing.T) {
	w := newWorld(t)
	e := sign(t, w.signer, fixture.Options{})
	for name, row := range map[string]struct {
		statement statement
		text      string
	}{
		"skip":   {with(level("skip"), statement{"name": "team", "registryScopes": []string{"*"}}), `statement "team" of trust policy "acme" has the level skip: nothing is verified, which proves nothing`},
		"audit":  {with(strict(), level("audit")), `statement "team" of trust policy "acme" only logs who signed (level audit), which proves nothing: its level has to be strict or permissive`},
		"logged": {with(strict(), level("strict", "override", map[string]string{"authenticity": "log"})), `statement "team" of trust policy "acme" only logs who signed (level strict), which proves nothing: its level has to be strict or permissive`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := verify(t, w.policy(t, w.source(t, row.statement)), e)
			requireCode(t, fault.NotEnforced, err)
			require.ErrorContains(t, err, row.text)
		})
	}
	_, err := verify(t, w.policy(t, w.source(t, with(strict(), level("audit", "override", map[string]string{"authenticity": "enforce"})))), e)
	require.NoError(t, err, "audit that enforces authenticity is like permissive")
}

// TestCVE_2024_23332: a signature that has expired passes where the trust policy is
// not strict; it is reported as one that failed.
func TestCVE_2024_23332(t *testing.T) {
	w := newWorld(t)
	began := time.Now().Add(-30 * time.Hour)
	old := w.issue(t, fixture.Holder{Name: "release", From: began.Add(-time.Hour), To: began.Add(time.Hour), CRL: listURL})
	e := sign(t, old, fixture.Options{At: began, ExpiresIn: time.Hour})
	_, err := verify(t, w.policy(t, w.source(t, strict())), e)
	requireCode(t, fault.Expired, err)

	got, err := verify(t, w.policy(t, w.source(t, with(strict(), level("permissive")))), e)
	require.NoError(t, err)
	checks := []string{}
	for _, f := range got.Failed {
		checks = append(checks, f.Check)
		require.NotEmpty(t, f.Message)
	}
	require.Equal(t, []string{"expiry", "authenticTimestamp", "revocation"}, checks)
	require.Equal(t, "permissive", got.Level)
	require.True(t, got.SignedAt.IsZero())

	stranger, err := w.evil.Signer(fixture.Holder{Name: "release"})
	require.NoError(t, err)
	_, err = verify(t, w.policy(t, w.source(t, with(strict(), level("permissive")))), sign(t, stranger, fixture.Options{}))
	requireCode(t, fault.UntrustedIdentity, err)
}

// TestCVE_2023_33959: what was signed is compared with the digest that the decision
// established, whatever the registry says about the signature.
func TestCVE_2023_33959(t *testing.T) {
	w := newWorld(t)
	e := sign(t, w.signer, fixture.Options{}, ocispec.Descriptor{MediaType: registry.OCIManifest, Digest: ocidigest.Digest(other), Size: 7})
	for _, name := range []string{"strict", "permissive"} {
		_, err := verify(t, w.policy(t, w.source(t, with(strict(), level(name)))), e)
		requireCode(t, fault.DigestMismatch, err)
	}
}

// TestCVE_2023_33957: an envelope is bounded; TestCVE_2023_33958 of package evidence
// bounds their number.
func TestCVE_2023_33957(t *testing.T) {
	w := newWorld(t)
	body := append(slices.Repeat([]byte(" "), notation.MaxEnvelope), sign(t, w.signer, fixture.Options{}).Body...)
	_, err := verify(t, w.policy(t, w.source(t, strict())), notation.Envelope{MediaType: fixture.JWS, Body: body})
	requireCode(t, fault.TooLarge, err)
}

func TestSigningAuthority(t *testing.T) {
	w := newWorld(t)
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	e := sign(t, w.signer, fixture.Options{At: at, Scheme: signature.SigningSchemeX509SigningAuthority})
	got, err := verify(t, w.policy(t, w.source(t, with(strict(), statement{"trustStores": []string{"signingAuthority:acme"}}))), e)
	require.NoError(t, err)
	require.Equal(t, "notary.x509.signingAuthority", got.Scheme)
	require.True(t, got.SignedAt.Equal(at))
}

func TestScopes(t *testing.T) {
	w := newWorld(t)
	all := with(strict(), statement{"name": "all", "registryScopes": []string{"*"}})
	hub := with(strict(), statement{"name": "hub", "registryScopes": []string{"index.docker.io/library/nginx", "registry.example:443/a/b", "local/layout"}})
	p := w.policy(t, w.source(t, all, hub, strict()))
	for ref, want := range map[string]string{
		"nginx": "hub", "docker.io/library/nginx": "hub", "registry.example/a/b": "hub", "local/layout": "all",
		"registry.example/team/app": "team", "registry.example/team/app/x": "all", "evil.example/team/app": "all",
	} {
		r, err := registry.Parse(ref)
		require.NoError(t, err)
		s, err := p.For(r.Repository())
		require.NoError(t, err)
		require.Equal(t, want, s.Name, ref)
	}
	_, err := w.policy(t, w.source(t, strict())).For(registry.Repository{Registry: "registry.example", Name: "team/apps"})
	requireCode(t, fault.NotEnforced, err)
	require.EqualError(t, err, `no statement of trust policy "acme" is for registry.example/team/apps: its registryScopes name others`)
}

func TestCount(t *testing.T) {
	w := newWorld(t)
	again, second := w.issue(t, fixture.Holder{Name: "release"}), w.issue(t, fixture.Holder{Name: "security"})
	p := w.policy(t, w.source(t, with(strict(), statement{"trustedIdentities": []string{"*"}})))
	verified := func(by *fixture.Signer) notation.Signer {
		got, err := verify(t, p, sign(t, by, fixture.Options{}))
		require.NoError(t, err)
		return got
	}
	one, renewed, two := verified(w.signer), verified(again), verified(second)
	require.Equal(t, 1, notation.Count([]notation.Signer{one, one, renewed}))
	require.Equal(t, 2, notation.Count([]notation.Signer{one, renewed, two}))
	require.Equal(t, 0, notation.Count(nil))
}
