package stack

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a running component. Its output is in .bin/e2e/NAME.log, which
// stays until the next run.
type Process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// Start runs a component until [Process.Stop] or the end of the test. Cleanups
// run last in, first out: what is started first ends last.
func Start(t testing.TB, name string, env []string, path string, arguments ...string) *Process {
	t.Helper()
	p := &Process{name: name, log: filepath.Join(logs(t), name+".log"), done: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p.cmd = exec.Command(path, arguments...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = t.TempDir(), out, out
	p.cmd.Env = append([]string{"HOME=" + p.cmd.Dir, "PATH=" + os.Getenv("PATH")}, env...)
	// Its own group: an interrupt at the terminal is for us, who end things in
	// order. And should this process be killed, the kernel ends its children.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := fork(p.cmd); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(p.Stop)
	return p
}

// Stop ends the process, and returns when it is gone.
func (p *Process) Stop() {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(15 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// Pause stops the process from answering, as if the machine were overloaded,
// until [Process.Resume].
func (p *Process) Pause() { p.signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (p *Process) Resume() { p.signal(syscall.SIGCONT) }

func (p *Process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// Ready waits until probe returns nil, and fails the test with the end of the
// log when the process ends first or takes too long.
func (p *Process) Ready(t testing.TB, probe func() error) *Process {
	t.Helper()
	err := Eventually(func() error {
		select {
		case <-p.done:
			return fatal{fmt.Errorf("%s has ended: %s", p.name, p.cmd.ProcessState)}
		default:
			return probe()
		}
	})
	if err != nil {
		t.Fatalf("%s is not ready: %v\n%s", p.name, err, p.Tail())
	}
	return p
}

// Tail returns the end of the log.
func (p *Process) Tail() string {
	raw, _ := os.ReadFile(p.log)
	return string(raw[max(0, len(raw)-4000):])
}

type fatal struct{ error }

// Eventually tries until there is no error, for [patience] at most, and returns
// the last error.
func Eventually(try func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if err == nil || time.Now().After(deadline) || errors.As(err, &fatal{}) {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// FreePort returns a port of the loopback address that nobody listens on.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// logs is the folder of the logs, empty at the first use of a run.
func logs(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(root(), ".bin", "e2e")
	emptied.Do(func() { _ = os.RemoveAll(dir) })
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

var emptied sync.Once

// fork starts a command from the one thread that lives as long as this process:
// the kernel takes the end of the thread for that of the parent.
func fork(cmd *exec.Cmd) error {
	forker.Do(func() {
		go func() {
			runtime.LockOSThread()
			for f := range forks {
				f.err <- f.cmd.Start()
			}
		}()
	})
	f := forking{cmd, make(chan error, 1)}
	forks <- f
	return <-f.err
}

type forking struct {
	cmd *exec.Cmd
	err chan error
}

var (
	forker sync.Once
	forks  = make(chan forking)
)
