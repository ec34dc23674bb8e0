package cluster_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

type item struct{ Name string }

// connect returns the API of a server.
func connect(t *testing.T, handler http.HandlerFunc) *cluster.API {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	address := strings.Replace(server.URL, "http://", "http://someone:hunter2@", 1)
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}], clusters: [{name: c, cluster: {server: "%s"}}], users: [{name: u, user: {}}]}`, address), 0o600))
	api, err := cluster.Connect(file, "", "test")
	require.NoError(t, err)
	require.Equal(t, server.URL, api.Server())
	return api
}

func TestEach(t *testing.T) {
	for name, row := range map[string]struct {
		pages []string // "" is refused as too old
		names []string
		err   string
	}{
		"one page":                  {[]string{`{"items": [{"name": "a"}, {"name": "b"}]}`}, []string{"a", "b"}, ""},
		"two pages":                 {[]string{`{"metadata": {"continue": "1"}, "items": [{"name": "a"}]}`, `{"items": [{"name": "b"}]}`}, []string{"a", "b"}, ""},
		"metadata below":            {[]string{`{"kind": "PodList", "items": [{"name": "a"}], "metadata": {"continue": "1"}}`, `{"items": []}`}, []string{"a"}, ""},
		"nothing":                   {[]string{`{"items": null}`}, nil, ""},
		"cut off in the list":       {[]string{`{"items": [{"name": "a"}, {"na`}, []string{"a"}, "unexpected EOF"},
		"cut off behind the list":   {[]string{`{"items": [{"name": "a"}]`}, []string{"a"}, "EOF"},
		"no list":                   {[]string{`{"kind": "Status"}`}, nil, "the answer is no list: it has no items"},
		"items are an object":       {[]string{`{"items": {"name": "a"}}`}, nil, "expected a list of items, found {"},
		"something else":            {[]string{`[]`}, nil, "expected {, found ["},
		"an item of the wrong type": {[]string{`{"items": [{"name": 5}]}`}, nil, "cannot unmarshal number"},
		"a page is too old":         {[]string{`{"metadata": {"continue": "1"}, "items": [{"name": "a"}]}`, ``}, []string{"a"}, "HTTP 410: too old"},
		"a huge item":               {[]string{`{"items": [{"name": "` + strings.Repeat("x", 9<<20) + `"}]}`}, nil, "an item has more than 8388608 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			api := connect(t, func(w http.ResponseWriter, r *http.Request) {
				query := r.URL.Query()
				require.Equal(t, "500", query.Get("limit"))
				if asked > 0 {
					require.Equal(t, "1", query.Get("continue"))
				}
				asked++
				if row.pages[asked-1] == "" {
					w.WriteHeader(http.StatusGone)
					fmt.Fprint(w, `{"message": "too old"}`)
					return
				}
				fmt.Fprint(w, row.pages[asked-1])
			})
			var names []string
			pages, err := cluster.Each(t.Context(), api, "/things", func(i *item) error {
				names = append(names, i.Name)
				return nil
			})
			require.Equal(t, row.names, names)
			require.Equal(t, len(row.pages), asked)
			require.Equal(t, strings.Contains(row.err, "410"), cluster.Expired(err))
			if row.err != "" {
				require.ErrorContains(t, err, row.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, len(row.pages), pages)
		})
	}
}

func TestEachEnds(t *testing.T) {
	stop := errors.New("enough")
	api := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"metadata": {"continue": "1"}, "items": [{"name": "a"}]}`)
	})
	_, err := cluster.Each(t.Context(), api, "/things", func(*item) error { return stop })
	require.ErrorIs(t, err, stop)
	pages, err := cluster.Each(t.Context(), api, "/things", func(*item) error { return nil })
	require.ErrorContains(t, err, "more than 1000 pages", "a server that never ends")
	require.Equal(t, 1000, pages)
}

func TestForbidden(t *testing.T) {
	for status, want := range map[int]bool{http.StatusForbidden: true, http.StatusUnauthorized: true, http.StatusNotFound: false, http.StatusInternalServerError: false} {
		api := connect(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		_, err := cluster.Each(t.Context(), api, "/things", func(*item) error { return nil })
		require.Error(t, err)
		require.Equal(t, want, cluster.Forbidden(err), status)
	}
}
