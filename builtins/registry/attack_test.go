package registry_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/tests/fixture/oci"
)

// world is a registry with one image, and a client for it.
type world struct {
	*oci.Registry
	client     *registry.Client
	repository registry.Repository
	digest     registry.Digest
}

func newWorld(t *testing.T, change func(*registry.Config), options ...oci.Option) world {
	t.Helper()
	r := oci.Start(t, options...)
	config := plain(r)
	if change != nil {
		change(&config)
	}
	return world{
		Registry: r, client: newClient(t, config),
		repository: registry.Repository{Registry: r.Host(), Name: "team/app"},
		digest:     r.Push(t, "team/app", "v1", nil),
	}
}

func (w world) ref(t *testing.T) registry.Reference { return parse(t, w.repository.String()+":v1") }

func (w world) manifest(ctx context.Context) error {
	_, err := w.client.Manifest(ctx, w.repository, w.digest)
	return err
}

// answer makes the registry answer every request the same way.
func (w world) answer(handler http.HandlerFunc) {
	w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		handler(rw, r)
		return true
	})
}

// CVE-2023-47630: the digest is taken from what the registry says.
func TestTheBodyDecidesNotTheHeader(t *testing.T) {
	w, ctx := newWorld(t, nil), context.Background()
	lie := registry.DigestOf([]byte("lie"))
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Docker-Content-Digest", string(lie))
		rw.Header().Set("Content-Type", registry.OCIManifest)
		_, _ = rw.Write([]byte(imageJSON))
	})
	tagged, err := w.client.Tagged(ctx, w.repository, "v1")
	require.NoError(t, err)
	require.Equal(t, registry.DigestOf([]byte(imageJSON)), tagged.Digest)

	named, err := w.client.Resolve(ctx, w.ref(t))
	require.NoError(t, err)
	require.Equal(t, lie, named.Digest, "a HEAD only names")
	_, err = w.client.Manifest(ctx, w.repository, named.Digest)
	requireCode(t, fault.DigestMismatch, err)
	_, err = w.client.Blob(ctx, w.repository, named)
	requireCode(t, fault.DigestMismatch, err)
}

func TestResolveWithoutUsableDigestTakesOneGet(t *testing.T) {
	for name, header := range map[string]string{
		"none": "", "junk": "latest", "unknown algorithm": "sha384:" + strings.Repeat("ab", 48), "short": "sha256:abcd",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.answer(func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Docker-Content-Digest", header)
				rw.Header().Set("Content-Type", registry.OCIManifest)
				_, _ = rw.Write([]byte(imageJSON))
			})
			found, err := w.client.Resolve(context.Background(), w.ref(t))
			require.NoError(t, err)
			require.Equal(t, registry.Descriptor{
				MediaType: registry.OCIManifest, Digest: registry.DigestOf([]byte(imageJSON)), Size: int64(len(imageJSON)),
			}, found)
			require.Equal(t, []string{"HEAD /v2/team/app/manifests/v1", "GET /v2/team/app/manifests/v1"}, w.Paths())
		})
	}
}

func TestResolveWhereHeadIsNotAllowed(t *testing.T) {
	w := newWorld(t, nil)
	w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodHead {
			rw.WriteHeader(http.StatusMethodNotAllowed)
		}
		return r.Method == http.MethodHead
	})
	found, err := w.client.Resolve(context.Background(), w.ref(t))
	require.NoError(t, err)
	require.Equal(t, w.digest, found.Digest)
}

func TestNamesThatAreNoneAreNotAsked(t *testing.T) {
	w, ctx := newWorld(t, nil), context.Background()
	for _, tag := range []string{"", "../x", "v1/../v2", "a?b", "v1\n", strings.Repeat("a", 129)} {
		_, err := w.client.Tagged(ctx, w.repository, tag)
		requireCode(t, fault.InvalidReference, err)
	}
	for _, digest := range []registry.Digest{"", "v1", "sha256:../x"} {
		_, err := w.client.Manifest(ctx, w.repository, digest)
		requireCode(t, fault.Malformed, err)
		_, err = w.client.Blob(ctx, w.repository, registry.Descriptor{Digest: digest})
		requireCode(t, fault.Malformed, err)
		_, err = w.client.Referrers(ctx, w.repository, digest)
		requireCode(t, fault.Malformed, err)
	}
	require.Empty(t, w.Paths())
}

