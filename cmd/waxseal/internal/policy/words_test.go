package policy_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/policy"
)

func TestWords(t *testing.T) {
	for _, row := range []struct {
		name, policy, parameters string
		want                     []string
	}{
		{"nothing is given", "pinned_digests", `{}`, []string{"Images are named by digest. A tag can be moved after it was judged."}},
		{"keys, one of several", "signed_images", `{"authorities": [{"name": "team", "images": ["a.example/**", "b.example/*"], "keys": ["x", "y"]}]}`, []string{
			"Images that match a.example/**, b.example/* have to be signed by the key x, or the key y (team).",
		}},
		{"all of several", "signed_images", `{"authorities": [{"name": "team", "images": ["**"], "keys": ["x"], "identities": [{"issuer": "i", "subject": "s"}], "threshold": 2}]}`, []string{
			"Images that match ** have to be signed by at least 2 of: the key x; who is s with i (team).",
		}},
		{"what weakens it", "signed_images", `{"authorities": [{"name": "t", "images": ["**"], "keys": ["x"], "insecure_ignore_tlog": true, "insecure_ignore_sct": false, "annotations": {"stage": "prod"}, "certificates": ["acme"]}]}`, []string{
			"Images that match ** have to be signed by the key x (t); annotations stage prod; with a certificate of a private PKI; no transparency log is asked.",
		}},
		{"notation, and a key in PEM", "signed_images", `{"authorities": [{"name": "n", "images": ["**"], "notation": "acme"}, {"name": "p", "images": ["**"], "keys": ["-----BEGIN PUBLIC KEY-----\n"]}]}`, []string{
			"Images that match ** have to be signed by whom the trust policy acme of notation names (n).",
			"Images that match ** have to be signed by a key that is given in PEM (p).",
		}},
		{"nobody", "signed_images", `{"authorities": [{}]}`, []string{"Images that match nothing have to be signed by nobody."}},
		{"others who are trusted", "scanned_images", `{"exceptions_from": [{"name": "e", "images": ["**"], "keys": ["x"]}], "vex": {"authorities": [{"name": "v", "images": ["**"], "keys": ["x"]}], "max_age": "7d"}}`, []string{
			"Exceptions for images that match ** may be attested by the key x (e).",
			"VEX: Images that match ** have to have a statement that is signed by the key x (v).",
			"VEX: Age of a statement: 7d",
		}},
		{"values", "scanned_images", `{"any": true, "fail_on": ["critical"], "max_scan_age": "7d", "exceptions": [{"id": "CVE-1", "owner": "o"}], "known_exploited": []}`, []string{
			"Any of them: yes", "Exceptions: finding CVE-1; owner o", "Severities that are refused: critical", "What is known to be exploited: none", "Age of the scan: 7d",
		}},
		{"a policy of one's own", "no_latest_tag", `{"some_thing": 5}`, []string{"some thing: 5"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			require.Equal(t, row.want, policy.Words(row.policy, parsed(t, row.parameters)))
		})
	}
}

func TestDescribe(t *testing.T) {
	cfg := &config.Config{
		File:     "waxseal.yaml",
		Policy:   config.Policy{Owner: "o", Approver: "a", Version: "1", ReviewDate: time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)},
		Policies: parsed(t, `{"allowed_registries": {"images": ["registry.example"]}, "audit_keeps_keys": {"max_age": "90d"}, "own_one": {}}`),
	}
	p, err := policy.Describe(cfg)
	require.NoError(t, err)
	require.Equal(t, []any{"waxseal.yaml", "o", "a", "1", "2027-01-02", []string{"registry.example"}}, []any{p.File, p.Owner, p.Approver, p.Version, p.ReviewDate, p.Registries})
	on := map[string]bool{}
	for _, rule := range p.Rules {
		on[rule.Policy] = rule.On
		require.NotEmpty(t, rule.Title)
		if rule.Policy != "own_one" {
			require.NotEmpty(t, rule.Controls, rule.Policy)
			require.NotEmpty(t, rule.Words, rule.Policy)
		}
	}
	for name, want := range map[string]bool{
		"allowed_registries": true, "signed_images": false, "own_one": true, "audit_keeps_keys": true,
		"audit_probes_are_refused":    false, // one of its kind is named, and it is not
		"enforcement_verifies_images": true,  // none of its kind is named
	} {
		got, found := on[name]
		require.True(t, found, name)
		require.Equal(t, want, got, name)
	}
	raw, err := json.Marshal(p)
	require.NoError(t, err)
	require.NotContains(t, string(raw), ":null")
}
