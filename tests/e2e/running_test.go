package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/e2e/stack"
	"github.com/waxseal/waxseal/tests/fixture"
)

// fleet is what runs in the scenario: images, and for those that are in
// violation the code for it.
type fleet struct {
	images []unit
	log    string // what the API server's audit log holds of the namespaces
}

// unit is an image, and what makes the five Pods that run it.
type unit struct {
	name      string
	namespace string
	image     string // as it is written
	digest    string // that runs
	code      string // of the violation, "" where there is none
}

const (
	fleetImages = 40
	fleetPods   = 200
)

// fleetNamespaces are where the fleet runs, each of a team.
var fleetNamespaces = []string{"run-pay", "run-shop", "run-web"}

// running has 200 Pods of 40 images run while nothing is enforced, 8 of which are
// in violation, and then 5 attempts refused; and shows that all is found.
func running(t *testing.T, w *world) {
	w.Must(t, "delete", "waxsealimages", "images")
	f := w.fleet(t)
	w.constrain(t, "WaxsealImages", "images", "deny")
	w.attempts(t, f)
	f.log = w.fleetLog(t)
	w.auditFinds(t, f)
	w.reported(t, f)
	w.probed(t, f)
	w.admitsToday(t, f)
	w.Must(t, append([]string{"delete", "namespace"}, fleetNamespaces...)...)
}

// fleet makes the images and the workloads, waits for their Pods, and has them run.
func (w *world) fleet(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{}
	for _, namespace := range fleetNamespaces {
		w.Must(t, "create", "namespace", namespace)
		w.Must(t, "label", "namespace", namespace, "team="+strings.TrimPrefix(namespace, "run-"))
	}
	var objects []string
	for i := range fleetImages {
		d := w.fleetImage(t, i)
		f.images = append(f.images, d)
		objects = append(objects, d.workload(i)...)
	}
	w.MustApply(t, strings.Join(objects, "\n---\n"))
	w.startPods(t, f)
	return f
}

// fleetImage makes the image of a number.
func (w *world) fleetImage(t *testing.T, i int) unit {
	t.Helper()
	d := unit{name: fmt.Sprintf("app-%02d", i), namespace: fleetNamespaces[i%len(fleetNamespaces)]}
	repository := w.registry.Host() + "/team/" + d.name
	now := time.Now()
	scanned := func(at, database time.Time, found ...fixture.Vulnerability) {
		raw, err := json.Marshal(fixture.ScanPredicate(d.image, at, database, found...))
		require.NoError(t, err)
		w.scanner.Attest(t, d.image, fixture.ScanType, raw, true)
	}
	sign := func() { w.cosign[3].Sign(t, d.image, true) }
	if i == 37 {
		repository = w.unapproved.Host() + "/team/" + d.name
	}
	d.image = push(t, repository)
	switch i {
	case 3:
		d.code = "signed_images.unsigned"
		w.scan(t, d.image)
	case 7:
		d.code = "signed_images.untrusted"
		w.stranger.Sign(t, d.image, false)
		w.scan(t, d.image)
	case 11:
		d.code = "scanned_images.no_report"
		sign()
	case 15:
		d.code = "scanned_images.findings"
		sign()
		w.scan(t, d.image, fixture.Vulnerability{ID: "CVE-2024-3094", Package: "xz-utils", Installed: "5.6.0", Fixed: "5.6.1", Severity: "CRITICAL"})
	case 19:
		d.code = "scanned_images.scan_too_old"
		sign()
		scanned(now.Add(-10*24*time.Hour), now.Add(-10*24*time.Hour-time.Hour))
	case 23:
		d.code = "scanned_images.database_too_old"
		sign()
		scanned(now.Add(-time.Minute), now.Add(-20*24*time.Hour))
	default:
		sign()
		w.scan(t, d.image)
	}
	_, d.digest, _ = strings.Cut(d.image, "@")
	switch i {
	case 27: // what runs is fine, and the tag means another image now, which is fine too
		d.code = "pinned_digests.not_pinned"
		d.image = repository + ":v1"
		image, err := random.Image(64, 1)
		require.NoError(t, err)
		moved := write(t, repository, "v1", image)
		w.cosign[3].Sign(t, moved, true)
		w.scan(t, moved)
	case 37:
		d.code = "allowed_registries.not_allowed"
	}
	return d
}

