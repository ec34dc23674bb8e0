package scope_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	kubectl "sigs.k8s.io/yaml"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
)

var update = flag.Bool("update", false, "write docs/audit.yaml.schema.json")

const whole = `version: 1
title: Payment platform, 2026 Q4
period: {from: 2026-08-01, to: 2026-11-01}
config: waxseal.yaml
clusters:
  - {name: prod-eu, context: prod-eu, kubeconfig: keys/config, namespaces: [shop], exclude: [kube-*]}
  - {name: staging, manifests: [deploy/, /etc/admission]}
registries: [Registry.example, mirror.example/dockerhub]
repositories: [{name: shop, dir: ../shop}, {dir: tools}]
logs: [{files: ["logs/audit-*.log.gz"], format: eks, cluster: prod-eu}, {files: [a.log], registry: Registry.example}]
sample: {size: 20, seed: 0}
probes:
  namespaces: [shop]
  images: {unsigned: r.example/u, acceptable: r.example/a}
  more: [{name: old, image: r.example/o, expected: refused, rule: scanned_images}]
`

func TestParse(t *testing.T) {
	s, err := scope.Parse("audit.yaml", []byte(whole), "/srv/dir")
	require.NoError(t, err)
	require.NoError(t, s.Check())
	zero := int64(0)
	require.Equal(t, &scope.Scope{
		File: "audit.yaml", Title: "Payment platform, 2026 Q4", From: "2026-08-01", To: "2026-11-01", Config: "/srv/dir/waxseal.yaml",
		Clusters: []scope.Cluster{
			{Name: "prod-eu", Context: "prod-eu", Kubeconfig: "/srv/dir/keys/config", Namespaces: []string{"shop"}, Exclude: []string{"kube-*"}},
			{Name: "staging", Manifests: []string{"/srv/dir/deploy", "/etc/admission"}},
		},
		Registries:   []string{"registry.example", "mirror.example/dockerhub"},
		Repositories: []scope.Repository{{Name: "shop", Dir: "/srv/shop"}, {Name: "tools", Dir: "/srv/dir/tools"}},
		Logs:         []scope.Logs{{Files: []string{"/srv/dir/logs/audit-*.log.gz"}, Format: "eks", Cluster: "prod-eu"}, {Files: []string{"/srv/dir/a.log"}, Format: "auto", Registry: "registry.example"}},
		Sample:       scope.Sample{Size: 20, Seed: &zero},
		Probes: scope.Probes{
			Namespaces: []string{"shop"}, Images: scope.Images{Unsigned: "r.example/u", Acceptable: "r.example/a"},
			More: []scope.Probe{{Name: "old", Image: "r.example/o", Expected: "refused", Rule: "scanned_images"}},
		},
	}, s)
}

