package registry_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// refer writes a manifest whose subject is the image of w.
func (w world) refer(t *testing.T, artifactType string, n int) registry.Digest {
	t.Helper()
	raw := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"artifactType":%q,"config":%s,"layers":[],`+
		`"subject":{"mediaType":%q,"digest":%q,"size":1},"annotations":{"n":"%d"}}`,
		registry.OCIManifest, artifactType, configJSON, registry.DockerManifest, w.digest, n)
	digest := registry.DigestOf(raw)
	_, err := w.PutManifest("team/app", string(digest), registry.OCIManifest, raw)
	require.NoError(t, err)
	return digest
}

func TestReferrers(t *testing.T) {
	w := newWorld(t, nil)
	digest := w.refer(t, "application/x", 1)
	w.refer(t, "", 2)
	list, err := w.client.Referrers(context.Background(), w.repository, w.digest)
	require.NoError(t, err)
	require.True(t, list.Supported)
	require.False(t, list.Truncated)
	require.Len(t, list.Descriptors, 2)
	kinds := map[string]string{}
	for _, one := range list.Descriptors {
		require.Equal(t, registry.OCIManifest, one.MediaType)
		require.Positive(t, one.Size)
		kinds[one.Annotations["n"]] = one.ArtifactType
		if one.Annotations["n"] == "1" {
			require.Equal(t, digest, one.Digest)
		}
	}
	require.Equal(t, map[string]string{"1": "application/x", "2": "application/vnd.oci.image.config.v1+json"}, kinds)
	require.Len(t, w.Paths(), 1)
}

func TestReferrersAreNotSupported(t *testing.T) {
	w := newWorld(t, nil, oci.WithoutReferrers())
	list, err := w.client.Referrers(context.Background(), w.repository, w.digest)
	require.NoError(t, err)
	require.Equal(t, registry.Referrers{}, list)
	for status, supported := range map[int]bool{404: false, 405: false, 501: false, 400: true, 401: true, 403: true, 429: true, 500: true} {
		w := newWorld(t, nil)
		w.Fail("/referrers/", status)
		list, err := w.client.Referrers(context.Background(), w.repository, w.digest)
		require.Equal(t, supported, err != nil, "%d: an error is not an empty list", status)
		require.Equal(t, registry.Referrers{}, list)
	}
}

// entries returns the JSON of descriptors from..to.
func entries(from, to int) string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":%d}`, registry.OCIManifest, registry.DigestOf(fmt.Append(nil, i)), i))
	}
	return strings.Join(all, ",")
}

// pages serves lists of referrers. link may be empty.
func (w world) pages(body func(request *http.Request) (body, link string)) {
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
		text, link := body(r)
		rw.Header().Set("Content-Type", registry.OCIIndex)
		if link != "" {
			rw.Header().Set("Link", link)
		}
		_, _ = rw.Write([]byte(text))
	})
}

func page(from, to int) string {
	return `{"schemaVersion":2,"manifests":[` + entries(from, to) + `],"annotations":{"x":"y"}}`
}

func TestReferrersPageByPage(t *testing.T) {
	for _, row := range []struct {
		name      string
		link      string
		perPage   int
		pages     int
		want      int
		requests  int
		truncated bool
	}{
		{"three pages", "</v2/team/app/referrers/x?page=%d>; rel=\"next\"", 10, 3, 30, 3, false},
		{"absolute", "<http://HOST/next?page=%d>; rel=\"next\"", 10, 3, 30, 3, false},
		{"only a query", "<?page=%d>; rel=next", 10, 3, 30, 3, false},
		{"exactly the limit", "<?page=%d>; rel=\"next\"", 100, 1, 100, 1, false},
		{"the limit, and there is more", "<?page=%d>; rel=\"next\"", 100, 2, 100, 1, true},
		{"one page over the limit", "", 101, 1, 100, 1, true},
		{"the limit inside a page", "<?page=%d>; rel=\"next\"", 60, 3, 100, 2, true},
		{"empty pages for ever", "<?page=%d>; rel=\"next\"", 0, 1 << 30, 0, 10, true},
		{"one entry per page for ever", "<?page=%d>; rel=\"next\"", 1, 1 << 30, 10, 10, true},
		{"another relation", "<?page=%d>; rel=\"prev\"", 5, 1 << 30, 5, 1, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, nil)
			served := 0
			w.pages(func(*http.Request) (string, string) {
				text := page(served*row.perPage, (served+1)*row.perPage)
				served++
				if served == row.pages || row.link == "" {
					return text, ""
				}
				return text, strings.ReplaceAll(fmt.Sprintf(row.link, served), "HOST", w.Host())
			})
			list, err := w.client.Referrers(context.Background(), w.repository, w.digest)
			require.NoError(t, err)
			require.Len(t, list.Descriptors, row.want)
			require.Equal(t, row.truncated, list.Truncated)
			require.True(t, list.Supported)
			require.Len(t, w.Paths(), row.requests)
			for i, one := range list.Descriptors {
				require.Equal(t, registry.DigestOf(fmt.Append(nil, i)), one.Digest)
			}
		})
	}
}