// workload is what makes the five Pods: a Deployment, a Job, or nothing.
func (d unit) workload(i int) []string {
	spec := fmt.Sprintf("{containers: [{name: app, image: %q}], restartPolicy: %%s}", d.image)
	switch {
	case i == 37:
		return []string{fmt.Sprintf("{apiVersion: batch/v1, kind: Job, metadata: {name: %s, namespace: %s}, spec: {parallelism: 5, completions: 5, template: {spec: "+spec+"}}}", d.name, d.namespace, "Never")}
	case i >= 38:
		var pods []string
		for n := range 5 {
			pods = append(pods, fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: %s-%d, namespace: %s}, spec: "+spec+"}", d.name, n, d.namespace, "Always"))
		}
		return pods
	}
	return []string{fmt.Sprintf("{apiVersion: apps/v1, kind: Deployment, metadata: {name: %s, namespace: %s}, spec: {replicas: 5, selector: {matchLabels: {app: %[1]s}}, template: {metadata: {labels: {app: %[1]s}}, spec: "+strings.Replace(spec, "%s", "%[3]s", 1)+"}}}", d.name, d.namespace, "Always")}
}

// startPods waits for the Pods, and reports of each what a kubelet would.
func (w *world) startPods(t *testing.T, f *fleet) {
	t.Helper()
	var pods []string
	require.NoError(t, stack.Eventually(func() error {
		pods = nil
		for _, namespace := range fleetNamespaces {
			out, err := w.Run("get", "pods", "-n", namespace, "-o", `jsonpath={range .items[*]}{.metadata.namespace} {.metadata.name} {.spec.containers[0].image}{"\n"}{end}`)
			if err != nil {
				return err
			}
			pods = append(pods, strings.Split(strings.TrimSpace(out), "\n")...)
		}
		if len(pods) != fleetPods {
			return fmt.Errorf("%d Pods; expected %d", len(pods), fleetPods)
		}
		return nil
	}))
	started := time.Now().Add(-48 * time.Hour).UTC().Format(time.RFC3339)
	for n, line := range pods {
		fields := strings.Fields(line)
		at := slices.IndexFunc(f.images, func(d unit) bool { return d.image == fields[2] })
		require.GreaterOrEqual(t, at, 0, line)
		w.SetStatus(t, "/api/v1/namespaces/"+fields[0]+"/pods/"+fields[1], podStatus(f.images[at], n, started))
	}
}

// podStatus is the status of a Pod that runs, as containerd's kubelet reports it.
func podStatus(d unit, n int, started string) map[string]any {
	repository, _, _ := strings.Cut(d.image, "@")
	if tag := strings.LastIndex(repository, ":"); tag > strings.LastIndex(repository, "/") {
		repository = repository[:tag]
	}
	return map[string]any{
		"phase": "Running", "startTime": started, "podIP": fmt.Sprintf("10.1.0.%d", n+1),
		"conditions": []any{map[string]any{"type": "Ready", "status": "True", "lastTransitionTime": started}},
		"containerStatuses": []any{map[string]any{
			"name": "app", "image": d.image, "imageID": repository + "@" + d.digest, "containerID": fmt.Sprintf("containerd://%064x", n),
			"ready": true, "started": true, "restartCount": 0, "state": map[string]any{"running": map[string]any{"startedAt": started}},
		}},
	}
}

