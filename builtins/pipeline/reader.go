package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/shell"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

// Reader reads one repository many times, as whoever checks it file by file
// does: it lists the files each time, and reads them again only when one of them
// came, went or changed in size or time. It is safe for concurrent use.
type Reader struct {
	fsys   fs.FS
	limits source.Limits

	mu   sync.Mutex
	tree tree
	kept map[string]*reading // by the file that is asked for; "" is the repository alone
}

// NewReader returns a reader of the repository whose root is the root of fsys.
func NewReader(fsys fs.FS, limits source.Limits) *Reader {
	return &Reader{fsys: fsys, limits: limits}
}

// Read is [Read]. The result is shared: treat it as read-only.
func (r *Reader) Read(ctx context.Context) (*model.Repository, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	got, err := r.reading(ctx, "", true)
	if err != nil {
		return nil, err
	}
	return got.repository, nil
}

// ReadFile is [ReadFile]. The result is shared: treat it as read-only.
func (r *Reader) ReadFile(ctx context.Context, name string) (*model.Repository, error) {
	clean, ok := source.Clean(name)
	if !ok {
		return nil, fault.Newf(fault.NotFound, "read file", name, "it is not in the repository")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	got, err := r.reading(ctx, clean, false)
	if err != nil {
		return nil, err
	}
	return got.only(clean), nil
}

// reading returns what the repository holds, with the given file among its
// pipelines. Keys are looked for only when they are asked for: that opens all files.
func (r *Reader) reading(ctx context.Context, name string, keys bool) (*reading, error) {
	now, err := walk(ctx, r.fsys)
	if err != nil {
		return nil, err
	}
	if r.kept == nil || now.print != r.tree.print {
		r.kept, r.tree = map[string]*reading{}, now
	}
	for _, key := range []string{"", name} {
		got := r.kept[key]
		if got != nil && (got.keys || !keys) && (key == name || slices.Contains(got.files, name)) {
			return got, nil
		}
	}
	got, err := read(ctx, r.fsys, r.limits, r.tree, name, keys)
	if err != nil {
		return nil, err
	}
	if got.found {
		name = "" // it is the repository alone
	}
	if len(r.kept) < maxKept || name == "" {
		r.kept[name] = got
	}
	return got, nil
}

// maxKept bounds the readings that are kept: each file that lies where no system
// looks needs one of its own.
const maxKept = 16

// reading is a repository that was read.
type reading struct {
	repository *model.Repository
	files      []string                   // the pipelines that a walk finds
	problems   map[string][]model.Problem // by the pipeline whose reading met them
	found      bool                       // the file that was asked for is one of files
	keys       bool                       // private keys were looked for, not in pipelines alone
}

// read reads the pipelines of a repository. Extra is read as one too, unless it
// is "".
func read(ctx context.Context, fsys fs.FS, limits source.Limits, t tree, extra string, keys bool) (*reading, error) {
	files := source.New(ctx, fsys, limits)
	run := shell.New(files)
	got := &reading{repository: &model.Repository{}, problems: map[string][]model.Problem{}, keys: keys}
	look := finder{fsys: fsys, most: files.FileBytes()}
	for _, f := range t.files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s, ok := byPath(f.name)
		var text []byte
		switch {
		case ok:
			text, _ = files.Read(f.name) // what is wrong with it, its system says
		case telling(f.name):
			text = look.content(f)
			s, ok = byText(f.name, text, false)
		case keys:
			text = look.content(f)
		}
		if ok || keys {
			look.in(f.name, text)
		}
		if ok {
			got.files = append(got.files, f.name)
			got.add(s, run, f.name)
		}
	}
	got.found = extra == "" || slices.Contains(got.files, extra)
	if !got.found {
		got.addExtra(run, files, extra)
		text, _ := files.Read(extra)
		look.in(extra, text)
	}
	got.repository.Keys = look.found
	got.problems[""] = append(lost(t), look.problems...)
	got.finish(run)
	return got, ctx.Err()
}

func (g *reading) add(s system, run *shell.Runner, name string) {
	pipelines, problems := s.read(run, name)
	g.repository.Pipelines = append(g.repository.Pipelines, pipelines...)
	g.problems[name] = problems
}

// addExtra reads a file that lies where no system looks.
func (g *reading) addExtra(run *shell.Runner, files *source.Files, name string) {
	text, err := files.Read(name)
	if err != nil {
		g.problems[name] = []model.Problem{unreadable(name, err)}
		return
	}
	if s, ok := byText(name, text, true); ok {
		g.add(s, run, name)
		return
	}
	g.problems[name] = []model.Problem{{
		Place: model.Place{File: name}, Code: "unsupported",
		Text: "no CI system is known that runs this file",
	}}
}

// unreadable is the problem of a file that cannot be read.
func unreadable(name string, err error) model.Problem {
	code := "not_found"
	if c, ok := fault.CodeOf(err); ok && c == fault.TooLarge {
		code = "too_large"
	}
	text := err.Error()
	var f *fault.Error
	if errors.As(err, &f) && f.Err != nil {
		text = f.Err.Error()
	}
	return model.Problem{Place: model.Place{File: name}, Code: code, Text: text}
}

func lost(t tree) []model.Problem {
	var out []model.Problem
	for _, dir := range t.lost {
		out = append(out, model.Problem{
			Place: model.Place{File: dir}, Code: "not_found",
			Text: fmt.Sprintf("the folder %s cannot be listed: what lies in it is not read; let it be read", dir),
		})
	}
	for _, name := range t.links {
		out = append(out, model.Problem{
			Place: model.Place{File: name}, Code: "unsupported",
			Text: fmt.Sprintf("%s is a symbolic link, or no file at all: what it leads to is not read; put the pipeline itself there", name),
		})
	}
	return out
}

// finish fills what only the whole repository tells.
func (g *reading) finish(run *shell.Runner) {
	r := g.repository
	goreleaser(run, r.Pipelines)
	tidy(r)
	images, problems := link(r.Pipelines)
	r.Images = images
	for _, p := range problems {
		g.problems[p.File] = append(g.problems[p.File], p)
	}
	for _, all := range g.problems {
		r.Problems = append(r.Problems, all...)
	}
	sortProblems(r)
	fill(r)
}

// only is what the reading says of one file.
func (g *reading) only(name string) *model.Repository {
	out := &model.Repository{Problems: slices.Clone(g.problems[name])}
	for _, p := range g.repository.Pipelines {
		if p.File == name {
			out.Pipelines = append(out.Pipelines, p)
		}
	}
	for _, i := range g.repository.Images {
		if i.Pipeline == name {
			out.Images = append(out.Images, i)
		}
	}
	for _, k := range g.repository.Keys {
		if k.File == name {
			out.Keys = append(out.Keys, k)
		}
	}
	sortProblems(out)
	fill(out)
	return out
}
