package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/gatekeeper/provider"
	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/oci"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// outcomes is what a call said of each key: "ok", or the codes of why not.
func outcomes(t *testing.T, a answer) map[string]string {
	t.Helper()
	out := map[string]string{}
	for key, c := range a.values(t) {
		out[key] = "ok"
		if !c.OK {
			out[key] = ""
		}
		for _, e := range c.Errors {
			out[key] += string(e.Code)
		}
	}
	return out
}

// left returns what systemError says of the keys that have no answer.
func left(t *testing.T, a answer) map[string]evidence.Common {
	t.Helper()
	_, after, found := strings.Cut(a.SystemError, ", ask again: ")
	require.True(t, found, a.SystemError)
	out := map[string]evidence.Common{}
	require.NoError(t, json.Unmarshal([]byte(after), &out))
	return out
}

// TestValidate asks about good and bad keys in one call: each has its own
// answer, the same that other hosts have, and no bad one fails the others.
func TestValidate(t *testing.T) {
	w := fixture.New(t)
	s := start(t, w, setup{})
	o := sigstore.Options{}
	now := time.Now()
	signed := w.Push(t, "team/signed", "v1", nil).Sign(t, o, w.Key)
	bundle := w.Push(t, "team/bundle", "v1", nil).SignBundle(t, w.Key, o)
	unsigned := w.Push(t, "team/unsigned", "v1", nil)
	stranger := w.Push(t, "team/stranger", "v1", nil).Sign(t, o, w.Other)
	keys := map[string]string{
		slotted(verify(signed.ByDigest()), now):                                      "ok",
		slotted(verify(bundle.ByTag()), now):                                         "ok",
		slotted(verify(unsigned.ByDigest()), now):                                    "unsigned",
		slotted(verify(stranger.ByDigest()), now):                                    "untrusted_identity",
		slotted(verify(w.Host()+"/team/none:v1"), now):                               "not_found",
		slotted(verify("UPPER"), now):                                                "invalid_reference",
		slotted(`{"fn":"registry.digest","ref":"`+signed.ByTag()+`"}`, now):          "ok",
		slotted(`{"fn":"cosign.verify","opts":{"key":["release"]},"ref":"x"}`, now):  "invalid_request",
		slotted(`{"fn":"http.send","opts":{},"ref":"x"}`, now):                       "invalid_request",
		slotted(`not JSON`, now):                                                     "invalid_request",
		verify(signed.ByDigest()):                                                    "invalid_request", // no slot
		verify(signed.ByDigest()) + " 0178000000":                                    "invalid_request",
		slotted(`{"fn":"image.parse","ref":"`+strings.Repeat("a", 70_000)+`"}`, now): "invalid_request",
		"": "invalid_request",
	}
	var all []string
	for key := range keys {
		all = append(all, key)
	}
	a := s.call(t, "/validate", all...)
	require.Equal(t, http.StatusOK, a.status)
	require.Empty(t, a.SystemError)
	require.True(t, a.Idempotent)
	require.Equal(t, keys, outcomes(t, a))

	// The value is the result as every host has it.
	key := slotted(verify(signed.ByDigest()), now)
	want, err := w.Collector(t, evidence.Config{}).Decide().Verify(context.Background(), signed.ByDigest(), w.Options(t, map[string]any{"keys": []string{"release"}}))
	require.NoError(t, err)
	raw, err := json.Marshal(want)
	require.NoError(t, err)
	for _, i := range a.Items {
		if i.Key == key {
			require.JSONEq(t, string(raw), string(i.Value))
		}
	}
}

