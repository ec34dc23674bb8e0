package circleci_test

import (
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline/circleci"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/modeltest"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

var update = flag.Bool("update", false, "write the golden files")

func read(fsys fs.FS, name string) ([]model.Pipeline, []model.Problem) {
	return circleci.Read(shell.New(source.New(context.Background(), fsys, source.Limits{})), name)
}

// Each folder of testdata is a repository; golden has what is read of it.
func TestRepositories(t *testing.T) {
	files, err := filepath.Glob("testdata/*/.circleci/config.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		dir := filepath.Join("testdata", strings.Split(filepath.ToSlash(file), "/")[1])
		t.Run(filepath.Base(dir), func(t *testing.T) {
			name, err := filepath.Rel(dir, file)
			require.NoError(t, err)
			pipelines, problems := read(os.DirFS(dir), filepath.ToSlash(name))
			modeltest.Golden(t, dir+".golden", modeltest.Text(pipelines, problems), *update)
		})
	}
}
