package audit

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// progress says on a terminal how far an audit is, in one line that is written over,
// once it takes over a second.
type progress struct {
	w    io.Writer
	on   bool // w is a terminal
	mu   sync.Mutex
	from time.Time
	last time.Time
	line bool // one is on the screen
}

// often is the time between two lines.
const often = 200 * time.Millisecond

func newProgress(w io.Writer) *progress {
	file, isFile := w.(*os.File)
	now := time.Now()
	return &progress{w: w, on: isFile && render.IsTerminal(file), from: now.Add(time.Second), last: now}
}

func (p *progress) say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !p.on || now.Before(p.from) || now.Sub(p.last) < often {
		return
	}
	p.last, p.line = now, true
	fmt.Fprintf(p.w, "\r\x1b[K%s …", render.Clean(text))
}

// done takes the line away.
func (p *progress) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) clear() {
	if p.line {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.line = false
	}
}

// warn writes a line that stays.
func (p *progress) warn(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(p.w, "waxseal:", text)
}

func (p *progress) gathering(e gather.Event) {
	if e.Part == "cluster" {
		p.say(fmt.Sprintf("reading cluster %s: %d pods, %d images", e.Name, e.Pods, e.Images))
		return
	}
	p.say(fmt.Sprintf("reading %s %s", e.Part, e.Name))
}

func (p *progress) images(done, total int) {
	p.say(fmt.Sprintf("judging images: %d of %d", done, total))
}

func (p *progress) logs(read, size int64) {
	if size > 0 {
		p.say(fmt.Sprintf("reading logs: %d %%", read*100/size))
		return
	}
	p.say("reading logs")
}
