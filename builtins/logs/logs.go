package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/builtins/fault"
)

// The formats.
const (
	Auto            = "auto"
	KubernetesAudit = "kubernetes-audit"
	EKS             = "eks"
	AKS             = "aks"
	GKE             = "gke"
	Gatekeeper      = "gatekeeper"
	Events          = "events"
	Distribution    = "distribution"
	Harbor          = "harbor"
	RegistryAccess  = "registry-access"
	OPADecisions    = "opa-decisions"
)

// Formats returns the names that [Source.Format] takes, [Auto] first.
func Formats() []string {
	return []string{Auto, KubernetesAudit, EKS, AKS, GKE, Gatekeeper, Events, Distribution, Harbor, RegistryAccess, OPADecisions}
}

// Source is a log.
type Source struct {
	Name string // as it is shown, and in rows
	// Path is what is read where Open is nil.
	Path string
	Open func() (io.ReadCloser, error)
	Size int64 // in bytes, 0 for unknown; of a Path it is looked up
	// Format is one of [Formats], "" for auto. With a name, lines of other formats
	// are unread.
	Format  string
	Cluster string
	// Registry is the host under which the registry is known whose log this is, for
	// logs that name none: access logs and Harbor's audit log.
	Registry string
}

// Options bound and narrow what is read.
type Options struct {
	// From and To are the period, both ends included; the zero time is no end. Events
	// outside are not counted, and [audit.LogSource] says what the log covers.
	From, To time.Time
	// MaxRows bounds each table. The default is 20,000. What comes then is added to
	// rows without image, registry, namespace and user, a quarter as many at most.
	MaxRows int
	// MaxLine bounds a line, or an element of a list. The default is 8 MiB. A longer
	// one is unread.
	MaxLine int
	// Exclude are namespaces whose events are not counted.
	Exclude []string
	// Codes are our violations by their remediation, which ends their messages: a
	// message of ours in a log of others names its code in this way only. A
	// remediation that several codes share is left out by whoever fills it.
	Codes map[string]string
	// Progress is told how far it is, in bytes as they stand in the files; total is 0
	// where a size is unknown.
	Progress func(done, total int64)
}

const (
	defaultRows = 20_000
	defaultLine = 8 << 20
	// strangers is how many lines of an unknown format are read in search of a known one.
	strangers = 1000
)

// Read reads all sources, in their order. Missing is what could not be read; an
// error is one of the caller, or of ctx.
func Read(ctx context.Context, sources []Source, opts Options) (audit.Logs, []audit.Missing, error) {
	if opts.MaxRows <= 0 {
		opts.MaxRows = defaultRows
	}
	if opts.MaxLine <= 0 {
		opts.MaxLine = defaultLine
	}
	for _, s := range sources {
		if s.Format != "" && !slices.Contains(Formats(), s.Format) {
			return audit.Logs{}, nil, fault.Newf(fault.InvalidRequest, "read log", s.Name, "%q is no format: it is one of %s", s.Format, strings.Join(Formats(), ", "))
		}
	}
	missing := []audit.Missing{}
	all, progress := newTables(opts), newProgress(sources, opts.Progress)
	found := []audit.LogSource{}
	for _, s := range sources {
		source, err := readSource(ctx, s, opts, all, progress)
		if ctx.Err() != nil {
			return audit.Logs{}, nil, fault.New(fault.Timeout, "read log", s.Name, ctx.Err())
		}
		found = append(found, source)
		if err != nil {
			missing = append(missing, audit.Missing{Part: "log", Name: s.Name, Why: err.Error(), Rests: "logs"})
		}
	}
	logs := all.logs()
	logs.Sources = found
	return logs, missing, nil
}

func readSource(ctx context.Context, s Source, opts Options, all *tables, progress *progress) (audit.LogSource, error) {
	r := &reader{Source: s, opts: opts, all: all, found: audit.LogSource{Name: s.Name, Cluster: s.Cluster}}
	in, err := open(s, progress)
	if err != nil {
		r.found.Problem = "cannot be opened: " + err.Error()
		return r.found, fmt.Errorf("cannot be opened: %w", err)
	}
	defer func() { _ = in.Close() }()
	err = r.read(ctx, in)
	r.found.Bytes = in.bytes
	r.found.From, r.found.To = stamp(r.first), stamp(r.last)
	return r.found, err
}

// reader reads one source.
type reader struct {
	Source
	opts  Options
	all   *tables
	found audit.LogSource

	at          int // line
	known       bool
	depth       int // of envelopes
	first, last time.Time
}

func (r *reader) read(ctx context.Context, in io.Reader) error {
	s := newSplitter(in, r.opts.MaxLine)
	for n := 0; ; n++ {
		if n%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		p, err := s.next()
		r.found.Lines = s.lines()
		switch {
		case errors.Is(err, io.EOF):
			return r.judge()
		case err != nil:
			r.unread(s.line, "cannot be read further: "+err.Error())
			return fmt.Errorf("cannot be read behind line %d: %w. What came before is counted", s.lines(), err)
		case p.problem != "":
			r.unread(p.line, p.problem)
			continue
		}
		r.at = p.line
		r.take(p.data)
		if !r.known && n >= strangers {
			return r.judge()
		}
	}
}

// judge is the end of the file: nothing of it was known, or it is read.
func (r *reader) judge() error {
	if r.known || r.found.Lines == 0 {
		return nil
	}
	r.found.Format = ""
	why := "is of no known format; known are " + strings.Join(Formats()[1:], ", ")
	if r.Format != "" && r.Format != Auto {
		why = "has no line of the format " + r.Format
	}
	return fmt.Errorf("%s (the first line that was not understood: %s)", why, r.found.Problem)
}

// unread counts a line that says nothing, and keeps the first.
func (r *reader) unread(line int, problem string) {
	r.found.Unread++
	if r.found.Problem == "" {
		r.found.Problem = clip(fmt.Sprintf("%s:%d: %s", r.Name, line, problem), maxMessage)
	}
}

// recognised takes note of the format of a line. It is false where the line is of
// another format than the one that was asked for.
func (r *reader) recognised(format string) bool {
	if r.Format != "" && r.Format != Auto && r.Format != format {
		r.unread(r.at, "is of the format "+format)
		return false
	}
	if r.found.Format == "" {
		r.found.Format = format
	}
	r.known = true
	return true
}

// event counts an event, and says whether it lies in the period.
func (r *reader) event(at time.Time) bool {
	r.found.Events++
	if at.IsZero() {
		// What has no time might be of the period.
		return true
	}
	if r.first.IsZero() || at.Before(r.first) {
		r.first = at
	}
	if at.After(r.last) {
		r.last = at
	}
	// Periods are of whole seconds, and events have parts of one: all of the last second
	// is in it.
	return !at.Before(r.opts.From) && (r.opts.To.IsZero() || !at.Truncate(time.Second).After(r.opts.To))
}

func (r *reader) excluded(namespace string) bool {
	return namespace != "" && slices.Contains(r.opts.Exclude, namespace)
}