func TestStatusHasItsCode(t *testing.T) {
	for status, code := range map[int]fault.Code{
		400: fault.Unavailable, 401: fault.Unauthorized, 403: fault.Unauthorized, 404: fault.NotFound, 406: fault.Unsupported, 410: fault.NotFound,
		429: fault.RateLimited, 500: fault.Unavailable, 502: fault.Unavailable, 503: fault.Unavailable, 204: fault.Unavailable, 206: fault.Unavailable,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w, ctx := newWorld(t, nil), context.Background()
			w.Fail("/v2/", status)
			_, err := w.client.Resolve(ctx, w.ref(t))
			requireCode(t, code, err)
			_, err = w.client.Tagged(ctx, w.repository, "v1")
			requireCode(t, code, err)
			_, err = w.client.Blob(ctx, w.repository, registry.Descriptor{Digest: w.digest})
			requireCode(t, code, err)
			require.Len(t, w.Paths(), 3, "no second try")
		})
	}
}

func TestErrorsRepeatOnlyTheCodeOfTheRegistry(t *testing.T) {
	w := newWorld(t, nil)
	body := `{"errors":[{"code":"DENIED","message":"<script>"}]}`
	w.answer(func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(http.StatusForbidden)
		_, _ = rw.Write([]byte(body))
	})
	err := w.manifest(context.Background())
	require.ErrorContains(t, err, "answered 403 DENIED")
	require.NotContains(t, err.Error(), "script")
	body = `{"errors":[{"code":"<script>\n"}]}`
	require.NotContains(t, w.manifest(context.Background()).Error(), "script")
}

// CVE-2024-29902, CVE-2024-29903: huge attachments and counts of layers are read or allocated.
func TestGiantsAreRefusedBeforeTheyAreRead(t *testing.T) {
	small := func(c *registry.Config) { c.Limits.BlobBytes, c.Limits.ManifestBytes = 1<<16, 1<<16 }
	ask := map[string]func(w world) error{
		"blob": func(w world) error {
			_, err := w.client.Blob(context.Background(), w.repository, registry.Descriptor{Digest: w.digest, Size: -1})
			return err
		},
		"manifest": func(w world) error { return w.manifest(context.Background()) },
		"referrers": func(w world) error {
			_, err := w.client.Referrers(context.Background(), w.repository, w.digest)
			return err
		},
	}
	for name, get := range ask {
		t.Run(name+" by its length", func(t *testing.T) {
			w := newWorld(t, small)
			var read atomic.Bool
			w.answer(func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Content-Length", fmt.Sprint(int64(1)<<40))
				rw.WriteHeader(http.StatusOK)
				rw.(http.Flusher).Flush()
				<-r.Context().Done()
				read.Store(true)
			})
			requireCode(t, fault.TooLarge, get(w))
			require.Eventually(t, read.Load, 5*time.Second, time.Millisecond, "the connection is closed")
		})
		t.Run(name+" while it streams", func(t *testing.T) {
			w := newWorld(t, small)
			w.answer(func(rw http.ResponseWriter, _ *http.Request) {
				for {
					if _, err := rw.Write(make([]byte, 1<<15)); err != nil {
						return
					}
				}
			})
			requireCode(t, fault.TooLarge, get(w))
		})
	}
	t.Run("blob by its descriptor", func(t *testing.T) {
		w := newWorld(t, small)
		_, err := w.client.Blob(context.Background(), w.repository, registry.Descriptor{Digest: w.digest, Size: 1<<16 + 1})
		requireCode(t, fault.TooLarge, err)
		require.Empty(t, w.Paths())
	})
}