// attempts has a developer try five times to run what must not, and somebody
// without rights once, which is no denial of a policy.
func (w *world) attempts(t *testing.T, f *fleet) {
	t.Helper()
	const ns = "run-shop"
	w.Must(t, "create", "role", "developers", "--verb=get,list,create,update,patch,delete", "--resource=pods,deployments.apps", "-n="+ns)
	w.Must(t, "create", "rolebinding", "developers", "--role=developers", "--group=developers", "-n="+ns)
	as := []string{"-n=" + ns, "--as=dev@example", "--as-group=developers"}
	for n, i := range []int{3, 7, 11, 37} {
		w.refused(t, pod(fmt.Sprintf("attempt-%d", n), f.images[i].image), as...)
	}
	w.refused(t, fmt.Sprintf("{apiVersion: apps/v1, kind: Deployment, metadata: {name: attempt-4}, spec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: app, image: %q}]}}}}", f.images[37].image), as...)
	out, err := w.Apply(pod("intern", f.images[0].image), "-n="+ns, "--as=intern@example", "--as-group=interns")
	require.Error(t, err)
	require.Contains(t, out, `User "intern@example" cannot get resource "pods"`)
	out, err = w.RunWith([]byte(pod("intern", f.images[0].image)), "create", "-f", "-", "-n="+ns, "--as=intern@example", "--as-group=interns")
	require.Error(t, err)
	require.Contains(t, out, `User "intern@example" cannot create resource "pods"`)
	// What is fine gets in, and goes again.
	w.MustApply(t, pod("fine", f.images[0].image), as...)
	w.Must(t, "delete", "pod", "fine", "-n="+ns)
}

// fleetLog writes what the audit log holds of the fleet's namespaces to a file.
func (w *world) fleetLog(t *testing.T) string {
	t.Helper()
	var lines []string
	require.NoError(t, stack.Eventually(func() error { // it is written after the answer
		lines = w.AuditEvents(t, `"namespace":"run-`)
		denied := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.Contains(line, "denied the request") })
		if len(denied) != 5 {
			return fmt.Errorf("%d denials in the audit log; expected 5", len(denied))
		}
		return nil
	}))
	path := filepath.Join(t.TempDir(), "audit.log")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600))
	return path
}

// config is the operator's configuration with the policy of the constraints.
func (w *world) config(t *testing.T) string {
	t.Helper()
	path := w.waxsealYAML(t)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	policies, err := json.Marshal(w.policy())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, fmt.Appendf(raw, "policies: %s\n", policies), 0o600))
	return path
}

// transcript is what `waxseal probe -o json` prints.
type transcript struct {
	Probes []struct {
		Name, Namespace, Outcome, By, Verdict, Message string
		Codes                                          []string
	}
	Line string
}

// probed shows that the dry runs are refused by the rules that have to, in each namespace.
func (w *world) probed(t *testing.T, f *fleet) {
	t.Helper()
	before := w.Must(t, "get", "pods", "-A", "-o=name")
	args := []string{"probe", "-n", strings.Join(fleetNamespaces, ","), "--repository", w.registry.Host() + "/team/nobody", "--acceptable", f.images[0].image}
	for _, d := range f.images {
		if d.code != "" && d.code != "pinned_digests.not_pinned" {
			name := strings.ReplaceAll(d.code, ".", "-")
			args = append(args, "--refused", name+"="+d.image, "--rule", name+"="+d.code)
		}
	}
	out, err := w.Waxseal(t).Run(append(args, "-o", "json")...)
	require.NoError(t, err, out)
	var got transcript
	require.NoError(t, json.Unmarshal([]byte(out), &got), out)
	assert.Equal(t, "33 of 33 dry runs were answered as expected", got.Line)
	for _, p := range got.Probes {
		assert.Equal(t, "as_expected", p.Verdict, p.Name)
		if p.Name == "acceptable" {
			assert.Equal(t, "admitted", p.Outcome)
			continue
		}
		assert.Equal(t, "validation.gatekeeper.sh", p.By, p.Name)
		assert.Contains(t, p.Message, `admission webhook "validation.gatekeeper.sh" denied the request: [images] image `, p.Name)
	}
	assert.Equal(t, before, w.Must(t, "get", "pods", "-A", "-o=name"), "nothing is left behind")
	// Who may not create Pods is told so, and does not take that for a denial.
	w.Must(t, "create", "serviceaccount", "auditor", "-n=run-web")
	out, err = stack.WaxsealAs(t, w.Account(t, "run-web", "auditor")).Run("probe", "-n", "run-web", "--repository", w.registry.Host()+"/team/nobody")
	require.ErrorContains(t, err, "exit status 2", out)
	assert.Contains(t, out, "you may not create Pods here, so that nothing was asked")
}

// today is what `waxseal admit --cluster -o json` prints, as far as it matters here.
type today struct {
	Decisions []struct {
		Kind, Namespace, Name, Verdict string
		Violations                     []struct{ Code, Image string }
	}
	Study struct {
		Lines []string
		Facts struct {
			Pods   int
			Groups []struct {
				Name    string
				Denied  int
				Objects int
			}
		}
	}
}