func TestProblems(t *testing.T) {
	for name, row := range map[string]struct{ text, want string }{
		"empty":               {"", "audit.yaml: empty"},
		"not YAML":            {"a: [", "audit.yaml:1: this is not YAML: did not find expected node content"},
		"unknown key":         {"version: 1\nclustres: []", "audit.yaml:2:1: clustres: unknown key; did you mean clusters?"},
		"no version":          {"title: x", "audit.yaml:1:1: version: missing: the version of this format; write version: 1"},
		"another version":     {"version: 2", "audit.yaml:1:10: version: expected 1, the only version there is, found 2"},
		"not a date":          {"version: 1\nperiod: {from: yesterday}", `audit.yaml:2:16: period.from: expected a date such as 2026-11-21, or a time such as 2026-11-21T15:04:05Z, found "yesterday"`},
		"backwards":           {"version: 1\nperiod: {from: 2026-08-02, to: 2026-08-01}", `audit.yaml:2:10: period.from: period: it begins 2026-08-02T00:00:00Z, after its end 2026-08-01T23:59:59Z`},
		"too much of a time":  {"version: 1\nperiod: {from: 2026-08-01, to: 2026-08-02, days: 3}", "audit.yaml:2:44: period.days: from and to say how long the period is; keep two of the three"},
		"no days":             {"version: 1\nperiod: {days: 0}", "audit.yaml:2:16: period.days: expected a whole number from 1, found 0"},
		"cluster of no name":  {"version: 1\nclusters: [{context: a}]", "audit.yaml:2:12: clusters[0].name: missing: for the report"},
		"two of a name":       {"version: 1\nclusters: [{name: a}, {name: a}]", `audit.yaml:2:24: clusters[1].name: two clusters are called "a"`},
		"both ways":           {"version: 1\nclusters: [{name: a, context: b, manifests: [c]}]", "audit.yaml:2:34: clusters[0].manifests: files are read in place of an API server: name them as a cluster of their own, without context, kubeconfig, namespaces and exclude"},
		"no namespace":        {"version: 1\nclusters: [{name: a, namespaces: [shop/web]}]", `audit.yaml:2:35: clusters[0].namespaces[0]: "shop/web" is not the name of a namespace`},
		"no list":             {"version: 1\nclusters: []", "audit.yaml:2:11: clusters: empty: the clusters"},
		"not excluded":        {"version: 1\nclusters: [{name: a, exclude: ['kube_*']}]", `audit.yaml:2:32: clusters[0].exclude[0]: "kube_*" is not the name of a namespace, nor one with stars`},
		"a URL":               {"version: 1\nregistries: ['https://r.example']", `audit.yaml:2:14: registries[0]: "https://r.example" is not a host, or a host with a path, such as registry.example/team`},
		"repository":          {"version: 1\nrepositories: [{name: a}]", "audit.yaml:2:16: repositories[0].dir: missing: path of its root"},
		"two repositories":    {"version: 1\nrepositories: [{dir: x/a}, {dir: y/a}]", `audit.yaml:2:28: repositories[1]: two repositories are called "a"; give one of them another name`},
		"format":              {"version: 1\nlogs: [{files: [a], format: csv}]", `audit.yaml:2:29: logs[0].format: expected text, found "csv": there are aks, auto, distribution, eks, events, gatekeeper, gke, harbor, kubernetes-audit, opa-decisions, registry-access`},
		"pattern":             {"version: 1\nlogs: [{files: ['a[']}]", `audit.yaml:2:17: logs[0].files[0]: "a[" is not a pattern of file names: syntax error in pattern`},
		"logs of a cluster":   {"version: 1\nlogs: [{files: [a], cluster: b}]", `audit.yaml:2:21: logs[0].cluster: no cluster is called "b"`},
		"logs of a registry":  {"version: 1\nlogs: [{files: [a], registry: a b}]", `audit.yaml:2:21: logs[0].registry: "a b" is not a host, or a host with a path, such as registry.example/team`},
		"a seed of text":      {"version: 1\nsample: {seed: x}", `audit.yaml:2:16: sample.seed: expected a whole number, found "x"`},
		"a huge seed":         {"version: 1\nsample: {seed: 9007199254740993}", `audit.yaml:2:16: sample.seed: expected a whole number, found 9007199254740993: out of range`},
		"a probe":             {"version: 1\nprobes: {more: [{name: a, image: b, expected: maybe}]}", `audit.yaml:2:47: probes.more[0].expected: expected text, found "maybe": there are admitted, refused`},
		"a probe of the four": {"version: 1\nprobes: {more: [{name: unsigned, image: b, expected: refused}]}", `audit.yaml:2:18: probes.more[0].name: another probe is called "unsigned"`},
		"a rule that admits":  {"version: 1\nprobes: {more: [{name: a, image: b, expected: admitted, rule: x}]}", `audit.yaml:2:57: probes.more[0].rule: it has to be admitted: no rule refuses it`},
		"all at once": {"version: 1\nsample: {size: 0}\nregistries: [1, 'a b']\ntitel: x", `audit.yaml:2:16: sample.size: expected a whole number from 1, found 0
audit.yaml:3:14: registries[0]: expected text, found 1: put it in quotes
audit.yaml:3:17: registries[1]: "a b" is not a host, or a host with a path, such as registry.example/team
audit.yaml:4:1: titel: unknown key; did you mean title?`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := scope.Parse("audit.yaml", []byte(row.text), ".")
			require.EqualError(t, err, row.want)
		})
	}
	_, err := scope.Load(filepath.Join(t.TempDir(), "audit.yaml"))
	require.ErrorContains(t, err, "audit.yaml: open ")
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "audit.yaml")
	require.NoError(t, os.WriteFile(file, []byte("version: 1\nrepositories: [{dir: .}]\nconfig: w.yaml"), 0o600))
	s, err := scope.Load(file)
	require.NoError(t, err)
	require.Equal(t, []scope.Repository{{Name: filepath.Base(dir), Dir: dir}}, s.Repositories)
	require.Equal(t, filepath.Join(dir, "w.yaml"), s.Config)
}

