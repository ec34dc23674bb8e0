package e2e_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const unsigned = `it is not signed, and a signature of authority "release" was expected (unsigned: no signature was found (looked in: legacy tag, referrers)). Sign the image in the pipeline that builds it, or use an image that is signed. See also that the digest exists, because one that does not has no signatures either.`

// audited finds the Pod that install has made before anything was judged.
func audited(t *testing.T, w *world) {
	want := short(fmt.Sprintf("image %q of container \"app\" in Pod before/old: %s", w.bad, unsigned))
	w.eventually(t, want, `{.status.violations[?(@.namespace=="before")].message}`, "waxsealimages", "images")
	assert.Equal(t, "old deny", w.Field(t, `{.status.violations[?(@.namespace=="before")]['name', 'enforcementAction']}`, "waxsealimages", "images"))
}

// short is a message as Gatekeeper keeps it in the status of a constraint.
func short(message string) string { return message[:256-len("...")] + "..." }

// enforcement shows that warn admits with the same sentence, and that dryrun
// leaves it to the audit.
func enforcement(t *testing.T, w *world) {
	w.constrain(t, "warned", "warn", []string{w.namespace(t, "warned")})
	out, err := w.Apply(pod("bad", w.bad), "-n=warned")
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("Warning: [warned] image %q of container \"app\" in Pod warned/bad: %s\npod/bad created\n", w.bad, unsigned), out)

	w.constrain(t, "dry", "dryrun", []string{w.namespace(t, "dry")})
	out, err = w.Apply(pod("bad", w.bad), "-n=dry")
	require.NoError(t, err)
	assert.Equal(t, "pod/bad created\n", out)
	for name, action := range map[string]string{"warned": "warn", "dry": "dryrun"} {
		want := action + " " + short(fmt.Sprintf("image %q of container \"app\" in Pod %s/bad: %s", w.bad, name, unsigned))
		w.eventually(t, want, "{.status.violations[0]['enforcementAction', 'message']}", "waxsealimages", name)
		assert.Equal(t, "1", w.Field(t, "{.status.totalViolations}", "waxsealimages", name))
	}
}

// oneCall counts what a Pod of five images costs the provider, for the one
// constraint that it matches.
func oneCall(t *testing.T, w *world) {
	ns := w.namespace(t, "one-call")
	containers := ""
	for n := range 5 {
		containers += fmt.Sprintf("{name: app%d, image: %q}, ", n, w.good(t, fmt.Sprintf("%s/team/one-call%d", w.registry.Host(), n)))
	}
	before := w.provider.Calls(t, "validate")
	w.MustApply(t, fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: five}, spec: {containers: [%s]}}", containers), "-n="+ns)
	assert.Equal(t, 1, w.provider.Calls(t, "validate")-before)
}
