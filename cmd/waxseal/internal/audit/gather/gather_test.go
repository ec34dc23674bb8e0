package gather_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/scope"
)

// write writes files below a folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

const policy = `apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: signed}
spec: {validationFailureAction: Enforce, rules: [{name: r, match: {any: [{resources: {kinds: [Pod]}}]}, verifyImages: [{imageReferences: ["*"]}]}]}
`

func TestManifests(t *testing.T) {
	dir := write(t, map[string]string{
		"a.yaml":      policy + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {template: {spec: {containers: [{name: c, image: web:1, env: [{name: A, value: hunter2}]}]}}}\n",
		"secret.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: hunter2}\n",
		"values.yaml": "validators: [{name: default, type: static, auth: {password: hunter2}}]\npolicy: [{pattern: '*:*'}]\n",
		"broken.yaml": "a: [",
	})
	g := gathered(t, &scope.Scope{Clusters: []scope.Cluster{{Name: "staging", Manifests: []string{dir, dir + "/nothing"}}}})
	c := g.Clusters[0]
	require.Equal(t, []string{"apps/Deployment shop/web web:1"}, workloads(c.Configuration))
	require.False(t, c.Configuration.Complete)
	require.Equal(t, filepath.Join(dir, "a.yaml"), c.Configuration.Rules[0].Object.File)
	require.Equal(t, 4, c.Configuration.Rules[0].Line)
	require.Len(t, c.Exported, 1)
	require.Equal(t, "ClusterPolicy", c.Exported[0]["kind"])
	require.Len(t, g.Missing, 2)
	require.Contains(t, g.Missing[0].Why, "broken.yaml: document 1")
	require.Contains(t, g.Missing[1].Why, "nothing: no such file or directory")
	require.Empty(t, g.Images)
	raw, err := json.Marshal(g)
	require.NoError(t, err)
	require.NotContains(t, string(raw), "hunter2")

	empty := gathered(t, &scope.Scope{Clusters: []scope.Cluster{{Name: "staging", Manifests: []string{t.TempDir()}}}})
	require.Len(t, empty.Missing, 1)
	require.Contains(t, empty.Missing[0].Why, "the folder holds no *.yaml")
	comment := filepath.Join(write(t, map[string]string{"a.yaml": "# nothing\n"}), "a.yaml")
	empty = gathered(t, &scope.Scope{Clusters: []scope.Cluster{{Name: "staging", Manifests: []string{comment}}}})
	require.Equal(t, []string{"enforcement cluster staging: " + comment + ": empty: expected Kubernetes objects"}, whys(empty.Missing))
}

const workflow = "on: push\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n      - run: docker build -t r.example/a:1 . && docker push r.example/a:1\n"

func TestRepositories(t *testing.T) {
	head := "0123456789abcdef0123456789abcdef01234567"
	for name, row := range map[string]struct {
		files  map[string]string
		commit string
	}{
		"no repository of git": {nil, ""},
		"a branch":             {map[string]string{".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": head + "\n"}, head},
		"packed":               {map[string]string{".git/HEAD": "ref: refs/heads/main\n", ".git/packed-refs": "# pack-refs with: peeled\nffff456789abcdef0123456789abcdef01234567 refs/heads/other\n" + head + " refs/heads/main\n^" + head + "\n"}, head},
		"detached":             {map[string]string{".git/HEAD": head + "\n"}, head},
		"SHA-256":              {map[string]string{".git/HEAD": head + head[:24] + "\n"}, head + head[:24]},
		"a worktree":           {map[string]string{".git": "gitdir: ../main/.git/worktrees/w\n"}, ""},
		"no commit yet":        {map[string]string{".git/HEAD": "ref: refs/heads/main\n"}, ""},
		"a table of refs":      {map[string]string{".git/HEAD": "ref: refs/heads/.invalid\n", ".git/reftable/tables.list": ""}, ""},
		"out of the folder":    {map[string]string{".git/HEAD": "ref: refs/../../secret\n", "secret": head + "\n"}, ""},
		"no hash":              {map[string]string{".git/HEAD": "hunter2\n"}, ""},
		"in a circle":          {map[string]string{".git/HEAD": "ref: refs/heads/a\n", ".git/refs/heads/a": "ref: refs/heads/a\n"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{".github/workflows/ci.yml": workflow}
			for name, text := range row.files {
				files[name] = text
			}
			dir := write(t, files)
			g := gathered(t, &scope.Scope{Repositories: []scope.Repository{{Name: "shop", Dir: dir}}})
			require.Empty(t, g.Missing)
			require.Equal(t, "shop", g.Repositories[0].Name)
			require.Equal(t, row.commit, g.Repositories[0].Commit)
			require.Len(t, g.Repositories[0].Facts.Images, 1)
		})
	}
	dir := write(t, map[string]string{
		"w/.git": "gitdir: ../main/.git/worktrees/w\n", "main/.git/worktrees/w/HEAD": "ref: refs/heads/x\n", "main/.git/worktrees/w/commondir": "../..\n", "main/.git/refs/heads/x": head,
	})
	g := gathered(t, &scope.Scope{Repositories: []scope.Repository{{Name: "w", Dir: filepath.Join(dir, "w")}, {Name: "gone", Dir: filepath.Join(dir, "gone")}}})
	require.Equal(t, []string{"gone ", "w " + head}, []string{g.Repositories[0].Name + " " + g.Repositories[0].Commit, g.Repositories[1].Name + " " + g.Repositories[1].Commit})
	require.Nil(t, g.Repositories[0].Facts)
	require.Len(t, g.Missing, 1)
	require.Equal(t, "pipelines repository gone", g.Missing[0].Rests+" "+g.Missing[0].Part+" "+g.Missing[0].Name)
}

