package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

const workflow = `name: release
on: [push]
jobs:
  image:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - uses: actions/checkout@v4
      - id: push
        uses: docker/build-push-action@v6
        with: {push: true, tags: "ghcr.io/shop/app-%d:1"}
      - run: cosign sign --yes ghcr.io/shop/app-%d@${{ steps.push.outputs.digest }}
      - run: make scan
`

const makefile = "scan:\n\ttrivy image --exit-code 1 ghcr.io/shop/app-0:1\n"

// shop is a repository with n workflows.
func shop(n int) fstest.MapFS {
	fsys := fstest.MapFS{
		"Makefile":  {Data: []byte(makefile), ModTime: time.Unix(1, 0)},
		"README.md": {Data: []byte("nothing")},
	}
	for i := range n {
		fsys[fmt.Sprintf(".github/workflows/w%03d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, workflow, i, i), ModTime: time.Unix(1, 0)}
	}
	return fsys
}

// counted counts how often each file is opened.
type counted struct {
	fstest.MapFS
	opened map[string]int
}

func (c counted) Open(name string) (fs.File, error) {
	file, err := c.MapFS.Open(name)
	if err == nil {
		if info, statErr := file.Stat(); statErr == nil && !info.IsDir() {
			c.opened[name]++
		}
	}
	return file, err
}

func (c counted) ReadDir(name string) ([]fs.DirEntry, error) { return c.MapFS.ReadDir(name) }
func (c counted) Stat(name string) (fs.FileInfo, error)      { return c.MapFS.Stat(name) }

func asJSON(t *testing.T, v any) string {
	t.Helper()
	out, err := json.MarshalIndent(v, "", " ")
	require.NoError(t, err)
	return string(out)
}

// What Read says of a file is what ReadFile says, and Parse says it too.
func TestReadFileSaysWhatReadSays(t *testing.T) {
	ctx := context.Background()
	fsys := shop(3)
	fsys[".github/workflows/sign.yaml"] = &fstest.MapFile{Data: []byte("on: {workflow_run: {workflows: [release]}}\njobs:\n  sign:\n    runs-on: x\n    steps:\n      - run: cosign sign ghcr.io/shop/app-1:1\n")}
	all, err := pipeline.Read(ctx, fsys, source.Limits{})
	require.NoError(t, err)
	require.Len(t, all.Pipelines, 4)
	require.Len(t, all.Images, 3)
	require.Empty(t, all.Problems)

	for _, p := range all.Pipelines {
		one, err := pipeline.ReadFile(ctx, fsys, source.Limits{}, p.File)
		require.NoError(t, err)
		require.Equal(t, asJSON(t, []model.Pipeline{p}), asJSON(t, one.Pipelines), p.File)
		want := []model.Image{}
		for _, i := range all.Images {
			if i.Pipeline == p.File {
				want = append(want, i)
			}
		}
		require.Equal(t, asJSON(t, want), asJSON(t, one.Images), p.File)
	}
	require.Equal(t, []string{
		"ghcr.io/shop/app-0:1 | pushed by tag after 0 | signed by digest! after 1 | scanned by tag after 2",
		"ghcr.io/shop/app-1:1 | pushed by tag after 0 | signed by digest! after 1 | signed by tag in .github/workflows/sign.yaml after 0 | other by tag after 2",
		"ghcr.io/shop/app-2:1 | pushed by tag after 0 | signed by digest! after 1 | other by tag after 2",
	}, []string{told(all.Images[0]), told(all.Images[1]), told(all.Images[2])})

	files := map[string][]byte{}
	for name, f := range fsys {
		files[name] = f.Data
	}
	parsed, err := pipeline.Parse(ctx, files)
	require.NoError(t, err)
	require.Equal(t, asJSON(t, all), asJSON(t, parsed))
}

func TestActionsHaveWhatStepAndJobSay(t *testing.T) {
	text := "on: push\njobs:\n  b:\n    runs-on: x\n    if: github.ref == 'refs/heads/main'\n    continue-on-error: true\n    steps:\n      - id: x\n        if: success()\n        run: |\n          docker build -t a .\n          docker push a\n"
	r, err := pipeline.Parse(context.Background(), map[string][]byte{".github/workflows/w.yml": []byte(text)})
	require.NoError(t, err)
	actions := r.Pipelines[0].Jobs[0].Steps[0].Actions
	require.Equal(t, ".github/workflows/w.yml#b/x/1", actions[0].ID)
	require.Equal(t, ".github/workflows/w.yml#b/x/2", actions[1].ID)
	require.Contains(t, actions[0].When, "github.ref == 'refs/heads/main'")
	require.Equal(t, "continue-on-error: true", actions[0].Optional)
	require.Empty(t, r.Images[0].Pushed[0].When)
	require.Equal(t, []string{actions[0].ID}, r.Images[0].Pushed[0].After)
	require.NotContains(t, asJSON(t, r), "null")
}

func TestReaderReadsAgainWhatChanged(t *testing.T) {
	ctx := context.Background()
	fsys := counted{shop(5), map[string]int{}}
	reader := pipeline.NewReader(fsys, source.Limits{})
	for i := range 5 {
		_, err := reader.ReadFile(ctx, fmt.Sprintf(".github/workflows/w%03d.yaml", i))
		require.NoError(t, err)
	}
	for name, n := range fsys.opened {
		if strings.HasPrefix(name, ".github") {
			require.Equal(t, 1, n, name)
		}
	}
	require.Zero(t, fsys.opened["README.md"], "one file is asked for, not the keys of the repository")
	all, err := reader.Read(ctx)
	require.NoError(t, err)
	require.Len(t, all.Images, 5)
	require.Equal(t, 1, fsys.opened["README.md"])
	clear(fsys.opened)

	fsys.MapFS["Makefile"] = &fstest.MapFile{Data: []byte("scan:\n\ttrue\n"), ModTime: time.Unix(2, 0)}
	r, err := reader.ReadFile(ctx, ".github/workflows/w000.yaml")
	require.NoError(t, err)
	require.Empty(t, r.Images[0].Scanned)
	require.Equal(t, 1, fsys.opened[".github/workflows/w000.yaml"])
}

// 500 workflows are read in one pass, and cost five times what 100 cost.
func TestGrowsWithTheFiles(t *testing.T) {
	cost := func(n int) float64 {
		return testing.AllocsPerRun(1, func() {
			fsys := counted{shop(n), map[string]int{}}
			r, err := pipeline.Read(context.Background(), fsys, source.Limits{})
			require.NoError(t, err)
			require.Len(t, r.Images, n)
			for name, times := range fsys.opened {
				if strings.HasPrefix(name, ".github") {
					require.Equal(t, 1, times, name)
				}
			}
			require.LessOrEqual(t, fsys.opened["Makefile"], 2)
		})
	}
	few, many := cost(100), cost(500)
	t.Logf("100 files: %.0f allocations, 500 files: %.0f, factor %.2f", few, many, many/few)
	require.Less(t, many/few, 5.5)
}

func BenchmarkRead(b *testing.B) {
	for _, n := range []int{100, 500} {
		fsys := shop(n)
		b.Run(fmt.Sprintf("%d files", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := pipeline.Read(context.Background(), fsys, source.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestWhereFilesLie(t *testing.T) {
	text := fmt.Appendf(nil, workflow, 1, 1)
	for _, row := range []struct {
		file string
		read bool
	}{
		{".github/workflows/a.yml", true},
		{"templates/ci.yml", false},
		{"node_modules/x/.github/workflows/a.yml", false},
		{"vendor/x/.github/workflows/a.yml", false},
		{".git/.github/workflows/a.yml", false},
	} {
		t.Run(row.file, func(t *testing.T) {
			r, err := pipeline.Parse(context.Background(), map[string][]byte{row.file: text})
			require.NoError(t, err)
			require.Equal(t, row.read, len(r.Pipelines) == 1)
		})
	}
}

func TestAFileThatIsNamedNeedNotLieWhereItsSystemLooks(t *testing.T) {
	fsys := fstest.MapFS{"templates/ci.yml": {Data: fmt.Appendf(nil, workflow, 1, 1)}, "a.yaml": {Data: []byte("a: 1")}}
	r, err := pipeline.ReadFile(context.Background(), fsys, source.Limits{}, "templates/ci.yml")
	require.NoError(t, err)
	require.Len(t, r.Images, 1)

	for name, code := range map[string]string{"a.yaml": "unsupported", "b.yaml": "not_found"} {
		r, err = pipeline.ReadFile(context.Background(), fsys, source.Limits{}, name)
		require.NoError(t, err)
		require.Len(t, r.Problems, 1)
		require.Equal(t, name, r.Problems[0].File)
		require.Equal(t, code, r.Problems[0].Code)
	}
	_, err = pipeline.ReadFile(context.Background(), fsys, source.Limits{}, "../x")
	code, _ := fault.CodeOf(err)
	require.Equal(t, fault.NotFound, code)
}

func TestKeysOfTheRepository(t *testing.T) {
	key := pemOf("ENCRYPTED SIGSTORE PRIVATE KEY", newKey(t))
	r, err := pipeline.Parse(context.Background(), map[string][]byte{
		"cosign.key":          []byte(key),
		"pkg/testdata/other":  []byte(key),
		"node_modules/a/b":    []byte(key),
		"docs/keys.md":        []byte("-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----"),
		".github/workflows/a": []byte(key),
	})
	require.NoError(t, err)
	var got []string
	for _, k := range r.Keys {
		got = append(got, fmt.Sprintf("%s:%d %s %s: %s", k.File, k.Line, k.Kind, k.Name, k.Text))
	}
	require.Equal(t, []string{
		".github/workflows/a:1 key_file a: a private key of cosign, protected by a password",
		"cosign.key:1 key_file cosign.key: a private key of cosign, protected by a password",
		"pkg/testdata/other:1 key_file other: a private key of cosign, protected by a password, in a folder of tests or examples (testdata)",
	}, got)
}

// Hostile files end within the limits, and say that they were not read.
func TestHostile(t *testing.T) {
	anchors := "on: push\njobs: {}\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 15; i++ {
		anchors += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	run := func(script string) string {
		return "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          " + strings.ReplaceAll(script, "\n", "\n          ") + "\n"
	}
	for _, row := range []struct {
		name  string
		files map[string]string
		code  string
		text  string
	}{
		{"deep anchors", map[string]string{".github/workflows/a.yml": anchors}, "malformed", "aliases expand to more than"},
		{"deep anchors, GitLab", map[string]string{".gitlab-ci.yml": anchors}, "malformed", "aliases expand to more than"},
		{"deep anchors, Tekton", map[string]string{".tekton/a.yaml": anchors}, "malformed", "aliases expand to more than"},
		{"a file too large", map[string]string{".github/workflows/a.yml": "on: push # " + strings.Repeat("a", 5<<20)}, "too_large", "more than 4194304 bytes"},
		{"endless include", map[string]string{".gitlab-ci.yml": "include: {local: a.yml}", "a.yml": "include: {local: b.yml}", "b.yml": "include: {local: a.yml}"}, "malformed", "includes itself"},
		{"a workflow that calls itself", map[string]string{".github/workflows/a.yml": "on: workflow_call\njobs:\n  a:\n    uses: ./.github/workflows/a.yml\n"}, "malformed", "call each other"},
		{"a script that calls itself", map[string]string{".github/workflows/a.yml": run("./a.sh"), "a.sh": "#!/bin/sh\n./a.sh && ./a.sh\n"}, "too_large", "more deeply than is read"},
		{"a makefile that calls itself", map[string]string{".github/workflows/a.yml": run("make"), "Makefile": "all: all\n\t$(MAKE) all\n\t$(MAKE) all\n"}, "too_large", "more deeply than is read"},
		{"a megabyte line", map[string]string{".github/workflows/a.yml": run("docker build -t a " + strings.Repeat("$(", 200_000))}, "too_large", "nested too deeply"},
		{"more than is joined", map[string]string{".github/workflows/a.yml": run("docker build -t a .") + strings.Repeat("      - run: |\n          docker push a\n          docker push a\n", 2600)}, "too_large", "more than 5000 things"},
		{"a long loop", map[string]string{".github/workflows/a.yml": run("for a in " + strings.Repeat("x y ", 1000) + "; do docker push $a; done")}, "too_large", "more than 64 turns"},
	} {
		t.Run(row.name, func(t *testing.T) {
			files := map[string][]byte{}
			for name, text := range row.files {
				files[name] = []byte(text)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			r, err := pipeline.Parse(ctx, files)
			require.NoError(t, err)
			require.NotEmpty(t, r.Problems)
			require.Equal(t, row.code, r.Problems[0].Code)
			require.Contains(t, r.Problems[0].Text, row.text)
		})
	}
}

// A link is not followed, and not passed over where a pipeline could be behind it.
func TestLinks(t *testing.T) {
	fsys := fstest.MapFS{
		".github/workflows/a.yml": {Mode: fs.ModeSymlink},
		".circleci":               {Mode: fs.ModeSymlink},
		"Jenkinsfile":             {Mode: fs.ModeNamedPipe},
		"README.md":               {Mode: fs.ModeSymlink},
		"docs/other":              {Mode: fs.ModeSymlink},
	}
	r, err := pipeline.Read(context.Background(), fsys, source.Limits{})
	require.NoError(t, err)
	var got []string
	for _, p := range r.Problems {
		got = append(got, p.File+" "+p.Code)
	}
	require.Equal(t, []string{".circleci unsupported", ".github/workflows/a.yml unsupported", "Jenkinsfile unsupported"}, got)
}

func TestParseRefusesNames(t *testing.T) {
	for name, files := range map[string]map[string][]byte{
		"outside":         {"../a": nil},
		"twice":           {"a/b": nil, "./a/b": nil},
		"file and folder": {"a": nil, "a/b": nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pipeline.Parse(context.Background(), files)
			code, _ := fault.CodeOf(err)
			require.Equal(t, fault.InvalidRequest, code)
		})
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := pipeline.Read(ctx, shop(1), source.Limits{})
	require.ErrorIs(t, err, context.Canceled)
}
