package page_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// pages is the folder of the pages that are opened.
var pages = os.Getenv("WAXSEAL_PAGES")

// chromium is the one browser of all tests; each has a tab of its own.
var chromium context.Context

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if pages == "" {
		fmt.Println("skipped: make test-page says in WAXSEAL_PAGES where the pages are")
		return 0
	}
	profile, err := os.MkdirTemp("", "waxseal-chromium-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(profile)
	alloc, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.UserDataDir(profile), chromedp.WindowSize(1280, 900), chromedp.WSURLReadTimeout(time.Minute),
		flag("headless"), flag("no-sandbox"), flag("disable-gpu"), flag("disable-quic"), flag("no-first-run"),
		flag("disable-background-networking"), flag("disable-component-update"), flag("disable-sync"), flag("hide-scrollbars"))
	defer stop()
	ctx, end := chromedp.NewContext(alloc)
	defer end()
	if err := chromedp.Do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "chromium:", err)
		return 1
	}
	chromium = ctx
	return m.Run()
}

func flag(name string) chromedp.ExecAllocatorOption { return chromedp.Flag(name, true) }

// tab is a page that is open, and what it did that it must not.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	said     []string // errors and warnings of the console, violations of its policy, dialogs
	requests []string
}

// open opens a page, and at the end of the test makes sure that it said nothing
// and asked for nothing. Settings come before the page is loaded.
func open(t *testing.T, name string, settings ...action) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(chromium)
	require.NoError(t, chromedp.Do(ctx)) // a tab, which must not end with the time below
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute)
	tb := &tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		tb.mu.Lock()
		require.Empty(t, tb.said)
		for _, r := range tb.requests {
			require.True(t, strings.HasPrefix(r, "file://"+pages), "the page has asked for %s", r)
		}
		tb.mu.Unlock()
		stop()
		end()
	})
	require.NoError(t, chromedp.Listen(ctx, tb.listen))
	tb.do(append([]action{send(network.Enable, network.EnableParams{}), send(log.Enable, cdp.Empty{})}, settings...)...)
	tb.do(chromedp.Navigate("file://" + filepath.Join(pages, name)))
	return tb
}

func (tb *tab) listen(event any) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		tb.said = append(tb.said, "console: "+string(e.Type))
	case *runtime.EventExceptionThrown:
		tb.said = append(tb.said, "exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		tb.said = append(tb.said, e.Entry.Text)
	case *cdpage.EventJavascriptDialogOpening:
		tb.said = append(tb.said, "dialog: "+e.Message)
	case *network.EventRequestWillBeSent:
		tb.requests = append(tb.requests, e.Request.URL)
	}
}

func (tb *tab) do(actions ...action) {
	tb.t.Helper()
	require.NoError(tb.t, chromedp.Do(tb.ctx, actions...))
}

// eval returns what an expression is in the page.
func eval[T any](tb *tab, expression string) T {
	tb.t.Helper()
	out, err := chromedp.Run(tb.ctx, chromedp.Evaluate[T](expression))
	require.NoError(tb.t, err, expression)
	return out
}

// eventually waits for an expression to be true: the page may wait before it searches.
func (tb *tab) eventually(expression string) {
	tb.t.Helper()
	tb.do(chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(30*time.Second)))
}

// search types into the search box, and waits until the page says what it shows.
func (tb *tab) search(text string) {
	tb.t.Helper()
	eval[chromedp.Void](tb, `document.getElementById("q").value = ""`)
	tb.do(chromedp.SendKeys(chromedp.CSS("#q"), text))
	tb.eventually(fmt.Sprintf(`location.hash.startsWith("#?") && new URLSearchParams(location.hash.slice(2)).get("q") === %q`, text))
}

// choose chooses a value of a filter.
func (tb *tab) choose(filter, value string) {
	tb.t.Helper()
	eval[chromedp.Void](tb, fmt.Sprintf(`(() => { const s = document.getElementById("filter-" + %q); s.value = %q; s.dispatchEvent(new Event("change", {bubbles: true})); })()`, filter, value))
}

// shownImages returns the names of the images that can be seen.
func (tb *tab) shownImages() []string {
	tb.t.Helper()
	return eval[[]string](tb, `[...document.querySelectorAll("[data-row=image]")].filter(n => n.checkVisibility()).map(n => n.querySelector(".name").textContent)`)
}

// shown returns how many rows of a kind can be seen.
func (tb *tab) shown(kind string) int {
	tb.t.Helper()
	return eval[int](tb, fmt.Sprintf(`[...document.querySelectorAll("[data-row=%s]")].filter(n => n.checkVisibility()).length`, kind))
}

// action is something to do in a tab, without an answer.
type action = chromedp.Action[chromedp.Void]

// send sends a command of the protocol.
func send[P, R any](command cdp.Command[P, R], params P) action {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

func click(selector string) action { return chromedp.Click(chromedp.CSS(selector)) }

func scheme(name string) action {
	return send(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
}

func screen(width, height int64) action {
	return send(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 2, Mobile: true})
}

// record is what the tests need of the report that a page was made of.
type record struct {
	Audit struct{ Title string }
	Scope struct {
		Missing []struct{ Name string }
	}
	Images []struct {
		Ref, Repository, Tag, Digest, Verdict, Command string
		Namespaces, Codes                              []string
		Signers                                        []struct{ Name string }
	}
	Findings []struct{ ID, Msg, Severity string }
	Notes    []struct{ ID string }
	Controls []struct{ ID, Title, Answer, Command string }
	Logs     struct {
		Rejections, Admissions []struct{ Image string }
	}
}

func load(t *testing.T, name string) record {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(pages, name))
	require.NoError(t, err)
	var r record
	require.NoError(t, json.Unmarshal(data, &r))
	return r
}

// names returns the names of the images of which the row is true.
func (r record) names(row func(i int) bool) []string {
	out := []string{}
	for i, img := range r.Images {
		if name := strings.TrimSuffix(img.Repository+":"+img.Tag, ":"); row(i) {
			out = append(out, name)
		}
	}
	return out
}
