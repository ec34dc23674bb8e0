package parity

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
)

// Server is `waxseal run --server` with the bundle of the flavour cli.
type Server struct{ Waxseal string }

// Takes implements [Host].
func (Server) Takes(Case) bool { return true }

// Judge implements [Host].
func (h Server) Judge(t *testing.T, w *World, cases []Case) [][]Violation {
	at := serve(t, []string{"WAXSEAL_CONFIG=" + w.ConfigFile(t, nil)}, h.Waxseal, "-b", archive(t, bundles.CLI, nil))
	return ask(t, at, cases)
}

// OPA is an unmodified OPA server with the bundle of the flavour http, which asks
// a waxseal server for evidence.
type OPA struct{ OPA, Waxseal string }

// Takes implements [Host].
func (OPA) Takes(Case) bool { return true }

// Judge implements [Host].
func (h OPA) Judge(t *testing.T, w *World, cases []Case) [][]Violation {
	evidence := serve(t, []string{"WAXSEAL_CONFIG=" + w.ConfigFile(t, nil)}, h.Waxseal)
	at := serve(t, nil, h.OPA, "-b", archive(t, bundles.HTTP, map[string]any{"server": map[string]any{"url": evidence}}))
	return ask(t, at, cases)
}

// ask judges each case with one request, as any caller does.
func ask(t *testing.T, at string, cases []Case) [][]Violation {
	out := make([][]Violation, len(cases))
	for i, c := range cases {
		params := c.Params
		if params == nil {
			params = map[string]any{}
		}
		send(t, http.MethodPut, at+"/v1/data/waxseal/parameters", params, nil)
		var answer struct {
			Result *struct{ Violations []Violation }
		}
		send(t, http.MethodPost, at+"/v1/data/lib/waxseal/report", map[string]any{"input": Input(c)}, &answer)
		require.NotNil(t, answer.Result, "%s: no answer", c.Note)
		out[i] = answer.Result.Violations
	}
	return out
}

func send(t *testing.T, method, url string, body, answer any) {
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(raw))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Less(t, response.StatusCode, 300, "%s: %s", url, text)
	if answer != nil {
		require.NoError(t, json.Unmarshal(text, answer))
	}
}

// archive writes the bundle of a flavour, and returns its file.
func archive(t *testing.T, flavour string, data map[string]any) string {
	content, err := bundles.Content(flavour, bundles.Options{Data: data})
	require.NoError(t, err)
	manifest, err := json.Marshal(bundles.NewManifest(content, bundles.Description{Flavour: flavour}))
	require.NoError(t, err)
	content[bundles.ManifestFile] = manifest
	raw, err := bundles.Archive(content)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "bundle.tar.gz")
	require.NoError(t, os.WriteFile(file, raw, 0o600))
	return file
}

// serve starts an OPA server on loopback that ends with the test, waits until it
// answers, and returns its URL.
func serve(t *testing.T, env []string, program string, args ...string) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())
	cmd := exec.Command(program, append([]string{"run", "--server", "--addr", addr, "--log-level", "error", "--disable-telemetry"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	var said writer
	cmd.Stderr, cmd.Stdout = &said, &said
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			t.Log("the server ended:", err)
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/health?plugins", nil)
		require.NoError(t, err)
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return "http://" + addr
			}
		}
		select {
		case err := <-ended:
			require.FailNow(t, "the server ended", "%v: %s", err, said)
		case <-ctx.Done():
			require.FailNow(t, "the server does not answer", "%s", said)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
