package probe_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/exit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/probe"
)

type object = map[string]any

// said is how a server answers the dry run of an image.
type said struct {
	status   int
	message  string
	warnings []string
	body     any // in place of a Status or the Pod
}

// server is an API server that answers dry runs from a table, and keeps what it is sent.
type server struct {
	*httptest.Server
	version object
	answer  func(image string) said
	look    func() (status int, body any) // GET of a Pod

	mu       sync.Mutex
	requests []string // method and URI
	sent     []object // Pods, in order
	deleted  []object // DeleteOptions
}

const uid = "0b6a2f0e-5a8c-4f6f-9d0e-3b6d9a8f7c11"

func start(t *testing.T, answer func(image string) said) *server {
	s := &server{version: object{"major": "1", "minor": "36", "gitVersion": "v1.36.2"}, answer: answer}
	s.look = func() (int, any) { return 404, status(404, `pods "x" not found`) }
	s.Server = httptest.NewTLSServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func status(code int, message string) object {
	return object{"kind": "Status", "apiVersion": "v1", "metadata": object{}, "status": "Failure", "message": message, "code": code}
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
	write := func(code int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(body)
	}
	var body object
	_ = json.NewDecoder(r.Body).Decode(&body)
	switch {
	case r.URL.Path == "/version":
		write(200, s.version)
	case r.Method == http.MethodDelete:
		s.deleted = append(s.deleted, body)
		write(200, body)
	case r.Method == http.MethodGet:
		write(s.look())
	default:
		s.sent = append(s.sent, body)
		answer := s.answer(imageOf(body))
		for _, text := range answer.warnings {
			w.Header().Add("Warning", fmt.Sprintf("299 - %q", text))
		}
		if answer.status/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		switch {
		case answer.body != nil:
			write(answer.status, answer.body)
		case answer.status >= 300:
			write(answer.status, status(answer.status, answer.message))
		default:
			body["metadata"].(object)["uid"] = uid
			write(answer.status, body)
		}
	}
}

func imageOf(pod object) string {
	spec, _ := pod["spec"].(object)
	containers, _ := spec["containers"].([]any)
	if len(containers) == 0 {
		return ""
	}
	return containers[0].(object)["image"].(string)
}

// annotation is what the Pod of the last dry run is marked with.
func (s *server) annotation() object {
	return s.sent[len(s.sent)-1]["metadata"].(object)["annotations"].(object)
}

func (s *server) kubeconfig(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "config")
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: test,
  contexts: [{name: test, context: {cluster: test, user: test}}],
  clusters: [{name: test, cluster: {server: %q, certificate-authority-data: %s}}],
  users: [{name: test, user: {token: made-up}}]}`, s.URL, base64.StdEncoding.EncodeToString(ca))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func (s *server) api(t *testing.T) *cluster.API {
	api, err := cluster.Connect(s.kubeconfig(t), "", "test")
	require.NoError(t, err)
	return api
}

// onlyDryRuns asserts that nothing was asked that could make anything.
func (s *server) onlyDryRuns(t *testing.T) {
	t.Helper()
	for _, r := range s.requests {
		method, uri, _ := strings.Cut(r, " ")
		require.Contains(t, []string{"GET", "POST"}, method, uri)
		if method == "POST" {
			require.Regexp(t, `^/api/v1/namespaces/[a-z]+/pods\?dryRun=All&`, uri)
		}
	}
}

var fixed = func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// run runs the command as a user does.
func (s *server) run(t *testing.T, args ...string) (out string, code int) {
	t.Helper()
	cmd := probe.Command()
	var b bytes.Buffer
	cmd.SetOut(&b)
	cmd.SetErr(&b)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true // as the root does
	cmd.SetArgs(append([]string{"--kubeconfig", s.kubeconfig(t)}, args...))
	err := cmd.ExecuteContext(t.Context())
	if said, ok := errors.AsType[exit.Code](err); ok {
		return b.String(), int(said)
	}
	require.NoError(t, err)
	return b.String(), exit.Admitted
}

// freeAddress is an address on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}
