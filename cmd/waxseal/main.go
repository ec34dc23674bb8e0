// Command waxseal is OPA with the Waxseal builtins inside, and the commands
// that take a manifest to a decision.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	opa "github.com/open-policy-agent/opa/cmd"
	"github.com/spf13/cobra"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	_ "github.com/waxseal/waxseal/builtins/kms" // keys: {name: {kms: URI}}
	"github.com/waxseal/waxseal/bundles/parameters"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/admit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/attest"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/bundle"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/collect"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/doctor"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/enforcement"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/keys"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/lintcmd"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/pipeline"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/policy"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/probe"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/provider"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/replay"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/scaffold"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx))
}

func run(ctx context.Context) int {
	cmd, err := command().ExecuteContextC(ctx)
	if err == nil {
		return exit.Admitted
	}
	if code, ok := errors.AsType[exit.Code](err); ok {
		return int(code)
	}
	// OPA's commands silence themselves when they start to run, for they print
	// their errors; but capabilities does not. The root is silent for all.
	started := cmd.HasParent() && cmd.SilenceErrors
	if !started || cmd.Name() == "capabilities" {
		fmt.Fprintln(os.Stderr, "waxseal:", clean(err.Error()))
	}
	if opaExit, ok := errors.AsType[*opa.ExitError](err); ok {
		return opaExit.Exit
	}
	if started {
		return opaFailed
	}
	return exit.CannotTell
}

// clean keeps what files and registries say from steering a terminal.
func clean(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = render.Clean(strings.ReplaceAll(lines[i], "\t", "  "))
	}
	return strings.Join(lines, "\n")
}

// opaFailed is the exit code of OPA's commands for an error that names none.
const opaFailed = 1

// declareOnly are OPA's commands that evaluate nothing. They need to know the
// builtins, and no configuration.
var declareOnly = []string{
	"capabilities", "check", "deps", "fmt", "inspect", "oracle", "parse", "refactor", "sign", "version",
}

// register makes the builtins known to one of OPA's own commands. They use the
// configuration that $WAXSEAL_CONFIG names; without it, the defaults. The plugin
// of run registers them when OPA has read its own configuration. Our own commands
// bring the configuration that they are given.
func register(command string) error {
	if command == "run" {
		server.Install(report)
		return nil
	}
	cfg := config.Default()
	if path := os.Getenv("WAXSEAL_CONFIG"); path != "" && !slices.Contains(declareOnly, command) {
		loaded, err := config.Load(path, parameters.Problems)
		if err != nil {
			return fmt.Errorf("$WAXSEAL_CONFIG: %w", err)
		}
		cfg = loaded
	}
	set, err := builtins.New(cfg, builtins.WithReport(report))
	if err != nil {
		return err
	}
	set.Register()
	return nil
}

func report(err error) { fmt.Fprintln(os.Stderr, "waxseal:", clean(err.Error())) }

func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "waxseal",
		Short: "Where is the image from, who signed it, what is in it",
		Long: `Waxseal judges container images: where they are from, who signed them and what
is in them. It is also OPA: every command of OPA is here, with the builtins inside.

Exit codes of admit, verify and replay: 0 admitted, 1 denied, 2 cannot tell or misuse.
OPA's commands keep their own; misuse is 2 there too, but 1 in run.`,
		Example: `  waxseal init                                 write a starter waxseal.yaml
  waxseal admit -c waxseal.yaml deploy/        judge manifests
  waxseal verify -c waxseal.yaml registry.example/team/app:v1
  waxseal eval 'image.parse("nginx")'          OPA, with the builtins inside`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	opa.Command(root, "OPA")
	for _, cmd := range root.Commands() {
		cmd.PersistentPreRunE = func(run *cobra.Command, args []string) error {
			if err := bundle.Fits(run, args); err != nil {
				return err
			}
			return register(cmd.Name())
		}
		if cmd.Name() == "version" {
			withVersion(cmd)
		}
		if cmd.Name() == "run" {
			withoutVersionCheck(cmd)
		}
	}
	ours := []*cobra.Command{
		admit.Admit(), admit.Verify(), attest.Command(), audit.Command(version()), collect.Command(), doctor.Command(), enforcement.Command(), keys.Command(), pipeline.Command(), policy.Command(),
		probe.Command(), replay.Command(), lintcmd.Command(), provider.Command(), scaffold.Init(), scaffold.New(), bundle.Command(version()),
	}
	root.AddCommand(ours...)
	for _, cmd := range ours {
		strict(cmd)
	}
	return root
}

// strict makes a misspelt subcommand an error, for which cobra prints the help
// and ends with 0, and lets errors about arguments say how to call the command.
func strict(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
	if !cmd.Runnable() {
		cmd.Args = cobra.NoArgs
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	check := cmd.Args
	if check == nil {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return fmt.Errorf("%w; usage: %s (see --help)", err, cmd.UseLine())
		}
		return nil
	}
}

// withVersion has OPA's version command print Waxseal's version first.
func withVersion(cmd *cobra.Command) {
	cmd.Short = "Print the versions of Waxseal and OPA"
	cmd.Long = "Shows the version of Waxseal, then version and build of the OPA inside."
	ofOPA := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		fmt.Fprintf(cmd.OutOrStdout(), "Waxseal Version: %s\nOPA inside:\n", version())
		return ofOPA(cmd, args)
	}
}

// withoutVersionCheck keeps OPA's server from asking GitHub whether there is a
// newer OPA: this is another program, and a server without a network must start
// no call that nobody asked for. --skip-version-check=false asks.
func withoutVersionCheck(cmd *cobra.Command) {
	if flag := cmd.Flags().Lookup("skip-version-check"); flag != nil {
		flag.DefValue = "true"
		_ = flag.Value.Set("true") // it is a boolean
	}
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
