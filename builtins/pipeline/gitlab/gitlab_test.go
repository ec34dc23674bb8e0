package gitlab_test

import (
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline/gitlab"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/modeltest"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

var update = flag.Bool("update", false, "write the golden files")

func read(fsys fs.FS) ([]model.Pipeline, []model.Problem) {
	return readFile(fsys, ".gitlab-ci.yml")
}

func readFile(fsys fs.FS, name string) ([]model.Pipeline, []model.Problem) {
	return gitlab.Read(shell.New(source.New(context.Background(), fsys, source.Limits{})), name)
}

// one reads a configuration that is given as a text.
func one(t *testing.T, text string) model.Pipeline {
	t.Helper()
	pipelines, problems := read(fstest.MapFS{".gitlab-ci.yml": {Data: []byte(text)}})
	require.Empty(t, problems)
	require.Len(t, pipelines, 1)
	return pipelines[0]
}

// Each folder of testdata is a repository; golden has what is read of it.
func TestRepositories(t *testing.T) {
	folders, err := filepath.Glob("testdata/*/.gitlab-ci.yml")
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	for _, file := range folders {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			pipelines, problems := read(os.DirFS(dir))
			modeltest.Golden(t, dir+".golden", modeltest.Text(pipelines, problems), *update)
		})
	}
}

func TestIs(t *testing.T) {
	for name, want := range map[string]bool{
		".gitlab-ci.yml":          true,
		"ci/build.gitlab-ci.yml":  true,
		"sub/.gitlab-ci.yml":      true,
		"ci/build.yml":            false,
		"gitlab-ci.yml":           false,
		".github/workflows/a.yml": false,
	} {
		require.Equal(t, want, gitlab.Is(name, nil), name)
	}
}