// admitsToday shows that exactly the images in violation would be denied today,
// and for what.
func (w *world) admitsToday(t *testing.T, f *fleet) {
	t.Helper()
	config := w.config(t)
	out, err := w.Waxseal(t).Run("admit", "--cluster", "-c", config, "-n", strings.Join(fleetNamespaces, ","), "--by", "label:team", "-o", "json")
	require.ErrorContains(t, err, "exit status 1", out)
	var got today
	require.NoError(t, json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &got), out)
	var want, found []string
	for _, d := range f.images {
		if d.code != "" {
			want = append(want, d.image+" "+d.code)
		}
	}
	for _, d := range got.Decisions {
		for _, v := range d.Violations {
			found = append(found, v.Image+" "+v.Code)
		}
	}
	slices.Sort(found) // two bare Pods of one image would say it twice
	assert.ElementsMatch(t, want, slices.Compact(found))
	assert.Equal(t, fleetPods, got.Study.Facts.Pods)
	assert.Equal(t, []string{"8 of 48 objects would be denied today, with 40 of 200 Pods"}, got.Study.Lines)
}

// auditReport is what `waxseal audit -o json` prints, as far as it matters here.
type auditReport struct {
	Summary struct{ Pods, Images, Judged int }
	Images  []struct {
		Digest, Verdict string
		Pods            int
		Codes           []string
		TagState        string `json:"tag_state"`
	}
	Logs struct {
		Rejections []struct {
			User, Namespace, Image, Rule string
			Count                        int
		}
		RBAC int
	}
}

// auditYAML is the scope of an audit of the fleet, with the log of the attempts.
func (w *world) auditYAML(t *testing.T, f *fleet) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.yaml")
	now := time.Now().UTC()
	raw, err := json.Marshal(map[string]any{
		"version": 1, "title": "what runs", "config": w.config(t),
		"period":   map[string]any{"from": now.AddDate(0, 0, -1).Format(time.DateOnly), "to": now.Format(time.DateOnly)},
		"clusters": []any{map[string]any{"name": "e2e", "kubeconfig": w.Kubeconfig, "namespaces": fleetNamespaces}},
		"logs":     []any{map[string]any{"files": []string{f.log}, "cluster": "e2e"}},
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	return path
}

// auditFinds shows that an audit finds the images in violation, and no other, and
// the attempts, and no other.
func (w *world) auditFinds(t *testing.T, f *fleet) {
	t.Helper()
	out, err := w.Waxseal(t).Run("audit", "-f", w.auditYAML(t, f), "-o", "json")
	require.ErrorContains(t, err, "exit status 1", out)
	var got auditReport
	require.NoError(t, json.Unmarshal([]byte(out[strings.Index(out, "{"):]), &got), out)
	assert.Equal(t, fleetPods, got.Summary.Pods)
	assert.Equal(t, fleetImages, got.Summary.Images)
	var want, found []string
	for _, u := range f.images {
		switch u.code {
		case "":
		case "pinned_digests.not_pinned": // its digest is fine; that its tag means another one now is not
			want = append(want, u.digest+" moved []")
		default:
			want = append(want, u.digest+" "+u.code)
		}
	}
	for _, i := range got.Images {
		assert.Equal(t, 5, i.Pods, i.Digest)
		switch {
		case i.Verdict != "admitted":
			found = append(found, i.Digest+" "+strings.Join(i.Codes, ","))
		case i.TagState == "moved":
			found = append(found, i.Digest+" moved "+fmt.Sprint(i.Codes))
		}
	}
	assert.ElementsMatch(t, want, found)
	attempts, wanted := map[string]int{}, map[string]int{}
	for _, r := range got.Logs.Rejections {
		attempts[r.User+" "+r.Namespace+" "+r.Image+" "+r.Rule] += r.Count
	}
	for _, i := range []int{3, 7, 11, 37, 37} { // the last as a Pod and as a Deployment
		wanted["admin as dev@example run-shop "+f.images[i].image+" "+f.images[i].code]++
	}
	assert.Equal(t, wanted, attempts)
	assert.Equal(t, 1, got.Logs.RBAC)
}