func TestReferrersGoOnOnlyAtTheirRegistry(t *testing.T) {
	other := oci.Start(t)
	for _, link := range []string{
		"<" + other.URL() + "/x>; rel=\"next\"", "<//" + other.Host() + "/x>; rel=next", "<https://HOST/x>; rel=next",
		"<http://user@HOST/x>; rel=next", "<http://[>; rel=next",
	} {
		w := newWorld(t, func(c *registry.Config) { c.Plain = append(c.Plain, other.Host()); withLogin(c) }, oci.WithBearer("user", "password"))
		require.NoError(t, w.manifest(context.Background()))
		before := len(w.Paths())
		w.pages(func(*http.Request) (string, string) { return page(0, 1), strings.ReplaceAll(link, "HOST", w.Host()) })
		list, err := w.client.Referrers(context.Background(), w.repository, w.digest)
		requireCode(t, fault.HostNotAllowed, err)
		require.Equal(t, registry.Referrers{}, list, "half a list is none")
		require.Len(t, w.Paths(), before+1)
	}
	require.Empty(t, other.Log())
}

func TestReferrersFailOnALaterPage(t *testing.T) {
	w := newWorld(t, nil)
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			rw.WriteHeader(http.StatusNotFound)
			return
		}
		rw.Header().Set("Content-Type", registry.OCIIndex)
		rw.Header().Set("Link", "<?page=2>; rel=next")
		_, _ = rw.Write([]byte(page(0, 1)))
	})
	list, err := w.client.Referrers(context.Background(), w.repository, w.digest)
	requireCode(t, fault.NotFound, err)
	require.Equal(t, registry.Referrers{}, list)
}

func TestReferrersThatAreNoList(t *testing.T) {
	for name, text := range map[string]string{
		"junk": "<html>", "empty": "", "list": "[]", "no list": `{"manifests":{}}`, "half": `{"manifests":[`, "half an object": `{"manifests":[]`,
		"no digest": `{"manifests":[{}]}`, "number": `{"manifests":[1]}`, "digest of another kind": `{"manifests":[{"digest":"sha1:ab"}]}`,
		"broken beside": `{"x":`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.pages(func(*http.Request) (string, string) { return text, "" })
			list, err := w.client.Referrers(context.Background(), w.repository, w.digest)
			requireCode(t, fault.Malformed, err)
			require.Equal(t, registry.Referrers{}, list)
		})
	}
	t.Run("another content type", func(t *testing.T) {
		w := newWorld(t, nil)
		w.answer(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(page(0, 1))) })
		_, err := w.client.Referrers(context.Background(), w.repository, w.digest)
		requireCode(t, fault.Malformed, err)
	})
	t.Run("nothing at all", func(t *testing.T) {
		for _, text := range []string{`{}`, `{"manifests":null}`, `{"manifests":[]}`} {
			w := newWorld(t, nil)
			w.pages(func(*http.Request) (string, string) { return text, "" })
			list, err := w.client.Referrers(context.Background(), w.repository, w.digest)
			require.NoError(t, err)
			require.Equal(t, registry.Referrers{Supported: true}, list)
		}
	})
}
