package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

// question is one thing to be asked of a registry.
type question struct {
	op         string // for errors: "get manifest"
	kind       string // path segment is kind + "s", but for referrers
	method     string
	repository Repository
	reference  string
	accept     []string
	most       int64 // bytes of the answer that are read
	page       *url.URL
}

func (q question) subject() string { return subject(q.repository, q.reference) }

// url returns where the question is put.
func (q question) url(scheme string) *url.URL {
	if q.page != nil {
		return q.page
	}
	folder := strings.TrimSuffix(q.kind, "s") + "s"
	return &url.URL{
		Scheme: scheme,
		Host:   endpoint(q.repository.Registry),
		Path:   "/v2/" + q.repository.Name + "/" + folder + "/" + q.reference,
	}
}

// endpoint returns the host that serves a registry.
func endpoint(registry string) string {
	if registry == dockerHub {
		return "registry-1.docker.io"
	}
	return registry
}

// answer is what came back: the status, and at most the bytes asked for.
type answer struct {
	status     int
	header     http.Header
	length     int64 // Content-Length; -1 when unknown
	body       []byte
	url        *url.URL
	redirected bool
}

func (a *answer) contentType() string {
	kind, err := baseType(a.header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return kind
}

// ask puts a question and returns the answer when it is a success. Otherwise it
// returns the error, and beside it the answer if there was one.
func (c *Client) ask(ctx context.Context, q question) (*answer, error) {
	a, err := c.patiently(ctx, func() (*answer, error) { return c.authorised(ctx, q) })
	if err != nil {
		return nil, classify(ctx, q.op, q.subject(), err)
	}
	return a, c.fault(a, q.op, q.repository, q.subject())
}

// patiently repeats a request as long as the registry says when to come back,
// and that is before the deadline.
func (c *Client) patiently(ctx context.Context, send func() (*answer, error)) (*answer, error) {
	for try := 0; ; try++ {
		a, err := send()
		if err != nil {
			return nil, err
		}
		wait, ok := a.retryAfter(time.Now())
		if !ok || try == c.limits.Retries || !c.fits(ctx, wait) {
			return a, nil
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// fits says whether waiting leaves the decision any time.
func (c *Client) fits(ctx context.Context, wait time.Duration) bool {
	deadline, ok := ctx.Deadline()
	if !ok {
		return wait <= c.limits.RetryAfter
	}
	return time.Now().Add(wait).Before(deadline)
}

func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// retryAfter returns how long the server asks to wait.
func (a *answer) retryAfter(now time.Time) (time.Duration, bool) {
	if a.status != http.StatusTooManyRequests && a.status != http.StatusServiceUnavailable {
		return 0, false
	}
	value := a.header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	return max(0, at.Sub(now)), true
}

// follow sends a request and goes where it is redirected. Only the first one
// carries the authorization: a redirect may lead anywhere.
func (c *Client) follow(ctx context.Context, q question, authorization string) (*answer, error) {
	at := q.url(c.hosts.scheme(q.repository.Registry))
	for hop := 0; ; hop++ {
		request, err := http.NewRequestWithContext(ctx, q.method, at.String(), nil)
		if err != nil {
			return nil, fault.New(fault.InvalidReference, q.op, q.subject(), err)
		}
		for _, mediaType := range q.accept {
			request.Header.Add("Accept", mediaType)
		}
		if authorization != "" {
			request.Header.Set("Authorization", authorization)
		}
		a, err := c.once(request, target{}, q)
		if err != nil {
			return nil, err
		}
		a.redirected = hop > 0
		next, err := c.redirect(a, at)
		if err != nil || next == nil {
			return a, err
		}
		if hop == c.limits.Redirects {
			return nil, fault.Newf(fault.Unavailable, q.op, q.subject(), "more than %d redirects", c.limits.Redirects)
		}
		at, authorization = next, ""
	}
}

// redirect returns where an answer points to, nil when it is the end of the way.
func (c *Client) redirect(a *answer, from *url.URL) (*url.URL, error) {
	switch a.status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	next, err := from.Parse(a.header.Get("Location"))
	if err != nil || next.Host == "" || a.header.Get("Location") == "" {
		return nil, fault.Newf(fault.Unavailable, "follow redirect", clip(from.Host), "no usable location")
	}
	return next, nil
}

// once sends one request and reads its answer, within the limits.
func (c *Client) once(request *http.Request, to target, q question) (*answer, error) {
	ctx, cancel := context.WithTimeoutCause(request.Context(), c.limits.RequestTimeout, slowError{c.limits.RequestTimeout})
	defer cancel()
	seen := Request{
		Registry: q.repository.Registry, Repository: q.repository.Name,
		Method: request.Method, Kind: q.kind, Reference: q.reference,
	}
	response, err := c.send(request.WithContext(ctx), to)
	if err != nil {
		c.observe(seen)
		return nil, cause(ctx, err)
	}
	defer response.Body.Close()
	a := &answer{status: response.StatusCode, header: response.Header, length: response.ContentLength, url: request.URL}
	a.body, err = read(response, q.most)
	seen.Status, seen.Bytes = response.StatusCode, int64(len(a.body))
	c.observe(seen)
	if err != nil {
		return nil, cause(ctx, err)
	}
	return a, nil
}

// slowError is the cause of a request that ran into the operator's limit, not into the deadline.
type slowError struct{ limit time.Duration }

func (e slowError) Error() string {
	return fmt.Sprintf("no answer within %s, the limit of one request (limits.request_timeout)", e.limit)
}

func cause(ctx context.Context, err error) error {
	if slow, ok := errors.AsType[slowError](context.Cause(ctx)); ok {
		return slow
	}
	return err
}

// errorBytes is what is read of an answer that is no success.
const errorBytes = 8 << 10

// read reads the body, if it is not too large. What the server says about its
// length is believed only when it is bad news.
func read(response *http.Response, most int64) ([]byte, error) {
	if response.Request.Method == http.MethodHead {
		return nil, nil
	}
	if response.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(response.Body, errorBytes))
		return body, nil
	}
	if response.ContentLength > most {
		return nil, fault.Newf(fault.TooLarge, "read answer", "", "%d bytes, the limit is %d", response.ContentLength, most)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > most {
		return nil, fault.Newf(fault.TooLarge, "read answer", "", "over the limit of %d bytes", most)
	}
	return body, nil
}

// fault returns the error that a status stands for, nil for a success.
func (c *Client) fault(a *answer, op string, repository Repository, subject string) error {
	code, advice := fault.Unavailable, ""
	switch a.status {
	case http.StatusOK:
		return nil
	case http.StatusNotFound, http.StatusGone:
		code = fault.NotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		code, advice = fault.Unauthorized, c.aboutCredentials(repository)
	case http.StatusTooManyRequests:
		code, advice = fault.RateLimited, a.aboutWaiting()
	case http.StatusServiceUnavailable:
		advice = a.aboutWaiting()
	case http.StatusNotAcceptable, http.StatusUnsupportedMediaType:
		code = fault.Unsupported
	}
	return fault.Newf(code, op, subject, "the registry answered %d%s%s", a.status, a.reason(), advice)
}

// aboutCredentials says where the credentials are configured that were not good enough.
func (c *Client) aboutCredentials(repository Repository) string {
	if holds(c.credentials, repository) {
		return " to the credentials for " + repository.Registry + " (credentials in waxseal.yaml)"
	}
	return "; docker_config, pull_secrets and cloud, under credentials in waxseal.yaml, name none for " + repository.Registry
}

// aboutWaiting says when the registry wants to be asked again.
func (a *answer) aboutWaiting() string {
	wait, said := a.retryAfter(time.Now())
	switch {
	case said:
		return fmt.Sprintf(" and wants to be asked again in %s (Retry-After)", wait.Round(time.Second))
	case a.status == http.StatusTooManyRequests:
		return " without saying when to ask again (no Retry-After)"
	}
	return ""
}

var errorCode = regexp.MustCompile(`\A[A-Z][A-Z_]{0,63}\z`)

// reason returns the error code of the distribution specification in the body,
// and nothing else: the rest is text that anyone may have written.
func (a *answer) reason() string {
	var body struct {
		Errors []struct{ Code string }
	}
	if json.Unmarshal(a.body, &body) != nil || len(body.Errors) == 0 || !errorCode.MatchString(body.Errors[0].Code) {
		return ""
	}
	return " " + body.Errors[0].Code
}

// classify gives a failed exchange its code. A caller who gave up gets no code.
func classify(ctx context.Context, op, subject string, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("%s %q: %w", op, subject, context.Canceled)
	case passed(ctx):
		<-ctx.Done()
		return fault.New(fault.Timeout, op, subject, context.Cause(ctx))
	}
	if coded, ok := errors.AsType[*fault.Error](err); ok {
		return fault.New(coded.Code, op, subject, bare(err))
	}
	return fault.New(fault.Unavailable, op, subject, bare(err))
}

// passed says whether the deadline is over. The network may notice before the context does.
func passed(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

// bare returns the error without the URL that net/http puts before it: the URL
// that a registry redirects to may hold a signature.
func bare(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}