func TestCompressedAnswersStayCompressed(t *testing.T) {
	w := newWorld(t, nil)
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write(make([]byte, 1<<20))
	require.NoError(t, writer.Close())
	var asked atomic.Value
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
		asked.Store(r.Header.Get("Accept-Encoding"))
		rw.Header().Set("Content-Encoding", "gzip")
		_, _ = rw.Write(packed.Bytes())
	})
	got, err := w.client.Blob(context.Background(), w.repository, registry.Descriptor{Digest: registry.DigestOf(packed.Bytes())})
	require.NoError(t, err)
	require.Equal(t, packed.Bytes(), got)
	require.Equal(t, "", asked.Load())
}

func TestBlobCarriedByItsDescriptor(t *testing.T) {
	w, ctx := newWorld(t, nil), context.Background()
	got, err := w.client.Blob(ctx, w.repository, registry.Descriptor{Digest: registry.DigestOf([]byte("x")), Data: []byte("x")})
	require.NoError(t, err)
	require.Equal(t, []byte("x"), got)
	require.Empty(t, w.Paths())
	_, err = w.client.Blob(ctx, w.repository, registry.Descriptor{Digest: registry.DigestOf([]byte("x")), Data: []byte("forged")})
	requireCode(t, fault.NotFound, err)
}

func TestRetryAfter(t *testing.T) {
	for _, row := range []struct {
		name, header string
		status       int
		failures     int
		deadline     time.Duration
		code         fault.Code
		requests     int
	}{
		{"now", "0", 429, 1, time.Minute, "", 2},
		{"a date that is over", "Mon, 02 Jan 2006 15:04:05 GMT", 429, 2, time.Minute, "", 3},
		{"unavailable", "0", 503, 1, time.Minute, "", 2},
		{"no deadline", "0", 429, 1, 0, "", 2},
		{"past the deadline", "3600", 429, 1, time.Minute, fault.RateLimited, 1},
		{"a date past the deadline", "Fri, 31 Dec 2100 23:59:59 GMT", 429, 1, time.Minute, fault.RateLimited, 1},
		{"longer than the limit", "11", 429, 1, 0, fault.RateLimited, 1},
		{"unavailable for long", "3600", 503, 1, time.Minute, fault.Unavailable, 1},
		{"without a time", "", 429, 1, time.Minute, fault.RateLimited, 1},
		{"junk", "-1", 429, 1, time.Minute, fault.RateLimited, 1},
		{"overflow", "99999999999999999999", 429, 1, time.Minute, fault.RateLimited, 1},
		{"again and again", "0", 429, 1000, time.Minute, fault.RateLimited, 4},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, nil)
			var count atomic.Int32
			w.Intercept(func(rw http.ResponseWriter, _ *http.Request) bool {
				if int(count.Add(1)) > row.failures {
					return false
				}
				rw.Header().Set("Retry-After", row.header)
				rw.WriteHeader(row.status)
				return true
			})
			ctx := context.Background()
			if row.deadline > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, row.deadline)
				defer cancel()
			}
			err := w.manifest(ctx)
			if row.code == "" {
				require.NoError(t, err)
			} else {
				requireCode(t, row.code, err)
			}
			require.Len(t, w.Paths(), row.requests)
		})
	}
}