// TestLeftOut shows that what nobody can tell now is no item, which Gatekeeper
// would keep for minutes, and that the rest of the call is answered.
func TestLeftOut(t *testing.T) {
	w := fixture.New(t)
	s := start(t, w, setup{})
	now := time.Now()
	good := slotted(verify(w.Push(t, "team/good", "v1", nil).Sign(t, sigstore.Options{}, w.Key).ByDigest()), now)
	down := w.Push(t, "down/app", "v1", nil).ByDigest()
	locked := w.Push(t, "locked/app", "v1", nil).ByDigest()
	w.Intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		status := map[bool]int{strings.HasPrefix(r.URL.Path, "/v2/down/"): http.StatusServiceUnavailable, strings.HasPrefix(r.URL.Path, "/v2/locked/"): http.StatusForbidden}[true]
		if status != 0 {
			rw.WriteHeader(status)
		}
		return status != 0
	})
	far := slotted(verify(w.Host()+"/team/good:v1"), now.Add(2*time.Minute))
	old := slotted(verify(w.Host()+"/team/good:v1"), now.Add(-2*time.Minute))

	a := s.call(t, "/validate", slotted(verify(down), now), good, slotted(verify(locked), now), far, old)
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, map[string]string{good: "ok"}, outcomes(t, a))
	require.Contains(t, a.SystemError, "waxseal cannot tell now about 4 of 5 keys")
	out := left(t, a)
	codes := map[string]fault.Code{}
	for key, c := range out {
		require.False(t, c.OK)
		require.Len(t, c.Errors, 1)
		require.True(t, c.Errors[0].Retryable)
		codes[key] = c.Errors[0].Code
	}
	require.Equal(t, map[string]fault.Code{
		slotted(verify(down), now): fault.Unavailable, slotted(verify(locked), now): fault.Unauthorized,
		far: fault.Unavailable, old: fault.Unavailable,
	}, codes)
	require.Contains(t, out[far].Errors[0].Message, "set the clocks")
	require.Equal(t, down, out[slotted(verify(down), now)].Image.Ref)
	require.Contains(t, s.log.String(), `"msg":"call answered in part"`)
	require.Contains(t, s.log.String(), "unauthorized")

	// It recovers with the registry.
	w.Intercept(nil)
	require.Equal(t, map[string]string{slotted(verify(down), now): "unsigned"}, outcomes(t, s.call(t, "/validate", slotted(verify(down), now))))
}

// Slots of one minute around the provider's clock are its time.
func TestSlots(t *testing.T) {
	w := fixture.New(t)
	at := time.Date(2026, 1, 1, 12, 0, 5, 0, time.UTC)
	s := start(t, w, setup{provider: provider.Config{Now: func() time.Time { return at }}})
	request := `{"fn":"image.parse","ref":"registry.example/a:v1"}`
	for d, near := range map[time.Duration]bool{
		0: true, 10 * time.Second: true, -10 * time.Second: true, time.Minute: true, -time.Minute: true,
		70 * time.Second: false, -70 * time.Second: false, 1000 * time.Hour: false, -30 * 365 * 24 * time.Hour: false,
	} {
		a := s.call(t, "/validate", slotted(request, at.Add(d)))
		require.Equal(t, near, len(a.Items) == 1, "%s", d)
		require.Equal(t, near, a.SystemError == "", "%s", d)
	}
	a := s.call(t, "/validate", request+" 9223372036854775807", request+" -9223372036854775808")
	require.Empty(t, a.Items)
	require.Len(t, left(t, a), 2)
}

// TestOneDecision shows that a call is one snapshot, in parallel: a tag is
// resolved once, and twenty images are as deep as one.
func TestOneDecision(t *testing.T) {
	w := fixture.New(t, oci.WithDelay(100*time.Millisecond))
	s := start(t, w, setup{})
	now := time.Now()
	var keys []string
	for i := range 20 {
		img := w.Push(t, fmt.Sprintf("team/app%d", i), "v1", nil).Sign(t, sigstore.Options{}, w.Key)
		keys = append(keys,
			slotted(strings.Replace(verify(img.ByTag()), `{"keys"`, `{"formats":["legacy"],"keys"`, 1), now),
			slotted(`{"fn":"registry.digest","ref":"`+img.ByTag()+`"}`, now))
	}
	w.Reset()
	a := s.call(t, "/validate", keys...)
	require.Empty(t, a.SystemError)
	require.Len(t, a.Items, 40)
	heads := 0
	for _, p := range w.Paths() {
		if strings.HasPrefix(p, "HEAD ") {
			heads++
		}
	}
	require.Equal(t, 20, heads)
	require.Equal(t, 2, w.Depth(), "the digest of the tag, then everything else")
}

