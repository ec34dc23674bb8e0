// Package hosted registers the builtins in a process whose main is somebody
// else's: a rebuilt Gatekeeper, conftest or OPA. Import it for its effect:
//
//	import _ "github.com/waxseal/waxseal/builtins/hosted"
//
// The configuration is the waxseal.yaml that $WAXSEAL_CONFIG names; without the
// variable it is the default one: no keys, no trust roots. A configuration that
// cannot be used ends the process with exit code 2 before anything is
// evaluated. It must: in a process that went on without the builtins, a policy
// that calls them could be accepted and then admit everything.
//
// $WAXSEAL_REPOSITORY names a folder whose pipelines policies may read
// (pipeline.read). The build of conftest reads the folder in which it runs; other hosts read none
// without it.
//
// What goes wrong without changing an answer, such as a trust root or key that
// could not be refreshed while the older one holds, is a line on standard error: the
// log of Gatekeeper. What changes an answer is in the answer.
//
// Beside builtins/kms this is the one package with an init. Mains of your own call
// [github.com/waxseal/waxseal/builtins.New] and Register instead.
package hosted

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/keyring"
)

const variable = "WAXSEAL_CONFIG"

func init() {
	if err := register(os.Getenv(variable)); err != nil {
		fmt.Fprintf(os.Stderr, "waxseal: the builtins cannot be used, so this process does not start: %v\n", err)
		os.Exit(2)
	}
}

func register(path string) error {
	cfg := config.Default()
	if path != "" {
		loaded, err := config.Load(path)
		if err != nil {
			return fmt.Errorf("$%s: %w", variable, err)
		}
		cfg = loaded
	}
	locals, err := localsOf(root())
	if err != nil {
		return err
	}
	set, err := builtins.New(cfg, builtins.WithReport(report), builtins.WithKeyRefreshes(refreshed), builtins.WithLocals(locals))
	if err != nil {
		return fmt.Errorf("$%s: %w", variable, err)
	}
	set.Register()
	go set.KeepKeys(context.Background()) // as long as the process lives: nobody tells when it ends
	return nil
}

// repository is the folder whose pipelines requests may read; "" is none. The build
// of conftest sets it to the folder in which conftest runs, whose files conftest reads anyway.
var repository string

// root is the folder that $WAXSEAL_REPOSITORY names, else that of the build.
func root() string {
	if named, given := os.LookupEnv("WAXSEAL_REPOSITORY"); given {
		return named
	}
	return repository
}

func localsOf(dir string) (evidence.Locals, error) {
	if dir == "" {
		return nil, nil
	}
	opened, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("$WAXSEAL_REPOSITORY: %w", err)
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("$WAXSEAL_REPOSITORY: %w", err)
	}
	return evidence.Locals{evidence.PipelineRead: builtins.Pipelines(opened.FS(), absolute)}, nil
}

func refreshed(r keyring.Refresh) {
	if r.Result == keyring.Changed {
		report(fmt.Errorf("keys: %s is another key now: %s", r.Name, r.Status.ID))
	}
}

// report writes one line, whatever a server has said.
func report(err error) {
	line := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, err.Error())
	fmt.Fprintln(os.Stderr, "waxseal:", line)
}