// A refusal says what a reader can do about it.
func TestRefusalsSayWhatToDo(t *testing.T) {
	for _, row := range []struct {
		name   string
		login  func(*registry.Config)
		status int
		header string
		want   string
	}{
		{"wait", nil, 429, "3600", "the registry answered 429 and wants to be asked again in 1h0m0s (Retry-After)"},
		{"wait, nobody knows how long", nil, 429, "", "the registry answered 429 without saying when to ask again (no Retry-After)"},
		{"overloaded", nil, 503, "3600", "the registry answered 503 and wants to be asked again in 1h0m0s (Retry-After)"},
		{"broken", nil, 503, "", "the registry answered 503"},
		{"no credentials", nil, 403, "", "the registry answered 403; docker_config, pull_secrets and cloud, under credentials in waxseal.yaml, name none for HOST"},
		{"refused credentials", func(c *registry.Config) { c.Credentials = held{login("user", "wrong")} }, 403, "", "the registry answered 403 to the credentials for HOST (credentials in waxseal.yaml)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, row.login)
			w.Intercept(func(rw http.ResponseWriter, _ *http.Request) bool {
				rw.Header().Set("Retry-After", row.header)
				rw.WriteHeader(row.status)
				return true
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := w.client.Manifest(ctx, w.repository, w.digest)
			at := fmt.Sprintf("get manifest %q: ", w.Host()+"/team/app@"+string(w.digest))
			require.EqualError(t, err, at+strings.ReplaceAll(row.want, "HOST", w.Host()))
		})
	}
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	w := newWorld(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w.answer(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Retry-After", "9")
		rw.WriteHeader(http.StatusTooManyRequests)
	})
	done := make(chan error, 1)
	go func() { done <- w.manifest(ctx) }()
	require.Eventually(t, func() bool { return len(w.Paths()) == 1 && w.Log()[0].Status == 429 }, 5*time.Second, time.Millisecond)
	cancel()
	requireCancelled(t, <-done)
	require.Len(t, w.Paths(), 1)
}

// requireCancelled: who gave up gets no code, because nothing is known.
func requireCancelled(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, context.Canceled)
	_, coded := fault.CodeOf(err)
	require.False(t, coded, "%v", err)
}

func TestEndsOfTime(t *testing.T) {
	slowHeader := func(w world) { w.Hold(0) }
	slowBody := func(w world) {
		w.answer(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Length", "100")
			_, _ = rw.Write([]byte("{"))
			rw.(http.Flusher).Flush()
			<-r.Context().Done()
		})
	}
	for name, slow := range map[string]func(world){"header": slowHeader, "body": slowBody} {
		t.Run("the deadline passes, "+name, func(t *testing.T) {
			w := newWorld(t, nil)
			slow(w)
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			requireCode(t, fault.Timeout, w.manifest(ctx))
		})
		t.Run("the caller gives up, "+name, func(t *testing.T) {
			w := newWorld(t, nil)
			slow(w)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			time.AfterFunc(30*time.Millisecond, cancel)
			requireCancelled(t, w.manifest(ctx))
		})
		t.Run("the request takes too long, "+name, func(t *testing.T) {
			w := newWorld(t, func(c *registry.Config) { c.Limits.RequestTimeout = 50 * time.Millisecond })
			slow(w)
			err := w.manifest(context.Background())
			requireCode(t, fault.Unavailable, err)
			require.ErrorContains(t, err, "no answer within 50ms, the limit of one request (limits.request_timeout)")
		})
	}
	t.Run("over before it began", func(t *testing.T) {
		w := newWorld(t, nil)
		ctx, cancel := context.WithDeadline(context.Background(), time.Unix(0, 0))
		defer cancel()
		requireCode(t, fault.Timeout, w.manifest(ctx))
		require.Empty(t, w.Paths())
	})
}

func TestCloseLetsGoOfConnections(t *testing.T) {
	w := newWorld(t, nil)
	require.NoError(t, w.manifest(context.Background()))
	require.NoError(t, w.client.Close())
	require.NoError(t, w.manifest(context.Background()), "a closed client only has to connect again")
	require.Equal(t, 2, w.Connections())
}

func TestNobodyThere(t *testing.T) {
	w := newWorld(t, nil)
	w.Close()
	requireCode(t, fault.Unavailable, w.manifest(context.Background()))
}

