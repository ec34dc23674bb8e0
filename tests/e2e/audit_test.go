package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/e2e/stack"
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
	w.constrain(t, "WaxsealImages", "warned", "warn", w.namespace(t, "warned"))
	out, err := w.Apply(pod("bad", w.bad), "-n=warned")
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("Warning: [warned] image %q of container \"app\" in Pod warned/bad: %s\npod/bad created\n", w.bad, unsigned), out)

	w.constrain(t, "WaxsealImages", "dry", "dryrun", w.namespace(t, "dry"))
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
// constraint that it matches. An audit may call at the same time, and a key that
// was asked for in the last seconds is not asked again: so the Pod has new images
// each time, and it is tried a few times.
func oneCall(t *testing.T, w *world) {
	ns := w.namespace(t, "one-call")
	calls := 0
	for try := range 4 {
		containers := ""
		for n := range 5 {
			containers += fmt.Sprintf("{name: app%d, image: %q}, ", n, w.good(t, fmt.Sprintf("%s/team/one-call%d-%d", w.registry.Host(), try, n)))
		}
		before := w.provider.Calls(t, "validate")
		w.MustApply(t, fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: five-%d}, spec: {containers: [%s]}}", try, containers), "-n="+ns)
		if calls = w.provider.Calls(t, "validate") - before; calls == 1 {
			break
		}
	}
	assert.Equal(t, 1, calls)
}

var update = flag.Bool("update", false, "write the fixture of the audit log")

// logged compares what the API server's audit log says of a denial with the
// event that is kept for those who read such logs.
func logged(t *testing.T, w *world) {
	w.refused(t, pod("web", w.bad), "-n="+w.namespace(t, "audited"))
	var events []string
	require.NoError(t, stack.Eventually(func() error { // it is written after the answer
		if events = w.AuditEvents(t, w.bad); len(events) == 0 {
			return errors.New("no event")
		}
		return nil
	}))
	require.Len(t, events, 1)
	got := constant(t, w, events[0])
	const golden = "testdata/denial.audit.json"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// constant replaces what differs from run to run.
func constant(t *testing.T, w *world, event string) string {
	t.Helper()
	repository, digest, _ := strings.Cut(w.bad, "@")
	event = strings.NewReplacer(digest, "sha256:"+strings.Repeat("0", 64), repository, "registry.example/team/bad").Replace(event)
	for pattern, with := range map[string]string{
		`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`:                      `2026-01-01T00:00:00Z`,
		`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`: `00000000-0000-0000-0000-000000000000`,
		`kubectl/v[^"]+`: `kubectl`,
		`X509SHA256=\w+`: `X509SHA256=0`,
	} {
		event = regexp.MustCompile(pattern).ReplaceAllString(event, with)
	}
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, []byte(event), "", "  "))
	return pretty.String()
}

// swept looks for Pods of the bad image in the whole cluster: there are those
// that were there before, and those of namespaces where that was asked for.
func swept(t *testing.T, w *world) {
	pods := w.Must(t, "get", "pods", "-A", "-o", `jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.spec.containers[*].image} {.spec.ephemeralContainers[*].image}{"\n"}{end}`)
	var found []string
	for line := range strings.Lines(pods) {
		if _, digest, _ := strings.Cut(w.bad, "@"); strings.Contains(line, digest) {
			found = append(found, strings.Fields(line)[0])
		}
	}
	assert.ElementsMatch(t, []string{"before/old", "builtin/bad", "dry/bad", "gatekeeper-system/bad", "warned/bad"}, found)
}