func TestLogs(t *testing.T) {
	dir := write(t, map[string]string{"audit-1.log": "", "audit-2.log": "", "other.log": ""})
	s := &scope.Scope{From: "2026-11-01", Logs: []scope.Logs{
		{Files: []string{dir + "/audit-*.log", dir + "/none-*.log"}, Format: "eks", Cluster: "prod"}, {Files: []string{dir + "/*.log"}, Format: "auto", Registry: "r.example"},
	}}
	o := options()
	var read []gather.LogSource
	var of audit.Period
	o.Logs = func(_ context.Context, sources []gather.LogSource, period audit.Period) (audit.Logs, []audit.Missing, error) {
		read, of = sources, period
		return audit.Logs{RBAC: 3, Reasons: []audit.Reason{}}, []audit.Missing{{Part: "log", Name: "x", Rests: "logs"}}, nil
	}
	g, err := gather.Gather(t.Context(), s, nil, o)
	require.NoError(t, err)
	require.Equal(t, []gather.LogSource{
		{Name: dir + "/audit-1.log", Path: dir + "/audit-1.log", Format: "eks", Cluster: "prod"}, {Name: dir + "/audit-2.log", Path: dir + "/audit-2.log", Format: "eks", Cluster: "prod"},
		{Name: dir + "/other.log", Path: dir + "/other.log", Format: "auto", Registry: "r.example"},
	}, read)
	require.Equal(t, audit.Period{From: "2026-11-01T00:00:00Z", To: "2026-11-21T12:00:00Z"}, of)
	require.Equal(t, of, g.Period)
	require.Equal(t, []string{dir + "/audit-1.log", dir + "/audit-2.log", dir + "/other.log"}, g.LogFiles)
	require.Equal(t, []string{"logs log " + dir + "/none-*.log: there is no such file", "logs log x: "}, whys(g.Missing))
	require.Equal(t, audit.Logs{Sources: []audit.LogSource{}, Rejections: []audit.Rejection{}, Admissions: []audit.Admission{}, RBAC: 3, Reasons: []audit.Reason{}}, g.Logs)

	g = gathered(t, s) // nobody reads logs
	require.Len(t, g.Missing, 2)
	o.Logs = func(context.Context, []gather.LogSource, audit.Period) (audit.Logs, []audit.Missing, error) {
		return audit.Logs{}, nil, errors.New("broken")
	}
	_, err = gather.Gather(t.Context(), s, nil, o)
	require.EqualError(t, err, "broken")
}