// CVE-2026-48978, CVE-2026-50151: credentials follow a redirect to another host.
func TestRedirectCarriesNoCredentials(t *testing.T) {
	storage := oci.Start(t)
	_, err := storage.PutBlob("team/app", []byte("payload"))
	require.NoError(t, err)
	w := newWorld(t, func(c *registry.Config) {
		c.Plain = append(c.Plain, storage.Host())
		c.Credentials = login("user", "password")
	}, oci.WithBearer("user", "password"))
	ctx := context.Background()
	require.NoError(t, w.manifest(ctx))
	w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		http.Redirect(rw, r, storage.URL()+r.URL.Path+"?signature=secret", http.StatusTemporaryRedirect)
		return true
	})
	got, err := w.client.Blob(ctx, w.repository, registry.Descriptor{Digest: registry.DigestOf([]byte("payload"))})
	require.NoError(t, err)
	require.Equal(t, []byte("payload"), got)
	log := w.Log()
	require.Contains(t, log[len(log)-1].Authorization, "Bearer ")
	require.Len(t, storage.Log(), 1)
	require.Empty(t, storage.Log()[0].Authorization)
	require.Equal(t, "signature=secret", storage.Log()[0].Query)

	t.Run("not even when it is asked for", func(t *testing.T) {
		storage.Reset()
		storage.Intercept(func(rw http.ResponseWriter, _ *http.Request) bool {
			rw.Header().Set("WWW-Authenticate", `Bearer realm="`+w.URL()+`/token"`)
			rw.WriteHeader(http.StatusUnauthorized)
			return true
		})
		before := len(w.Paths())
		_, err := w.client.Blob(ctx, w.repository, registry.Descriptor{Digest: registry.DigestOf([]byte("payload"))})
		requireCode(t, fault.Unauthorized, err)
		require.Len(t, storage.Log(), 1)
		require.Len(t, w.Paths(), before+1)
	})
	t.Run("the signed address is not repeated in errors", func(t *testing.T) {
		storage.Close()
		_, err := w.client.Blob(ctx, w.repository, registry.Descriptor{Digest: registry.DigestOf([]byte("payload"))})
		requireCode(t, fault.Unavailable, err)
		require.NotContains(t, err.Error(), "secret")
	})
}

func TestRedirectsThatAreRefused(t *testing.T) {
	neighbour := oci.Start(t)
	_, port, _ := strings.Cut(neighbour.Host(), ":")
	for name, location := range map[string]string{
		"metadata service":         "http://169.254.169.254/latest/meta-data",
		"metadata service, TLS":    "https://169.254.169.254/latest/meta-data",
		"metadata service, IPv6":   "https://[fd00:ec2::254]/latest",
		"mapped address":           "https://[::ffff:169.254.169.254]/",
		"private address":          "https://10.0.0.1/",
		"shared address":           "https://100.64.0.1/",
		"loopback, not configured": neighbour.URL() + "/x",
		"loopback by name":         "http://localhost:" + port + "/x",
		"loopback by name, TLS":    "https://localhost:" + port + "/x",
		"plain HTTP":               "http://storage.example/x",
		"unspecified":              "https://0.0.0.0:" + port + "/x",
		"another scheme":           "file:///etc/passwd",
		"ftp":                      "ftp://storage.example/x",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.answer(func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Location", location)
				rw.WriteHeader(http.StatusFound)
			})
			_, err := w.client.Blob(context.Background(), w.repository, registry.Descriptor{Digest: w.digest})
			if name == "another scheme" {
				requireCode(t, fault.Unavailable, err) // a file has no host: no usable location
			} else {
				requireCode(t, fault.HostNotAllowed, err)
			}
			require.Len(t, w.Paths(), 1)
		})
	}
	require.Zero(t, neighbour.Connections())
}

func TestRedirectsAreBounded(t *testing.T) {
	w := newWorld(t, nil)
	w.answer(func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, r.URL.Path, http.StatusMovedPermanently)
	})
	requireCode(t, fault.Unavailable, w.manifest(context.Background()))
	require.Len(t, w.Paths(), 4)
	w.answer(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusFound) })
	requireCode(t, fault.Unavailable, w.manifest(context.Background()))
}

func TestRedirectWithUserInfoDoesNotLogIn(t *testing.T) {
	w := newWorld(t, nil)
	w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Has("again") {
			return false
		}
		http.Redirect(rw, r, "http://user:secret@"+w.Host()+r.URL.Path+"?again", http.StatusFound)
		return true
	})
	require.NoError(t, w.manifest(context.Background()))
	require.Empty(t, w.Log()[1].Authorization)
}

