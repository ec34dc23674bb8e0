package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// measured runs a program, and writes the most memory that it held to the file
// $MEASURED. It is a process of its own: what starts a program hands its own memory on
// as the least that Linux counts, and a test that holds a registry has much.
func measured() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if _, ended := errors.AsType[*exec.ExitError](cmd.Run()); !ended && !cmd.ProcessState.Success() {
		panic("the program did not run")
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if err := os.WriteFile(os.Getenv("MEASURED"), fmt.Append(nil, usage.Maxrss<<10), 0o600); err != nil { // Linux counts kilobytes
		panic(err)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// memory is [audited.waxseal] with the most memory that it held, in bytes.
func (w *audited) memory(t testing.TB, args ...string) (ended, int64) {
	t.Helper()
	cmd := w.command(args...)
	measured := exec.Command("measured", append([]string{program()}, args...)...)
	measured.Dir, measured.Env = cmd.Dir, append(cmd.Env, "MEASURED="+w.dir+"/memory")
	e := wait(t, measured)
	bytes, err := strconv.ParseInt(w.read(t, "memory"), 10, 64)
	require.NoError(t, err)
	return e, bytes
}