func TestRest(t *testing.T) {
	s := of(serve(t, shopWorld(t)))
	s.Title, s.Registries, s.Sample.Size = "t", []string{"b.example", "a.example", "b.example"}, 20
	s.Clusters = append(s.Clusters, scope.Cluster{Name: "gone", Kubeconfig: "/nothing"})
	o, cfg := options(), config.Default()
	o.Keys = func(c *config.Config, clusters []gather.Cluster) ([]audit.Key, []audit.Identity, []audit.Missing) {
		require.Same(t, cfg, c)
		require.Len(t, clusters, 2)
		require.NotNil(t, clusters[0].Configuration)
		return []audit.Key{{Name: "k"}}, []audit.Identity{{Issuer: "i"}}, []audit.Missing{{Part: "key", Rests: "keys"}}
	}
	o.Probes = func(_ context.Context, of *scope.Scope) ([]audit.Probe, []audit.Missing, error) {
		require.Same(t, s, of)
		return []audit.Probe{{Name: "unsigned"}}, []audit.Missing{{Part: "probe", Rests: "probes"}}, nil
	}
	var ticks atomic.Int64
	o.Clock = func() time.Time { return clock.Add(time.Duration(ticks.Add(1)) * time.Minute) }
	done := map[string]int{}
	o.Progress = func(e gather.Event) { // one at a time
		if e.Done {
			done[e.Part]++
		}
	}
	g, err := gather.Gather(t.Context(), s, cfg, o)
	require.NoError(t, err)
	require.Equal(t, []audit.Key{{Name: "k"}}, g.Keys)
	require.Equal(t, []audit.Identity{{Issuer: "i"}}, g.Identities)
	require.Equal(t, []audit.Probe{{Name: "unsigned"}}, g.Probes)
	require.Equal(t, []string{"enforcement", "images", "keys", "probes"}, []string{g.Missing[0].Rests, g.Missing[1].Rests, g.Missing[2].Rests, g.Missing[3].Rests})
	require.Equal(t, map[string]int{"cluster": 2, "keys": 1, "probes": 1}, done)
	require.Equal(t, []string{"a.example", "b.example"}, g.Registries)
	require.Equal(t, "t", g.Title)
	require.Equal(t, 20, g.Size)
	require.Equal(t, gather.Version, g.Version)
	require.Equal(t, g.Started, g.Now)
	require.Less(t, g.Started, g.Ended)

	o.Probes = func(context.Context, *scope.Scope) ([]audit.Probe, []audit.Missing, error) {
		return nil, nil, errors.New("broken")
	}
	_, err = gather.Gather(t.Context(), s, cfg, o)
	require.EqualError(t, err, "broken")
	_, err = gather.Gather(t.Context(), &scope.Scope{From: "2027-01-01"}, nil, options())
	require.ErrorContains(t, err, "period: it begins")
}

func TestSeed(t *testing.T) {
	seeds := map[int64]bool{}
	for range 5 {
		g, err := gather.Gather(t.Context(), &scope.Scope{}, nil, options())
		require.NoError(t, err)
		require.GreaterOrEqual(t, g.Seed, int64(0))
		require.Less(t, g.Seed, int64(1<<31))
		seeds[g.Seed] = true
	}
	require.Greater(t, len(seeds), 1)
	for _, named := range []int64{0, -3, 42} {
		g, err := gather.Gather(t.Context(), &scope.Scope{Sample: scope.Sample{Seed: &named}}, nil, options())
		require.NoError(t, err)
		require.Equal(t, named, g.Seed)
	}
}

// TestSame gives the same, byte for byte, whichever source is ready first.
func TestSame(t *testing.T) {
	s := &scope.Scope{}
	for _, name := range []string{"f", "b", "e", "a", "d", "c"} {
		w := shopWorld(t)
		w.add(t, "/api/v1/pods", runningPod("x", "registry.example/"+name+":1", name+".example/x@"+digest("c")), runningPod("y", "registry.example/same:1", name+".example/x@"+digest("d")))
		s.Clusters = append(s.Clusters, scope.Cluster{Name: name, Kubeconfig: serve(t, w)})
		s.Repositories = append(s.Repositories, scope.Repository{Name: name, Dir: write(t, map[string]string{".gitlab-ci.yml": "a: {script: [docker push x]}"})})
	}
	first, err := json.Marshal(gathered(t, s))
	require.NoError(t, err)
	for range 5 {
		s.Clusters = append(s.Clusters[1:], s.Clusters[0])
		s.Repositories = append(s.Repositories[1:], s.Repositories[0])
		again, err := json.Marshal(gathered(t, s))
		require.NoError(t, err)
		require.Equal(t, string(first), string(again))
	}
}
