package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/e2e/stack"
)

// doctor returns what `waxseal doctor` finds in this cluster, with a dry run in
// a namespace.
func (w *world) doctor(t *testing.T, namespace string, exempt ...string) (string, error) {
	t.Helper()
	return w.Waxseal(t).Run("doctor", "--namespace", namespace, "--exempt", strings.Join(exempt, ","))
}

func examined(t *testing.T, w *world) {
	var out string
	err := stack.Eventually(func() (err error) { // until all is reported
		out, err = w.doctor(t, "default", apart...)
		return err
	})
	require.NoError(t, err)
	const selector = "namespaceSelector (!admission.gatekeeper.sh/ignore,kubernetes.io/metadata.name notin (gatekeeper-system,waxseal-system))"
	for _, namespace := range []string{"gatekeeper-system", "waxseal-system"} {
		assert.Equal(t, 2, strings.Count(out, selector+" leaves out namespace "+namespace+", as is expected\n"), out)
	}
	assert.Contains(t, out, "WaxsealImages images: spec.match.excludedNamespaces leaves out namespace dry, as is expected\n")
	assert.Contains(t, out, "dry run of Pod default/waxseal-doctor: denied by 1 constraints of Waxseal, as it has to be\n")
	assert.True(t, strings.HasSuffix(out, "\nfine\n"), out)
}

// leftOut shows that what is exempt is admitted, and that the doctor says so.
func leftOut(t *testing.T, w *world) {
	w.MustApply(t, stack.RestrictedPod("bad", w.bad), "-n=gatekeeper-system")
	out, err := w.doctor(t, "default")
	require.ErrorContains(t, err, "exit status 1")
	for _, namespace := range apart {
		assert.Contains(t, out, "problem    WaxsealImages images: spec.match.excludedNamespaces leaves out namespace "+namespace+"\n")
	}
	assert.True(t, strings.HasSuffix(out, "\nproblems: 3\n"), out)
	// Nobody exempts a namespace by writing a label on it.
	w.namespace(t, "sneaky")
	out, err = w.Run("label", "namespace", "sneaky", "admission.gatekeeper.sh/ignore=yes")
	require.Error(t, err)
	assert.Contains(t, out, `admission webhook "check-ignore-label.gatekeeper.sh" denied the request`)
}

// builtinOnStock installs what an unmodified Gatekeeper takes and never fires.
func builtinOnStock(t *testing.T, w *world) {
	ns := "-n=" + w.namespace(t, "builtin")
	w.Must(t, "apply", "--server-side", "-f", shipped("gatekeeper", "templates", "builtin", "waxsealimagesbuiltin.yaml"))
	w.Must(t, "get", "constrainttemplate", "waxsealimagesbuiltin")
	w.MustApply(t, pod("bad", w.bad), ns) // this is why it must be noticed
	require.NoError(t, stack.Eventually(func() error {
		out, err := w.doctor(t, "default", apart...)
		if err == nil || !strings.Contains(out, "problem    ConstraintTemplate waxsealimagesbuiltin: THIS TEMPLATE NEVER FIRES") {
			return fmt.Errorf("the doctor finds nothing wrong with it: %s", out)
		}
		return nil
	}))
}

// builtinInside replaces Gatekeeper and takes the provider away.
func builtinInside(t *testing.T, w *world) {
	const ns = "-n=builtin"
	w.Must(t, "delete", "assign", "--all")
	w.Must(t, "delete", "waxsealimages", "--all")
	w.provider.Stop()
	w.gatekeeper.Stop()
	w.gatekeeper.Run(t, "gatekeeper", "WAXSEAL_CONFIG="+w.waxsealYAML(t))
	w.constrain(t, "WaxsealImagesBuiltin", "images", "deny", "builtin")
	keyless := push(t, w.registry.Host()+"/keyless/builtin")
	w.sigstore.Sign(t, w.cosign[3], keyless, developer)
	w.scan(t, keyless)
	w.MustApply(t, pod("fine", w.fine), ns)
	w.MustApply(t, pod("keyless", keyless), ns)
	assert.Equal(t, []string{`[images] image IMAGE of container "app" in Pod builtin/NAME: ` + unsigned}, w.why(t, "again", w.bad, ns))
	image := w.good(t, w.distribution.Host+"/team/builtin")
	w.distribution.Stop()
	w.undecided(t, "down", image, ns, "connection refused")
	w.distribution.Run(t)
	w.recovers(t, "down", image, ns)
	out, err := w.doctor(t, "builtin", apart...)
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(out, "\nfine\n"), out)
}
