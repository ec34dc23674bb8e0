package probe

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

// Run tries the probes of cfg in a cluster, whose name stands in the answer. What
// could not be tried, and probes of table A that have no image, are in missing.
func Run(ctx context.Context, api *cluster.API, name string, cfg Config) ([]audit.Probe, []audit.Missing) {
	r := &run{api: api, cluster: name, cfg: cfg, id: newRun(), probes: []audit.Probe{}, missing: cfg.Untried(name)}
	r.cfg.Timeout = cmp.Or(cfg.Timeout, 30*time.Second)
	if r.cfg.Now == nil {
		r.cfg.Now = time.Now
	}
	specs, err := cfg.Specs()
	if err == nil {
		err = r.knowsDryRuns(ctx)
	}
	if err != nil {
		r.miss("", err.Error())
		sortMissing(r.missing)
		return r.probes, r.missing
	}
	namespaces := cfg.Namespaces
	if len(namespaces) == 0 {
		namespaces = []string{"default"}
	}
	for _, namespace := range slices.Compact(slices.Sorted(slices.Values(namespaces))) {
		for _, s := range specs {
			r.probes = append(r.probes, r.try(ctx, namespace, s))
		}
	}
	slices.SortFunc(r.probes, func(a, b audit.Probe) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	sortMissing(r.missing)
	return r.probes, r.missing
}

type run struct {
	api     *cluster.API
	cluster string
	cfg     Config
	id      string
	probes  []audit.Probe
	missing []audit.Missing
}

func (r *run) miss(what, why string) {
	name := r.cluster
	if what != "" {
		name += "/" + what
	}
	r.missing = append(r.missing, audit.Missing{Part: "probe", Name: name, Why: why, Rests: "probes"})
}

var leadingDigits = regexp.MustCompile(`^[0-9]+`)

// oldest is the first minor version of Kubernetes 1 of which every webhook has to
// say whether a dry run is safe, and is asked or refuses.
const oldest = 19

// knowsDryRuns refuses servers that might take a dry run for a run.
func (r *run) knowsDryRuns(ctx context.Context) error {
	var version struct{ Major, Minor, GitVersion string }
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	if err := r.api.Get(ctx, "/version", &version); err != nil {
		return fmt.Errorf("the version of the API server: %w: nothing was tried, because it might not know dry runs", err)
	}
	major, notMajor := strconv.Atoi(version.Major)
	minor, notMinor := strconv.Atoi(leadingDigits.FindString(version.Minor))
	if notMajor != nil || notMinor != nil {
		return fmt.Errorf("the API server names no version (%q, %q): nothing was tried, because it might not know dry runs", version.Major, version.Minor)
	}
	if major < 1 || major == 1 && minor < oldest {
		return fmt.Errorf("the API server is Kubernetes %s: nothing was tried, because dry runs are safe from 1.%d on", version.GitVersion, oldest)
	}
	return nil
}

// try makes one dry run.
func (r *run) try(ctx context.Context, namespace string, s Spec) audit.Probe {
	p := audit.Probe{
		Name: s.Name, Cluster: r.cluster, Namespace: namespace, Image: s.Image, Expected: s.Expected, Rule: s.Rule,
		Outcome: Failed, Codes: []string{}, Warnings: []string{}, At: r.cfg.Now().UTC().Format(time.RFC3339),
	}
	asked, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	answer, err := r.api.Ask(asked, http.MethodPost, pods(namespace)+"?dryRun=All&fieldManager=waxseal-probe&fieldValidation=Ignore", pod(s.Name, s.Image, r.id))
	if err != nil {
		p.Message = err.Error()
		r.nothingStays(ctx, &p)
		return p
	}
	p.Status, p.Warnings = answer.Code, answer.Warnings
	if failed := answer.Failed(); failed != nil {
		if status, ok := errors.AsType[*cluster.StatusError](failed); ok {
			p.Message = cut(status.Message)
		}
		p.Outcome, p.By = answered(p.Status, p.Message)
		if p.Outcome == Refused {
			p.Codes, _ = codes(p.Message)
		}
		return p
	}
	if err := isPod(answer.Body, podName(s.Name)); err != nil {
		p.Message = err.Error()
	} else {
		p.Outcome = Admitted
	}
	r.nothingStays(ctx, &p)
	return p
}

// maxMessage bounds what is kept of a message.
const maxMessage = 64 << 10

func cut(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage], "") + fmt.Sprintf("… (%d bytes more)", len(message)-maxMessage)
}

func pods(namespace string) string {
	return "/api/v1/namespaces/" + url.PathEscape(namespace) + "/pods"
}

// isPod says whether an answer is that of an API server to the Pod of this name.
func isPod(body []byte, name string) error {
	var object struct {
		Kind     string
		Metadata struct{ Name string }
	}
	if json.Unmarshal(body, &object) != nil || object.Kind != "Pod" || object.Metadata.Name != name {
		return errors.New("the answer is a success and not the Pod that was sent, which no API server answers: see what stands between")
	}
	return nil
}
