package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/e2e/stack"
	"github.com/waxseal/waxseal/tests/fixture"
)

// kinds has kubectl make every kind of workload, of a good image and a bad one.
func kinds(t *testing.T, w *world) {
	ns := "-n=" + w.namespace(t, "kinds")
	volume := func(image string) string {
		return fmt.Sprintf(`{apiVersion: v1, kind: Pod, metadata: {name: volume}, spec: {
			containers: [{name: app, image: %q}], volumes: [{name: model, image: {reference: %q}}]}}`, w.fine, image)
	}
	for _, row := range []struct {
		run   func(image string) (string, error)
		where string
	}{
		{func(i string) (string, error) { return w.Run("run", "pod", "--image="+i, ns) }, `container "pod" in Pod kinds/pod`},
		{func(i string) (string, error) { return w.Run("create", "deployment", "web", "--image="+i, ns) }, `container "bad" in Deployment kinds/web`},
		{func(i string) (string, error) { return w.Run("create", "job", "once", "--image="+i, ns) }, `container "once" in Job kinds/once`},
		{func(i string) (string, error) {
			return w.Run("create", "cronjob", "often", "--schedule=0 0 1 1 *", "--image="+i, ns)
		}, `container "often" in CronJob kinds/often`},
		{func(i string) (string, error) {
			return w.Run("debug", "pod", "-c=debugger", "--attach=false", "--profile=general", "--image="+i, ns)
		}, `ephemeral container "debugger" in Pod kinds/pod`},
		{func(i string) (string, error) { return w.Apply(volume(i), ns) }, `volume "model" in Pod kinds/volume`},
	} {
		out, err := row.run(w.bad)
		require.Error(t, err, "%s: admitted: %s", row.where, out)
		assert.Contains(t, out, "[images] image \""+w.bad+"\" of "+row.where+": it is not signed")
		assert.Equal(t, 1, strings.Count(out, "[images]"), "one violation: %s", out)
		out, err = row.run(w.fine)
		require.NoError(t, err, out)
	}
	w.eventually(t, w.fine, "{.items[*].spec.containers[*].image}", "pods", "-l=app=web", ns)
	w.eventually(t, w.fine, "{.items[*].spec.containers[*].image}", "pods", "-l=job-name=once", ns)
}

// worse has a new scan find something in images that were admitted.
func worse(t *testing.T, w *world) {
	ns := "-n=" + w.namespace(t, "worse")
	image := w.good(t, w.registry.Host()+"/team/worse")
	const found = `found CVE-2026-0001 (critical, openssl 3.0.1)`
	deployment := func(name string, replicas int) string {
		return fmt.Sprintf(`{apiVersion: apps/v1, kind: Deployment, metadata: {name: %[1]s}, spec: {replicas: %[2]d,
			selector: {matchLabels: {app: %[1]s}}, template: {metadata: {labels: {app: %[1]s}}, spec: {containers: [{name: app, image: %[3]q}]}}}}`, name, replicas, image)
	}
	for name, replicas := range map[string]int{"running": 1, "edited": 1, "asleep": 0} {
		w.MustApply(t, deployment(name, replicas), ns)
	}
	w.eventually(t, image, "{.items[*].spec.containers[*].image}", "pods", "-l=app=running", ns)
	w.eventually(t, image, "{.items[*].spec.containers[*].image}", "pods", "-l=app=edited", ns)

	w.scan(t, image, fixture.Vulnerability{ID: "CVE-2026-0001", Package: "openssl", Installed: "3.0.1", Severity: "CRITICAL"})
	require.NoError(t, stack.Eventually(func() error { // what is remembered ends
		if out, err := w.Apply(pod("new", image), ns, "--dry-run=server"); err == nil || !strings.Contains(out, found) {
			return fmt.Errorf("the new scan is not seen: %s", out)
		}
		return nil
	}))

	// Who changes what runs is told.
	w.Must(t, "apply", "--server-side", "-f", shipped("gatekeeper", "templates", "waxsealnotes.yaml"))
	w.constrain(t, "WaxsealNotes", "notes", "warn", "worse")

	// The objects may be changed, because their image is what it was; new Pods of
	// it are refused, and the events say why.
	w.Must(t, "scale", "deployment", "running", "--replicas=2", ns)
	w.Must(t, "scale", "deployment", "asleep", "--replicas=1", ns)
	out := w.Must(t, "set", "env", "deployment", "edited", "LEVEL=debug", ns)
	assert.Contains(t, out, fmt.Sprintf("Warning: [notes] image %q of container \"app\" in Deployment worse/edited: trivy "+found, image))
	assert.Contains(t, out, "(Noted only: this update leaves the image as it is.)\n")
	for _, name := range []string{"running", "asleep", "edited"} {
		w.happens(t, found, name, ns)
	}
	for name, pods := range map[string]string{"running": image, "edited": image, "asleep": ""} {
		assert.Equal(t, pods, w.Field(t, "{.items[*].spec.containers[*].image}", "pods", "-l=app="+name, ns))
	}
	// Another image that is no better is refused at once, and a good one heals.
	out, err := w.Run("set", "image", "deployment", "running", "app="+w.bad, ns)
	require.Error(t, err)
	assert.Contains(t, out, "it is not signed")
	w.Must(t, "set", "image", "deployment", "running", "app="+w.fine, ns)
	w.eventually(t, w.fine, fmt.Sprintf("{.items[?(@.spec.containers[0].image==%q)].spec.containers[0].image}", w.fine), "pods", "-l=app=running", ns)
}

// happens waits for an event with a text about an object whose name begins so.
func (w *world) happens(t *testing.T, text, name, ns string) {
	t.Helper()
	require.NoError(t, stack.Eventually(func() error {
		events, err := w.Run("get", "events", "-o", `jsonpath={range .items[*]}{.involvedObject.name}{" "}{.message}{"\n"}{end}`, ns)
		for line := range strings.Lines(events) {
			if strings.HasPrefix(line, name) && strings.Contains(line, text) {
				return err
			}
		}
		return fmt.Errorf("no event of %s says %q: %s", name, text, events)
	}))
}