// TestHerd shows that 100 equal calls at once cost the registry one.
func TestHerd(t *testing.T) {
	w := fixture.New(t, oci.WithDelay(250*time.Millisecond)) // on a busy machine the last of the herd is late at each step
	s := start(t, w, setup{provider: provider.Config{Limits: provider.Limits{Calls: 100}}})
	img := w.Push(t, "team/app", "v1", nil).SignBundle(t, w.Key, sigstore.Options{})
	key := slotted(verify(img.ByTag()), time.Now())
	w.Reset()
	w.Hold(0)
	var wg sync.WaitGroup
	answers := make(chan string, 100)
	for range 100 {
		wg.Go(func() {
			a, err := s.post(s.client, "/validate", key)
			if err != nil || len(a.Items) != 1 {
				answers <- fmt.Sprint(err, a)
				return
			}
			answers <- string(a.Items[0].Value)
		})
	}
	require.Eventually(t, func() bool { return len(w.Log()) == 1 }, time.Minute, time.Millisecond)
	time.Sleep(time.Second) // let the last of the herd reach the first request
	w.Release()
	wg.Wait()
	close(answers)
	seen := map[string]int{}
	for a := range answers {
		seen[a]++
	}
	require.Len(t, seen, 1, "%v", seen)
	require.Len(t, w.Log(), 5, strings.Join(w.Paths(), "\n"))
}

// eventually asks until the answer is this: on a busy machine a short deadline
// passes before a registry that is not slow has answered.
func eventually(t *testing.T, s *server, key, want string) {
	t.Helper()
	require.Eventually(t, func() bool {
		a, err := s.post(s.client, "/validate", key)
		return err == nil && len(a.Items) == 1 && outcomes(t, a)[key] == want
	}, time.Minute, time.Millisecond)
}

// TestDeadline shows that a slow registry costs only its own keys, and that the
// answer comes before Gatekeeper gives up.
func TestDeadline(t *testing.T) {
	w := fixture.New(t)
	s := start(t, w, setup{evidence: evidence.Config{Deadline: 2 * time.Second}})
	now := time.Now()
	slow := slotted(verify(w.Push(t, "team/slow", "v1", nil).ByTag()), now)
	pure := slotted(`{"fn":"image.parse","ref":"registry.example/a:v1"}`, now)
	w.Hold(0)
	a := s.call(t, "/validate", slow, pure)
	require.Equal(t, map[string]string{pure: "ok"}, outcomes(t, a))
	require.Equal(t, fault.Timeout, left(t, a)[slow].Errors[0].Code)
	m := s.call(t, "/mutate", w.Host()+"/team/slow:v1")
	require.Len(t, m.Items, 1)
	require.Contains(t, m.Items[0].Error, "deadline")
	w.Release()
	eventually(t, s, slow, "unsigned")
}

// TestTurns shows that calls over the limit wait, and are refused at their
// deadline.
func TestTurns(t *testing.T) {
	w := fixture.New(t)
	s := start(t, w, setup{evidence: evidence.Config{Deadline: 2 * time.Second}, provider: provider.Config{Limits: provider.Limits{Calls: 1}}})
	key := slotted(verify(w.Push(t, "team/app", "v1", nil).ByTag()), time.Now())
	arrived := w.Hold(0)
	answers := make(chan answer, 31)
	ask := func() {
		a, err := s.post(s.client, "/validate", key)
		if err != nil {
			t.Error(err)
		}
		answers <- a
	}
	go ask()
	<-arrived
	for range 30 {
		go ask()
	}
	refused := 0
	for range 31 {
		if a := <-answers; a.status != http.StatusOK {
			refused++
			require.Equal(t, http.StatusServiceUnavailable, a.status)
			require.Contains(t, a.SystemError, "more than 1 calls at one time")
		}
	}
	require.Positive(t, refused)
	w.Release()
	eventually(t, s, key, "unsigned")
}

