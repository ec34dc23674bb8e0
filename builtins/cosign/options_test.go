package cosign_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

func TestValidate(t *testing.T) {
	_, key := newKey(t, sigstore.P256)
	id := cosign.Identity{Issuer: cosign.Exactly(issuer), Subject: cosign.Exactly(subject)}
	ca := must(cosign.ParseCertificates(must(sigstore.NewPrivateAuthority(time.Now(), time.Now().Add(time.Hour))).PEM()))
	for _, row := range []struct {
		name string
		opts cosign.Options
		want fault.Code
	}{
		{"a key", cosign.Options{Keys: []*cosign.Key{key}, Threshold: 1}, ""},
		{"an identity", cosign.Options{Identities: []cosign.Identity{id}, Threshold: 1}, ""},
		{"both of two", cosign.Options{Keys: []*cosign.Key{key}, Identities: []cosign.Identity{id}, Threshold: 2}, ""},
		{"nobody", cosign.Options{Threshold: 1}, fault.InvalidRequest},
		{"no threshold", cosign.Options{Keys: []*cosign.Key{key}}, fault.InvalidRequest},
		{"threshold above", cosign.Options{Keys: []*cosign.Key{key}, Threshold: 2}, fault.InvalidRequest},
		{"threshold by equal keys", cosign.Options{Keys: []*cosign.Key{key, key}, Threshold: 2}, fault.InvalidRequest},
		{"threshold by equal identities", cosign.Options{Identities: []cosign.Identity{id, id}, Threshold: 2}, fault.InvalidRequest},
		{"missing key", cosign.Options{Keys: []*cosign.Key{nil}, Threshold: 1}, fault.InvalidRequest},
		{"no issuer", cosign.Options{Identities: []cosign.Identity{{Subject: cosign.Exactly("a")}}, Threshold: 1}, fault.InvalidRequest},
		{"no subject", cosign.Options{Identities: []cosign.Identity{{Issuer: cosign.Exactly("a")}}, Threshold: 1}, fault.InvalidRequest},
		{"empty subject", cosign.Options{Identities: []cosign.Identity{{Issuer: cosign.Exactly("a"), Subject: cosign.Exactly("")}}, Threshold: 1}, fault.InvalidRequest},
		{"unknown extension", cosign.Options{Identities: []cosign.Identity{{
			Issuer: id.Issuer, Subject: id.Subject, Extensions: map[string]*cosign.Matcher{"sourceRepo": cosign.Exactly("a")},
		}}, Threshold: 1}, fault.InvalidRequest},
		{"empty extension", cosign.Options{Identities: []cosign.Identity{{
			Issuer: id.Issuer, Subject: id.Subject, Extensions: map[string]*cosign.Matcher{"sourceRepositoryURI": cosign.Exactly("")},
		}}, Threshold: 1}, fault.InvalidRequest},
		{"extension", cosign.Options{Identities: []cosign.Identity{{
			Issuer: id.Issuer, Subject: id.Subject, Extensions: map[string]*cosign.Matcher{"sourceRepositoryURI": cosign.Exactly("a")},
		}}, Threshold: 1}, ""},
		{"private authority", cosign.Options{Identities: []cosign.Identity{id}, Certificates: ca, Threshold: 1}, ""},
		{"private authority without a root", cosign.Options{Identities: []cosign.Identity{id}, Certificates: ca[:1], Threshold: 1}, fault.InvalidRequest},
		{"private authority for nobody", cosign.Options{Keys: []*cosign.Key{key}, Certificates: ca, Threshold: 1}, fault.InvalidRequest},
		{"empty predicate type", cosign.Options{Keys: []*cosign.Key{key}, Threshold: 1, PredicateTypes: []string{""}}, fault.InvalidRequest},
		{"nameless annotation", cosign.Options{Keys: []*cosign.Key{key}, Threshold: 1, Annotations: map[string]string{"": "a"}}, fault.InvalidRequest},
	} {
		t.Run(row.name, func(t *testing.T) { requireCode(t, row.want, row.opts.Validate()) })
	}
}

