package config_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/notation"
	fixture "github.com/waxseal/waxseal/tests/fixture/notation"
)

const trustPolicy = `{"version": "1.0", "trustPolicies": [{
  "name": "team", "registryScopes": ["*"], "signatureVerification": {"level": "strict"},
  "trustStores": ["ca:acme", "tsa:clock"], "trustedIdentities": ["*"]}]}`

const notationYAML = minimal + `notation:
  acme:
    trust_policy: policy.json
    trust_store:
      ca: {acme: [root.pem]}
      tsa:
        clock:
          - root.pem
          - clock.der
    revocation: {crls: {"http://crl.example/ca.crl": ca.crl}}
`

func notationDir(t *testing.T) (dir string, root, clock *fixture.Authority) {
	t.Helper()
	dir = t.TempDir()
	root, err := fixture.NewAuthority("root")
	require.NoError(t, err)
	clock, err = fixture.NewAuthority("clock")
	require.NoError(t, err)
	list, err := root.CRL(time.Now().Add(time.Hour))
	require.NoError(t, err)
	signer, err := root.Signer(fixture.Holder{Name: "x"})
	require.NoError(t, err)
	for name, content := range map[string][]byte{
		"policy.json": []byte(trustPolicy), "root.pem": root.PEM(), "clock.der": clock.Root.Raw, "ca.crl": list,
		"leaf.der": signer.Chain[0].Raw, "bad.json": []byte(`{"version": "1.0", "trustPolicies": []}`),
	} {
		write(t, dir, name, content)
	}
	return dir, root, clock
}

func TestNotation(t *testing.T) {
	dir, root, clock := notationDir(t)
	c, err := config.Parse("w.yaml", []byte(notationYAML), dir)
	require.NoError(t, err)
	got := c.Notation["acme"]
	require.JSONEq(t, trustPolicy, string(got.Document))
	require.Equal(t, map[string]string{
		"ca:acme": string(root.PEM()), "tsa:clock": string(root.PEM()) + string(clock.PEM()),
	}, got.Stores)
	require.Len(t, got.CRLs, 1)
	require.NotEmpty(t, got.CRLs["http://crl.example/ca.crl"])
	require.False(t, got.SkipRevocation)

	raw, err := json.Marshal(c.Notation)
	require.NoError(t, err)
	var back map[string]notation.Source
	require.NoError(t, json.Unmarshal(raw, &back))
	_, err = notation.New("acme", back["acme"])
	require.NoError(t, err, "a record holds all of it")
}

func TestNotationMistakes(t *testing.T) {
	dir, _, _ := notationDir(t)
	section := func(text string) string { return minimal + "notation:\n  acme:\n" + text }
	const good = "    trust_policy: policy.json\n    trust_store: {ca: {acme: [root.pem]}, tsa: {clock: [clock.der]}}\n"
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"no document": {section("    trust_policy: none.json\n    trust_store: {}\n"), []string{
			"w.yaml:5:5: notation.acme.trust_policy: DIR/none.json cannot be read: no such file or directory",
		}},
		"a document that says nothing": {section("    trust_policy: bad.json\n    trust_store: {}\n"), []string{
			"w.yaml:5:5: notation.acme.trust_policy: bad.json: trust policy document can not have zero trust policy statements",
		}},
		"nothing about revocation": {section(good), []string{
			`w.yaml:4:3: notation.acme: statement "team" asks whether certificates are revoked, and no list is fetched while a decision is made: name lists under revocation.crls, or say revocation: {skip: true}`,
		}},
		"skip: false": {section(good + "    revocation: {skip: false}\n"), []string{
			"w.yaml:7:18: notation.acme.revocation.skip: false says nothing; name lists under crls, or remove revocation",
		}},
		"both": {section(good + "    revocation: {skip: true, crls: {}}\n"), []string{
			"w.yaml:7:17: notation.acme.revocation: has crls and skip; keep one of them",
		}},
		"a leaf": {section("    trust_policy: policy.json\n    trust_store: {ca: {acme: [leaf.der]}}\n"), []string{
			`w.yaml:6:31: notation.acme.trust_store.ca.acme[0]: leaf.der: certificate with subject "CN=x,O=Acme,ST=WA,C=US" is not a CA certificate or self-signed signing certificate`,
		}},
		"an empty store": {section("    trust_policy: policy.json\n    trust_store: {ca: {acme: []}}\n"), []string{
			"w.yaml:6:24: notation.acme.trust_store.ca.acme: is empty: list the files of its certificates",
		}},
		"a missing store": {section("    trust_policy: policy.json\n    trust_store: {ca: {acme: [root.pem]}}\n    revocation: {skip: true}\n"), []string{
			`w.yaml:4:3: notation.acme: statement "team" uses the trust store "tsa:clock", which is not in trust_store; there are ["ca:acme"]`,
		}},
		"not a list": {section(good + "    revocation: {crls: {\"http://crl.example/ca.crl\": root.pem}}\n"), nil},
		"not a URL": {section(good + "    revocation: {crls: {ca: ca.crl}}\n"), []string{
			`w.yaml:7:25: notation.acme.revocation.crls: "ca" is not the URL of a list, as it stands in certificates`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := problems(t, row.text, dir)
			if row.want == nil {
				require.Len(t, got, 1)
				require.Contains(t, got[0], `w.yaml:7:25: notation.acme.revocation.crls["http://crl.example/ca.crl"]: root.pem: not a list of revoked certificates: `)
				return
			}
			require.ElementsMatch(t, row.want, got)
		})
	}
}