// TestGone shows that a caller who gives up is no bug and stops no other.
func TestGone(t *testing.T) {
	w := fixture.New(t)
	s := start(t, w, setup{})
	key := slotted(verify(w.Push(t, "team/app", "v1", nil).ByTag()), time.Now())
	arrived := w.Hold(0)
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/validate", bytes.NewReader(call(key)))
	require.NoError(t, err)
	go func() {
		<-arrived
		leave()
	}()
	_, err = s.client.Do(request) //nolint:bodyclose // there is no answer
	require.ErrorIs(t, err, context.Canceled)
	require.Eventually(t, func() bool { return strings.Contains(s.log.String(), "the caller has gone") }, 20*time.Second, time.Millisecond)
	w.Release()
	require.Equal(t, map[string]string{key: "unsigned"}, outcomes(t, s.call(t, "/validate", key)))
	require.NotContains(t, s.log.String(), "bug")
}

// TestRefusedCalls shows that a call that breaks the protocol or a limit is
// refused as a whole, in the protocol's own form.
func TestRefusedCalls(t *testing.T) {
	s := start(t, fixture.New(t), setup{provider: provider.Config{Limits: provider.Limits{BodyBytes: 2000, Keys: 3}}})
	good := `{"apiVersion":"externaldata.gatekeeper.sh/v1beta1","kind":"ProviderRequest","request":{"keys":[%s]}}`
	for name, row := range map[string]struct {
		body   string
		status int
		reason string
	}{
		"no JSON":       {"keys", http.StatusBadRequest, "the call is not a ProviderRequest"},
		"other version": {strings.Replace(good, "v1beta1", "v1alpha1", 1), http.StatusBadRequest, ""},
		"other kind":    {`{"apiVersion":"externaldata.gatekeeper.sh/v1beta1","kind":"Pod"}`, http.StatusBadRequest, `"Pod"`},
		"too many keys": {fmt.Sprintf(good, `"a","b","c","d"`), http.StatusRequestEntityTooLarge, "4 keys, more than 3"},
		"too large":     {fmt.Sprintf(good, `"`+strings.Repeat("a", 2000)+`"`), http.StatusRequestEntityTooLarge, "more than 2000 bytes"},
		"no keys":       {fmt.Sprintf(good, ""), http.StatusOK, ""},
	} {
		for _, endpoint := range []string{"/validate", "/mutate"} {
			a, err := s.raw(s.client, endpoint, []byte(row.body))
			require.NoError(t, err)
			require.Equal(t, row.status, a.status, name)
			require.Empty(t, a.Items)
			require.Contains(t, a.SystemError, row.reason)
			require.Equal(t, row.status == http.StatusOK, a.SystemError == "", name)
		}
	}
	resp, err := s.client.Get(s.url + "/validate")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode)
}

// A deadline that Gatekeeper does not wait for is refused before anything starts.
func TestDeadlineMustFit(t *testing.T) {
	w := fixture.New(t)
	_, err := provider.New(provider.Config{Collector: w.Collector(t, evidence.Config{Deadline: 5 * time.Second})})
	require.EqualError(t, err, "provider: the deadline of a decision is 5s, but Gatekeeper waits for 5s only; it must be at least 500ms shorter")
	_, err = provider.New(provider.Config{Collector: w.Collector(t, evidence.Config{Deadline: 4500 * time.Millisecond})})
	require.NoError(t, err)
	_, err = provider.New(provider.Config{})
	require.Error(t, err)
}
