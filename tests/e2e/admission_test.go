package e2e_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture"
)

// pod is a manifest of a Pod with one container.
func pod(name, image string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: %s}, spec: {containers: [{name: app, image: %q}]}}", name, image)
}

// refused applies a manifest, which must be denied, and returns why, each
// violation a line.
func (w *world) refused(t *testing.T, manifest string, flags ...string) string {
	t.Helper()
	out, err := w.Apply(manifest, flags...)
	require.Error(t, err, "admitted: %s", out)
	_, reason, found := strings.Cut(out, "denied the request: ")
	require.True(t, found, out)
	return strings.TrimSpace(reason)
}

// why is [world.refused] with the image and the object replaced by words.
func (w *world) why(t *testing.T, name, image string, flags ...string) []string {
	t.Helper()
	reason := w.refused(t, pod(name, image), flags...)
	return strings.Split(strings.NewReplacer(strconv.Quote(image), "IMAGE", image, "IMAGE", "/"+name, "/NAME").Replace(reason), "\n")
}

func denied(t *testing.T, w *world) {
	w.namespace(t, "denied")
	unsigned := push(t, w.registry.Host()+"/team/unsigned")
	w.scan(t, unsigned)
	stranger := push(t, w.distribution.Host+"/team/stranger")
	w.stranger.Sign(t, stranger, false)
	w.scan(t, stranger)
	unscanned := push(t, w.registry.Host()+"/team/unscanned")
	w.cosign[3].Sign(t, unscanned, true)
	undated := push(t, w.registry.Host()+"/team/undated")
	w.cosign[3].Sign(t, undated, true)
	w.scanner.Attest(t, undated, "vuln", report(t, undated), true)
	grave := push(t, w.distribution.Host+"/team/grave")
	w.cosign[2].Sign(t, grave, false)
	w.scan(t, grave, fixture.Vulnerability{ID: "CVE-2024-3094", Package: "xz-utils", Installed: "5.6.0", Fixed: "5.6.1", Severity: "CRITICAL"})
	unapproved := w.good(t, w.unapproved.Host()+"/team/app")
	somebody := push(t, w.registry.Host()+"/keyless/somebody")
	w.sigstore.Sign(t, w.cosign[3], somebody, "somebody@e2e.example")
	w.scan(t, somebody)
	approved := []string{w.distribution.Host, w.registry.Host()}
	slices.Sort(approved)
	for _, row := range []struct{ name, image, want string }{
		{"unsigned", unsigned, `it is not signed, and a signature of authority "release" was expected (unsigned: no signature was found (looked in: legacy tag, referrers)). Sign the image in the pipeline that builds it, or use an image that is signed. See also that the digest exists, because one that does not has no signatures either.`},
		{"stranger", stranger, `no signature is what authority "release" asks for (untrusted_identity: not signed by a key asked for). Have the image signed with a key or identity of this authority; if it should be, treat the image as tampered with.`},
		{"somebody", somebody, `no signature is what authority "developers" asks for (untrusted_identity: signed by "somebody@e2e.example" of issuer "` + w.sigstore.Issuer.URL + `", who was not asked for). Have the image signed with a key or identity of this authority; if it should be, treat the image as tampered with.`},
		{"unscanned", unscanned, `there is no scan report of authority "scanner" (wrong_predicate: what is attached is of other predicate types than those asked for). Scan the image in the pipeline that builds it, and attest the report with the key or identity of the authority.`},
		{"undated", undated, `the report of trivy by "scanner" rests on a database of an unknown time. Scan the image again and attest a report that names the time of the database, or have the owner of the policy allow an unknown one.`},
		{"grave", grave, `trivy found CVE-2024-3094 (critical, xz-utils 5.6.0, fixed in 5.6.1) (report of "scanner", TIME). Rebuild the image with what is fixed, or ask the owner of the policy for an exception with an end.`},
		{"unapproved", unapproved, `it is ` + w.unapproved.Host() + `/team/app, and one of ` + strings.Join(approved, ", ") + ` was expected. Use an image of an approved repository, or have the owner of the policy approve this one.`},
	} {
		got := w.why(t, row.name, row.image, "-n", "denied")
		for i := range got {
			got[i] = moment.ReplaceAllString(got[i], "TIME")
		}
		assert.Equal(t, []string{`[images] image IMAGE of container "app" in Pod denied/NAME: ` + row.want}, got)
	}
	require.Empty(t, w.Field(t, "{.items[*].metadata.name}", "pods", "-n", "denied"))
}

var moment = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

func admitted(t *testing.T, w *world) {
	w.namespace(t, "admitted")
	pods := 0
	admit := func(image string) {
		pods++
		w.MustApply(t, pod(fmt.Sprint("pod", pods), image), "-n", "admitted")
	}
	for _, major := range []int{2, 3} {
		for _, host := range []string{w.distribution.Host, w.registry.Host()} {
			for form, bundle := range map[string]bool{"legacy": false, "bundle": true} {
				ref := push(t, fmt.Sprintf("%s/team/%s%d", host, form, major))
				w.cosign[major].Sign(t, ref, bundle)
				w.scan(t, ref)
				admit(ref)
			}
		}
	}
	// Rekor v2 takes no keyless bundles of cosign v2: DSSE entries, which went out of it.
	for _, host := range []string{w.distribution.Host, w.registry.Host()} {
		keyless := push(t, host+"/keyless/app")
		w.sigstore.Sign(t, w.cosign[3], keyless, developer)
		w.scan(t, keyless)
		admit(keyless)
	}
}