func TestThreshold(t *testing.T) {
	by := func(key string, entries ...int) cosign.Signer { return cosign.Signer{KeyID: key, Entries: entries} }
	held := func(key, subject string, entries ...int) cosign.Signer {
		return cosign.Signer{Kind: cosign.KindCertificate, KeyID: key, Issuer: "i", Subject: subject, Entries: entries}
	}
	for _, row := range []struct {
		name          string
		signers       []cosign.Signer
		entries, need int
		want          bool
	}{
		{"nobody", nil, 1, 1, false},
		{"one of one", []cosign.Signer{by("a", 0)}, 1, 1, true},
		{"one for two", []cosign.Signer{by("a", 0, 1)}, 2, 2, false},
		{"two for one entry", []cosign.Signer{by("a", 0), by("b", 0)}, 2, 2, false},
		{"two for two", []cosign.Signer{by("a", 0), by("b", 1)}, 2, 2, true},
		{"the first gives way", []cosign.Signer{by("a", 0, 1), by("b", 0)}, 2, 2, true},
		{"a chain gives way", []cosign.Signer{by("a", 0, 1), by("b", 1, 2), by("c", 0), by("d", 1)}, 3, 3, true},
		{"one signature twice", []cosign.Signer{by("a", 0, 1), by("a", 0, 1)}, 2, 2, false},
		{"one key, different entries", []cosign.Signer{by("a", 0), by("a", 1)}, 2, 2, false},
		{"one holder, two certificates", []cosign.Signer{held("a", "x", 0, 1), held("b", "x", 0, 1)}, 2, 2, false},
		{"two holders", []cosign.Signer{held("a", "x", 0, 1), held("b", "y", 0, 1)}, 2, 2, true},
		{"one key for two holders", []cosign.Signer{held("a", "x", 0), held("a", "y", 1)}, 2, 2, false},
		{"a third makes two into one", []cosign.Signer{held("a", "x", 0), held("b", "y", 1), held("a", "y", 1)}, 2, 2, false},
		{"need nothing", []cosign.Signer{by("a", 0)}, 1, 0, false},
		{"need too much", []cosign.Signer{by("a", 0)}, 1, 2, false},
		{"entry out of range", []cosign.Signer{by("a", 5, -1)}, 1, 1, false},
		{"satisfies nobody", []cosign.Signer{by("a")}, 1, 1, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			require.Equal(t, row.want, cosign.Threshold(row.signers, row.entries, row.need))
		})
	}
}

func TestCompilePattern(t *testing.T) {
	for _, row := range []struct {
		pattern, text string
		want          bool
	}{
		{`https://a\.test/.+`, "https://a.test/x", true},
		{`https://a\.test/.+`, "xhttps://a.test/x", false},
		{`https://a\.test/.+`, "https://a.test/x\n", false},
		{`a|b`, "a", true},
		{`a|b`, "ax", false},
		{`a|b`, "xb", false},
		{`(?:a|b)c`, "bc", true},
		{`(?P<name>a)`, "a", true},
		{`^a$`, "a", true},
		{`\(\?i\)`, "(?i)", true},
		{`a*b`, "b", true},
	} {
		t.Run(row.pattern+" "+row.text, func(t *testing.T) {
			m, err := cosign.CompilePattern(row.pattern)
			require.NoError(t, err)
			require.Equal(t, row.want, m.Match(row.text))
			require.False(t, m.Match(""))
		})
	}
}

func TestCompilePatternRefuses(t *testing.T) {
	for _, pattern := range []string{"", ".*", "a*", "a|", "(?i)a", "(?i:a)", "(?s).+", "(?m)^a", "a)|(?:b", `\Qa`, "[", "(?-s)a", "()", "^$"} {
		t.Run(pattern, func(t *testing.T) {
			m, err := cosign.CompilePattern(pattern)
			requireCode(t, fault.InvalidRequest, err)
			require.Nil(t, m)
		})
	}
}

func TestExtensionNames(t *testing.T) {
	names := cosign.ExtensionNames()
	require.Contains(t, names, "sourceRepositoryURI")
	require.Contains(t, names, "githubWorkflowRef")
	require.Contains(t, names, "buildSignerURI")
	require.NotContains(t, names, "issuer")
}

func TestMatcherMatchesNothingByNothing(t *testing.T) {
	require.False(t, cosign.Exactly("").Match(""))
	require.False(t, (*cosign.Matcher)(nil).Match("a"))
	require.True(t, cosign.Exactly("a").Match("a"))
	require.False(t, cosign.Exactly("a").Match("A"))
	require.False(t, cosign.Exactly("a.").Match("ab"))
	require.Equal(t, "a.+", must(cosign.CompilePattern("a.+")).String())
}
