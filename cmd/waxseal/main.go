// Command waxseal is OPA with the Waxseal builtins inside, and the commands
// that take a manifest to a decision.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	opa "github.com/open-policy-agent/opa/cmd"
	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/admit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/lintcmd"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/replay"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/scaffold"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx))
}

func run(ctx context.Context) int {
	err := command().ExecuteContext(ctx)
	var code exit.Code
	var opaExit *opa.ExitError
	switch {
	case err == nil:
		return exit.Admitted
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &opaExit):
		return opaExit.Exit
	}
	fmt.Fprintln(os.Stderr, "waxseal:", err)
	return exit.CannotTell
}

// register makes the builtins known to OPA's own commands. They use the
// configuration that $WAXSEAL_CONFIG names; without it, the defaults. Our own
// commands bring the configuration that they are given.
func register() error {
	cfg := config.Default()
	if path := os.Getenv("WAXSEAL_CONFIG"); path != "" {
		loaded, err := config.Load(path)
		if err != nil {
			return fmt.Errorf("$WAXSEAL_CONFIG: %w", err)
		}
		cfg = loaded
	}
	set, err := builtins.New(cfg, builtins.WithReport(func(err error) { fmt.Fprintln(os.Stderr, "waxseal:", err) }))
	if err != nil {
		return err
	}
	set.Register()
	return nil
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "waxseal",
		Short: "Where is the image from, who signed it, what is in it",
		Long: `Waxseal judges container images: where they are from, who signed them and what
is in them. It is also OPA: every command of OPA is here, with the builtins inside.

Exit codes of admit, verify and replay: 0 admitted, 1 denied, 2 cannot tell or misuse.`,
		Example: `  waxseal init                                 write a starter waxseal.yaml
  waxseal admit -c waxseal.yaml deploy/        judge manifests
  waxseal verify -c waxseal.yaml registry.example/team/app:v1
  waxseal eval 'image.parse("nginx")'          OPA, with the builtins inside`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	opa.Command(root, "Waxseal")
	for _, cmd := range root.Commands() {
		cmd.PersistentPreRunE = func(*cobra.Command, []string) error { return register() }
	}
	root.AddCommand(admit.Admit(), admit.Verify(), replay.Command(), lintcmd.Command(), scaffold.Init(), scaffold.New())
	return root
}