func TestPeriod(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 30, 15, 5, time.FixedZone("", 3600))
	for name, row := range map[string]struct {
		scope scope.Scope
		want  audit.Period
	}{
		"the default":       {scope.Scope{}, audit.Period{From: "2026-08-23T11:30:15Z", To: "2026-11-21T11:30:15Z"}},
		"days":              {scope.Scope{Days: 1}, audit.Period{From: "2026-11-20T11:30:15Z", To: "2026-11-21T11:30:15Z"}},
		"dates":             {scope.Scope{From: "2026-08-01", To: "2026-08-01"}, audit.Period{From: "2026-08-01T00:00:00Z", To: "2026-08-01T23:59:59Z"}},
		"until now":         {scope.Scope{From: "2026-11-01T01:00:00+01:00"}, audit.Period{From: "2026-11-01T00:00:00Z", To: "2026-11-21T11:30:15Z"}},
		"before an end":     {scope.Scope{To: "2026-11-01T00:00:00Z", Days: 31}, audit.Period{From: "2026-10-01T00:00:00Z", To: "2026-11-01T00:00:00Z"}},
		"90 days before it": {scope.Scope{To: "2026-04-01T00:00:00Z"}, audit.Period{From: "2026-01-01T00:00:00Z", To: "2026-04-01T00:00:00Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := row.scope.Period(now)
			require.NoError(t, err)
			require.Equal(t, row.want, got)
		})
	}
	_, err := (&scope.Scope{From: "2026-11-22"}).Period(now)
	require.EqualError(t, err, "period: it begins 2026-11-22T00:00:00Z, after its end 2026-11-21T11:30:15Z")
}

func TestMerge(t *testing.T) {
	seed := int64(7)
	for name, row := range map[string]struct {
		flags scope.Flags
		want  func(*scope.Scope)
	}{
		"nothing":         {scope.Flags{}, func(*scope.Scope) {}},
		"one of the file": {scope.Flags{Clusters: []string{"staging"}}, func(s *scope.Scope) { s.Clusters = s.Clusters[1:] }},
		"a context":       {scope.Flags{Clusters: []string{"other"}}, func(s *scope.Scope) { s.Clusters = []scope.Cluster{{Name: "other", Context: "other"}} }},
		"the current one": {scope.Flags{Clusters: []string{""}}, func(s *scope.Scope) { s.Clusters = []scope.Cluster{{Name: "current"}} }},
		"namespaces of all": {scope.Flags{Namespaces: []string{"a"}, Exclude: []string{"b"}, Kubeconfig: "k"}, func(s *scope.Scope) {
			c := &s.Clusters[0]
			c.Namespaces, c.Exclude, c.Kubeconfig = []string{"a"}, []string{"b"}, "k"
		}},
		"manifests": {scope.Flags{Manifests: []string{"x"}}, func(s *scope.Scope) {
			s.Clusters = append(s.Clusters, scope.Cluster{Name: "manifests", Manifests: []string{"x"}})
		}},
		"registries": {scope.Flags{Registries: []string{"a.example"}}, func(s *scope.Scope) { s.Registries = []string{"a.example"} }},
		"repositories": {scope.Flags{Repositories: []string{"/x/y", "n=/x/y", "./a=b"}}, func(s *scope.Scope) {
			s.Repositories = []scope.Repository{{Name: "y", Dir: "/x/y"}, {Name: "n", Dir: "/x/y"}, {Name: "a=b", Dir: "./a=b"}}
		}},
		"logs": {scope.Flags{Logs: []string{"a.log", "gke=b.log"}}, func(s *scope.Scope) {
			s.Logs = []scope.Logs{{Files: []string{"a.log"}, Format: "auto"}, {Files: []string{"b.log"}, Format: "gke"}}
		}},
		"another period":   {scope.Flags{Days: 7}, func(s *scope.Scope) { s.From, s.To, s.Days = "", "", 7 }},
		"sample and title": {scope.Flags{Sample: 5, Seed: &seed, Title: "t"}, func(s *scope.Scope) { s.Sample, s.Title = scope.Sample{Size: 5, Seed: &seed}, "t" }},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := scope.Parse("audit.yaml", []byte(whole), "/srv/dir")
			require.NoError(t, err)
			require.NoError(t, s.Merge(row.flags))
			want, err := scope.Parse("audit.yaml", []byte(whole), "/srv/dir")
			require.NoError(t, err)
			row.want(want)
			require.Equal(t, want, s)
			require.NoError(t, s.Check())
		})
	}
}