// GHSA-qq97-vm5h-rrhg: the same bytes are a manifest to one reader and an index to another.
func TestManifestsThatAreTwoThingsAreRefused(t *testing.T) {
	both := strings.Replace(imageJSON, `"layers"`, `"manifests":[],"layers"`, 1)
	million := `{"schemaVersion":2,"config":` + configJSON + `,"layers":[` + strings.Repeat("{},", 1_000_000) + `{}]}`
	for _, row := range []struct {
		name, raw, mediaType string
		code                 fault.Code
	}{
		{"both lists", both, registry.OCIManifest, fault.Malformed},
		{"contradicting type", imageJSON, registry.DockerManifest, fault.Malformed},
		{"schema 1", `{"schemaVersion":1}`, "application/vnd.docker.distribution.manifest.v1+json", fault.Unsupported},
		{"unknown type", `{"schemaVersion":2}`, "text/html", fault.Unsupported},
		{"a million layers", million, registry.OCIManifest, fault.TooLarge},
	} {
		t.Run(row.name, func(t *testing.T) {
			w, ctx := newWorld(t, nil), context.Background()
			w.answer(func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Type", row.mediaType)
				_, _ = rw.Write([]byte(row.raw))
			})
			_, err := w.client.Manifest(ctx, w.repository, registry.DigestOf([]byte(row.raw)))
			requireCode(t, row.code, err)
			_, err = w.client.Tagged(ctx, w.repository, "v1")
			requireCode(t, row.code, err)
		})
	}
}

func TestSha512ContentIsChecked(t *testing.T) {
	w := newWorld(t, nil)
	body := ""
	w.answer(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(body)) })
	got, err := w.client.Blob(context.Background(), w.repository, registry.Descriptor{Digest: sha512sum})
	require.NoError(t, err)
	require.Empty(t, got)
	body = "x"
	_, err = w.client.Blob(context.Background(), w.repository, registry.Descriptor{Digest: sha512sum})
	requireCode(t, fault.DigestMismatch, err)
}

func TestObserveSeesEveryRequest(t *testing.T) {
	var seen []registry.Request
	w := newWorld(t, func(c *registry.Config) { c.Observe = func(r registry.Request) { seen = append(seen, r) } }, oci.WithBearer("", ""))
	ctx := context.Background()
	_, err := w.client.Resolve(ctx, w.ref(t))
	require.NoError(t, err)
	_, err = w.client.Referrers(ctx, w.repository, w.digest)
	require.NoError(t, err)
	w.Close()
	require.Error(t, w.manifest(ctx))
	for i := range seen { // how long tokens and lists are is theirs to say; HEAD has no body
		require.Equal(t, seen[i].Method == "GET" && seen[i].Status == 200, seen[i].Bytes > 0, "%v", seen[i])
		seen[i].Bytes = 0
	}
	row := func(method, kind, reference string, status int) registry.Request {
		return registry.Request{
			Registry: w.repository.Registry, Repository: "team/app", Method: method, Kind: kind, Reference: reference, Status: status,
		}
	}
	require.Equal(t, []registry.Request{
		row("HEAD", "manifest", "v1", 401), row("GET", "token", "", 200), row("HEAD", "manifest", "v1", 200),
		row("GET", "referrers", string(w.digest), 200), row("GET", "manifest", string(w.digest), 0),
	}, seen)
}

// login is a keychain with one login for every registry it is asked about.
func login(user, password string) registry.Keychain { return static{user: user, password: password} }

// held is a keychain that says that it has credentials.
type held struct{ registry.Keychain }

func (held) Holds(registry.Repository) bool { return true }

type static struct {
	user, password, token string
	err                   error
}

func (s static) Credentials(context.Context, registry.Repository) (user, password, token string, err error) {
	return s.user, s.password, s.token, s.err
}

var errKeychain = errors.New("the keychain is locked")
