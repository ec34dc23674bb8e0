// Package hosts_test runs hosts of others, built with the builtins inside and as
// upstream ships them, by the commands that their users type.
package hosts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture/oci"
	"github.com/waxseal/waxseal/tests/fixture/shop"
	"github.com/waxseal/waxseal/tests/parity"
)

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){}) }

// TestConftest runs testdata/conftest*.txtar and the examples. On PATH are
// waxseal, conftest (unmodified) and conftest-with-builtins.
func TestConftest(t *testing.T) {
	scripts(t, "conftest", map[string]string{
		"waxseal": "WAXSEAL", "conftest": "CONFTEST_STOCK", "conftest-with-builtins": "CONFTEST",
	})
}

// TestGator runs testdata/gator*.txtar. On PATH are gator (unmodified) and
// gator-with-builtins.
func TestGator(t *testing.T) {
	scripts(t, "gator", map[string]string{"gator": "GATOR_STOCK", "gator-with-builtins": "GATOR"})
}

// scripts runs the scripts of a host. Each finds the folder shop (a registry
// with signed and scanned images, its waxseal.yaml), the references $WEB,
// $UNSIGNED, …, an empty registry at $HOST, and the repository at $ROOT.
func scripts(t *testing.T, host string, programs map[string]string) {
	bin := t.TempDir()
	for name, variable := range programs {
		require.NoError(t, os.Symlink(parity.Binary(t, variable), filepath.Join(bin, name)))
	}
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join("testdata", host+"*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	registry := oci.Start(t)
	testscript.Run(t, testscript.Params{
		Files:               files,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			refs, err := shop.Write(filepath.Join(e.WorkDir, "shop"))
			if err != nil {
				return err
			}
			for name, ref := range refs {
				e.Setenv(strings.ToUpper(name), ref)
			}
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("ROOT", root)
			e.Setenv("HOST", registry.Host())
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"expand": expand},
	})
}

// expand replaces variables in files of the script.
func expand(ts *testscript.TestScript, _ bool, files []string) {
	for _, name := range files {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
	}
}
