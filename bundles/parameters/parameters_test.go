package parameters_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/bundles/parameters"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// load writes a waxseal.yaml with a key beside it, and returns what is wrong with it.
func load(t *testing.T, text string) []string {
	t.Helper()
	dir := t.TempDir()
	key, err := sigstore.NewKey("")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "cosign.pub"), key.PEM(), 0o600))
	path := filepath.Join(dir, "w.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	_, err = parameters.Load(path)
	if err == nil {
		return nil
	}
	var e *config.Error
	require.ErrorAs(t, err, &e)
	return strings.Split(strings.ReplaceAll(err.Error(), dir+"/", ""), "\n")
}

const (
	pattern = "write host/path, with * for any characters of one segment and a last ** for the rest"
	trusted = "      - {name: team, images: [registry.example/team/*], keys: [release]"
	keys    = "keys: {release: {file: cosign.pub}}\n"
)

// TestNoPolicy is about what judges by the file; other hosts need no policies in it.
func TestNoPolicy(t *testing.T) {
	for text, at := range map[string]string{"version: 1\n": "1:1", "version: 1\npolicies: {}\n": "2:1", "version: 1\npolicies:\n": "2:1"} {
		require.Equal(t, []string{"w.yaml:" + at + ": policies: none is on; name at least one with its parameters, or nothing is judged"}, load(t, text))
		_, err := config.Parse("w.yaml", []byte(text), "")
		require.NoError(t, err)
	}
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		name, policies, rest string
		want                 []string
	}{
		{"good", "  signed_images:\n    authorities:\n" + trusted + "}\n", keys, nil},
		{"unknown policy", "  signed_image: {}\n  zzz: 1\n", "", []string{
			"w.yaml:3:3: policies.signed_image: no policy has this name; did you mean signed_images?",
			"w.yaml:4:3: policies.zzz: no policy has this name; there are allowed_registries, attested_build, audit_keeps_keys, audit_logs_show_no_bypass, audit_probes_are_refused, audit_runs_what_was_verified, base_image, denied_packages, enforcement_verifies_images, pinned_digests, pipeline_keeps_keys_safe, pipeline_pins_references, pipeline_scans_images, pipeline_signs_images, privileged_images, required_attestations, sbom_attached, scanned_images, signed_images",
			"w.yaml:4:8: policies.zzz: expected an object of parameters, found 1",
		}},
		{"unknown key", "  pinned_digests: {tag: warn}\n", "", []string{
			"w.yaml:3:20: policies.pinned_digests.tag: unknown key; did you mean tags?",
		}},
		{"unknown key of an authority", "  signed_images:\n    authorities:\n" + trusted + ", treshold: 1, quorum: 2}\n", keys, []string{
			"w.yaml:5:74: policies.signed_images.authorities[0].treshold: unknown key; did you mean threshold?",
			"w.yaml:5:87: policies.signed_images.authorities[0].quorum: unknown key; there are annotations, certificates, formats, identities, images, insecure_ignore_sct, insecure_ignore_tlog, keys, name, notation, platforms, repositories, threshold, timestamps, trust_root",
		}},
		{"value that is not among those that are known", "  pinned_digests: {tags: wran}\n", "", []string{
			`w.yaml:3:20: policies.pinned_digests.tags: "wran" is not one of them; did you mean warn?`,
		}},
		{"wrong types", "  signed_images:\n    any: yes\n    authorities: {name: x}\n  allowed_registries: {images: [1, [a], \"\"]}\n", "", []string{
			`w.yaml:4:5: policies.signed_images.any: expected true or false, found "yes"`,
			"w.yaml:5:5: policies.signed_images.authorities: expected a list, found an object",
			"w.yaml:6:33: policies.allowed_registries.images[0]: expected text, found 1",
			"w.yaml:6:36: policies.allowed_registries.images[1]: expected text, found a list",
			"w.yaml:6:41: policies.allowed_registries.images[2]: expected text, found empty text",
			`w.yaml:6:41: policies.allowed_registries.images[2]: "" does not fit: ` + pattern,
		}},
		{"missing", "  scanned_images:\n", "", []string{
			"w.yaml:3:3: policies.scanned_images.authorities: missing: who is trusted to scan which images. An image that none of them is trusted for is denied; where several match, all have to have attested a scan",
			"w.yaml:3:3: policies.scanned_images.fail_on: missing: a finding of one of these is denied: one list for all kinds, or an object with a list for each kind. A severity that is not known always is",
			"w.yaml:3:3: policies.scanned_images.max_scan_age: missing: how old the newest report of a scanner may be: a whole number and s, m, h, d or w",
			"w.yaml:3:3: policies.scanned_images.max_database_age: missing: how old the database may be that the scan rests on, counted until now",
		}},
		{"empty list", "  allowed_registries: {images: []}\n", "", []string{
			"w.yaml:3:24: policies.allowed_registries.images: empty: patterns of host/path, compared segment by segment: * is any characters of one segment, a last ** is the rest, a host alone is everything in that registry",
		}},
		{"pattern", "  allowed_registries: {images: [team/*]}\n", "", []string{
			`w.yaml:3:33: policies.allowed_registries.images[0]: "team/*" does not fit: ` + pattern,
		}},
		{"neither keys nor identities", "  signed_images: {authorities: [{name: a, images: [registry.example]}]}\n", "", []string{
			"w.yaml:3:33: policies.signed_images.authorities[0]: needs one of keys, identities, notation",
		}},
		{"identities", "  signed_images:\n    authorities:\n      - name: a\n        images: [registry.example]\n        identities:\n          - {issuer: https://a.example}\n          - {issuer: a, issuer_pattern: b, subject_pattern: \"(?i)x\"}\n          - {issuer_pattern: \"(\", subject_pattern: \".*\"}\n", "", []string{
			"w.yaml:8:13: policies.signed_images.authorities[0].identities[0]: needs one of subject, subject_pattern",
			"w.yaml:9:13: policies.signed_images.authorities[0].identities[1]: has issuer and issuer_pattern; keep one of them",
			"w.yaml:9:44: policies.signed_images.authorities[0].identities[1].subject_pattern: not a pattern that can be used: sets flags; write them out, as in [Aa]",
			"w.yaml:10:14: policies.signed_images.authorities[0].identities[2].issuer_pattern: not a pattern that can be used: error parsing regexp: missing closing ): `(`",
			"w.yaml:10:35: policies.signed_images.authorities[0].identities[2].subject_pattern: not a pattern that can be used: matches the empty string",
		}},
		{"names", "  signed_images:\n    authorities:\n      - {name: a, images: [registry.example], keys: [relase, zzz], trust_root: publik, certificates: [acme]}\n", keys + "trust_roots: {public: {public_good: true}}\n", []string{
			`w.yaml:5:54: policies.signed_images.authorities[0].keys[0]: no key is named "relase"; did you mean release?`,
			`w.yaml:5:62: policies.signed_images.authorities[0].keys[1]: no key is named "zzz"; there are release`,
			`w.yaml:5:68: policies.signed_images.authorities[0].trust_root: no trust root is named "publik"; did you mean public?`,
			`w.yaml:5:103: policies.signed_images.authorities[0].certificates[0]: no certificate is named "acme"; add it under certificates`,
		}},
		{"notation", "  signed_images:\n    authorities:\n      - {name: a, images: [registry.example], notation: acme, threshold: 3, formats: [bundle]}\n", "", []string{
			`w.yaml:5:47: policies.signed_images.authorities[0].notation: no trust policy is named "acme"; add it under notation`,
			"w.yaml:5:77: policies.signed_images.authorities[0].formats: has no use beside notation; make two authorities, or keep one of notation and formats",
		}},
		{"PEM that is none", "  signed_images:\n    authorities:\n      - {name: a, images: [registry.example], keys: [\"-----BEGIN PUBLIC KEY-----\"], certificates: [\"-----BEGIN CERTIFICATE-----\"]}\n", "", []string{
			"w.yaml:5:54: policies.signed_images.authorities[0].keys[0]: not a public key that can be used: is not PEM",
			"w.yaml:5:100: policies.signed_images.authorities[0].certificates[0]: not certificates that can be used: expected PEM certificates",
		}},
		{"threshold", "  signed_images:\n    authorities:\n" + trusted + ", threshold: 2}\n" + trusted + ", threshold: 0}\n" + trusted + ", threshold: 1.5}\n", keys, []string{
			"w.yaml:5:74: policies.signed_images.authorities[0].threshold: wants 2 signers, and names 1 keys and identities",
			"w.yaml:6:74: policies.signed_images.authorities[1].threshold: expected a number from 1, found 0",
			"w.yaml:7:74: policies.signed_images.authorities[2].threshold: expected a whole number, found 1.5",
		}},
		{"scans", "  scanned_images:\n    authorities:\n" + trusted + "}\n    fail_on: [grave]\n    max_scan_age: 7\n    max_database_age: two days\n    exceptions:\n      - {id: CVE-2026-1, images: [registry.example], owner: a, reason: b, expires: \"2026-02-30\"}\n", keys, []string{
			`w.yaml:6:15: policies.scanned_images.fail_on[0]: "grave" is not one of them; there are critical, high, low, medium, negligible, unknown`,
			"w.yaml:7:5: policies.scanned_images.max_scan_age: expected text, found 7",
			`w.yaml:8:5: policies.scanned_images.max_database_age: "two days" does not fit: how old the database may be that the scan rests on, counted until now`,
			`w.yaml:10:75: policies.scanned_images.exceptions[0].expires: "2026-02-30" is not a day such as 2026-12-31`,
		}},
		{"scans, by kind and scanner", "  scanned_images:\n    authorities:\n" + trusted + "}\n    fail_on: {secrets: [low], malware: []}\n    max_scan_age: 7d\n    max_database_age: 7d\n" +
			"    grace: {by: built, high: a week}\n    scanners: [{name: trivy, min_version: new, authority: b}, 1]\n    fail_on_known_exploited: true\n", keys, []string{
			"w.yaml:3:3: policies.scanned_images.known_exploited: missing: what is known to be exploited, which fail_on_known_exploited asks for",
			"w.yaml:6:15: policies.scanned_images.fail_on.secrets: unknown key; did you mean secret?",
			"w.yaml:6:31: policies.scanned_images.fail_on.malware: empty: severities of malware that are refused. All, if nothing is written, or one list for all kinds",
			`w.yaml:9:13: policies.scanned_images.grace.by: "built" is not one of them; there are first_seen, published`,
			`w.yaml:9:24: policies.scanned_images.grace.high: "a week" does not fit: a whole number and s, m, h, d or w. None, if nothing is written`,
			`w.yaml:10:30: policies.scanned_images.scanners[0].min_version: "new" does not fit: the report has to be of this version or a later one. A version that is unknown is none of them`,
			`w.yaml:10:48: policies.scanned_images.scanners[0].authority: no authority is named "b"; there are team`,
			"w.yaml:10:63: policies.scanned_images.scanners[1]: expected text or an object, found 1",
		}},
		{"verifiers", "  signed_images:\n    authorities:\n" + trusted + "}\n    verified_by: [{name: a, images: [registry.example], keys: [relase], verifier_id: x, policy_digests: [abc], max_age: soon}]\n", keys, []string{
			`w.yaml:6:64: policies.signed_images.verified_by[0].keys[0]: no key is named "relase"; did you mean release?`,
			`w.yaml:6:106: policies.signed_images.verified_by[0].policy_digests[0]: "abc" does not fit: write sha256: and 64 hexadecimal digits`,
			`w.yaml:6:112: policies.signed_images.verified_by[0].max_age: "soon" does not fit: how long ago the image may have been verified (timeVerified): a whole number and s, m, h, d or w. A time in the future is refused`,
		}},
		{"suppression", "  scanned_images:\n    authorities:\n" + trusted + "}\n    fail_on: [high]\n    max_scan_age: 7d\n    max_database_age: 2d\n    vex: {authorities: [{name: a, images: [registry.example], keys: [relase]}]}\n    exceptions_from: [{name: a, images: [registry.example], keys: [release], trust_root: public, threshold: 2}]\n    exceptions:\n      - {id: CVE-2026-1, digests: [latest], owner: a, reason: b, expires: \"2026-12-31\"}\n", keys, []string{
			`w.yaml:9:70: policies.scanned_images.vex.authorities[0].keys[0]: no key is named "relase"; did you mean release?`,
			`w.yaml:10:78: policies.scanned_images.exceptions_from[0].trust_root: no trust root is named "public"; add it under trust_roots`,
			"w.yaml:10:98: policies.scanned_images.exceptions_from[0].threshold: wants 2 signers, and names 1 keys and identities",
			`w.yaml:12:36: policies.scanned_images.exceptions[0].digests[0]: "latest" does not fit: write sha256: and 64 digits of 0-9a-f`,
		}},
		{"requirements", "  required_attestations:\n    authorities:\n" + trusted + "}\n" + trusted + "}\n    requirements:\n      - {name: r, images: [registry.example], predicate_type: spdx, signed_by: [taem, team], conditions: [{field: a, pattern: \"?\"}, {field: a, exists: false}, {field: a}], max_age: 7d}\n", keys, []string{
			"w.yaml:8:9: policies.required_attestations.requirements[0]: properties 'time_field' required, if 'max_age' exists",
			`w.yaml:8:81: policies.required_attestations.requirements[0].signed_by[0]: no authority is named "taem"; did you mean team?`,
			`w.yaml:8:87: policies.required_attestations.requirements[0].signed_by[1]: 2 authorities are named "team"; give each a name of its own`,
			`w.yaml:8:118: policies.required_attestations.requirements[0].conditions[0].pattern: "?" does not fit: the whole text, with * for any characters but a slash, and no other wildcard`,
			"w.yaml:8:144: policies.required_attestations.requirements[0].conditions[1].exists: value must be true",
			"w.yaml:8:160: policies.required_attestations.requirements[0].conditions[2]: needs one of equals, one_of, pattern, at_least, at_most, exists, newer_than",
		}},
		{"everything at once", "  signed_images: {authorities: 1}\n", "keys: {release: {file: gone.pub}}\nlimit: {}\n", []string{
			"w.yaml:3:19: policies.signed_images.authorities: expected a list, found 1",
			"w.yaml:4:18: keys.release.file: gone.pub cannot be read: no such file or directory",
			"w.yaml:5:1: limit: unknown key; did you mean limits?",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, load(t, "version: 1\npolicies:\n"+tt.policies+tt.rest))
		})
	}
}
