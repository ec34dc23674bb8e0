// Package stack runs real components on loopback addresses: the command lines of
// cosign, a control plane of Kubernetes, Gatekeeper, registries and Sigstore.
// Everything ends with the test that started it.
package stack

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// patience bounds every command and every wait. It is far more than any of them
// needs on a busy machine.
const patience = 60 * time.Second

// root is the top of the repository.
func root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

// Tool returns the path of a binary that `make tools` has built.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(root(), ".bin", "tools", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is not built: run `make tools`", name)
	}
	return path
}

// BuiltPath returns the path of a binary that the Makefile puts into .bin.
func BuiltPath(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(root(), ".bin", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is not built: run `make e2e`", name)
	}
	return path
}

// Built returns the command line of a binary in .bin.
func Built(t testing.TB, name string) *Command {
	t.Helper()
	return &Command{BuiltPath(t, name), t.TempDir(), nil}
}

// Command is a tool of the command line, with a home of its own: nothing of the
// user's configuration is read or written.
type Command struct {
	path string
	home string
	env  []string
}

// NewCommand returns the tool of `make tools` by its name.
func NewCommand(t testing.TB, name string, env ...string) *Command {
	t.Helper()
	return &Command{Tool(t, name), t.TempDir(), env}
}

// Run runs the tool and returns what it printed, on both streams.
func (c *Command) Run(arguments ...string) (string, error) { return c.RunWith(nil, arguments...) }

// RunWith is [Command.Run] with something to read on standard input.
func (c *Command) RunWith(input []byte, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, c.path, arguments...)
	command.Env = append([]string{"HOME=" + c.home, "PATH=" + os.Getenv("PATH")}, c.env...)
	command.Dir, command.Stdin = c.home, bytes.NewReader(input)
	out, err := command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", filepath.Base(c.path), strings.Join(arguments, " "), err, out)
	}
	return string(out), err
}