func TestMergeIntoNothing(t *testing.T) {
	s := scope.Default()
	require.NoError(t, s.Merge(scope.Flags{Kubeconfig: "k", Namespaces: []string{"shop"}}))
	require.Equal(t, []scope.Cluster{{Name: "current", Kubeconfig: "k", Namespaces: []string{"shop"}}}, s.Clusters)
	require.NoError(t, s.Check())

	err := scope.Default().Merge(scope.Flags{From: "x", To: "y", Days: -1, Sample: -1, Registries: []string{"http://a"}})
	require.EqualError(t, err, `--from x: expected a date such as 2026-11-21, or a time such as 2026-11-21T15:04:05Z
--to y: expected a date such as 2026-11-21, or a time such as 2026-11-21T15:04:05Z
--days -1: expected a number of days
--registry: "http://a" is not a host, or a host with a path, such as registry.example/team
--sample -1: expected a number of images, or 0 for all`)
}

func TestCheck(t *testing.T) {
	require.EqualError(t, scope.Default().Check(), "nothing to audit: name a cluster (--cluster, or --context NAME), admission configuration (--manifests DIR), a source repository (--repository DIR) or logs (--log FILE), or write them into audit.yaml")
	require.ErrorContains(t, (&scope.Scope{Registries: []string{"a.example"}}).Check(), "nothing to audit: the registries a.example say")
	twice := &scope.Scope{Clusters: []scope.Cluster{{Name: "a"}, {Name: "a", Namespaces: []string{"../x"}}}}
	require.EqualError(t, twice.Check(), "clusters[1].name: two clusters are called \"a\"\nclusters[1].namespaces[0]: \"../x\" is not the name of a namespace")
}

// docs/audit.yaml.schema.json is generated: go test ./cmd/waxseal/internal/audit/scope -update.
func TestSchema(t *testing.T) {
	raw, err := scope.Schema()
	require.NoError(t, err)
	const published = "../../../../../docs/audit.yaml.schema.json"
	if *update {
		require.NoError(t, os.WriteFile(published, raw, 0o644))
	}
	want, err := os.ReadFile(published)
	require.NoError(t, err)
	require.Equal(t, string(want), string(raw), "run make generate")
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource(scope.SchemaID, document))
	schema, err := c.Compile(scope.SchemaID)
	require.NoError(t, err)
	for text, ok := range map[string]bool{
		whole: true, "version: 1": true, "version: 2": false, whole + "more: 1": false,
		strings.Replace(whole, "seed: 0", "seed: 0.5", 1): false, strings.Replace(whole, "2026-08-01", "soon", 1): false,
	} {
		plain, err := kubectl.YAMLToJSON([]byte(text))
		require.NoError(t, err)
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(plain))
		require.NoError(t, err)
		require.Equal(t, ok, schema.Validate(value) == nil, text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add("version: 1\nclusters: [{name: a}]")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := scope.Parse("audit.yaml", []byte(text), "/srv/dir")
		require.NotEqual(t, s == nil, err == nil)
		if err == nil {
			_ = s.Check() // nothing to audit is no problem of the file
		}
	})
}
