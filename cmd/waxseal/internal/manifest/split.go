package manifest

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// chunk is the text of one YAML document, its marker included, or of a stream
// of JSON values.
type chunk struct {
	text   []byte
	skip   int    // lines above it
	behind string // see Document.Behind
}

// split cuts a text at the markers --- and ... as YAML defines them. It is done
// before parsing, because no parser goes on behind an error, and the other
// documents must still be judged.
func split(text []byte) []chunk {
	var chunks []chunk
	start, startLine, line, content := 0, 0, 0, false
	cut := func(end, next int) {
		chunks = append(chunks, chunk{text[start:end], startLine, behind(text, start)})
		start, startLine, content = end, next, false
	}
	for at := 0; at < len(text); line++ {
		end := len(text)
		if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		l := text[at:end]
		switch {
		case isMarker(l, "...") && content:
			cut(end, line+1)
		case isMarker(l, "---") && content:
			cut(at, line)
			content = true
		case isMarker(l, "---"), !isFiller(l):
			content = true
		}
		at = end
	}
	if start < len(text) {
		cut(len(text), line)
	}
	return chunks
}

// behind says what a document that begins at start stands behind, when that is
// not a line of --- alone, with the line ends of the text, or "".
func behind(text []byte, start int) string {
	end := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		end = "\r\n"
	}
	switch {
	case start == 0:
		return ""
	case text[0] == '%':
		return "a directive"
	case !bytes.HasPrefix(text[start:], []byte("---")):
		return "a line with no --- in it"
	case !bytes.HasSuffix(text[:start], []byte(end)) || !bytes.HasPrefix(text[start:], []byte("---"+end)):
		return strconv.Quote(firstLine(text[start:]))
	}
	return ""
}

func firstLine(text []byte) string {
	line, _, _ := strings.Cut(string(text[:min(len(text), 40)]), "\n")
	return line
}

func isMarker(line []byte, marker string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(marker))
	return ok && (len(rest) == 0 || strings.IndexByte(" \t\r\n", rest[0]) >= 0)
}

// isFiller says whether a line may stand above a --- and belong to it: blank,
// comment, directive.
func isFiller(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) == 0 || line[0] == '#' || line[0] == '%'
}

// maxDocuments bounds the documents of a file.
const maxDocuments = 100_000

var bom = []byte("\xef\xbb\xbf")

// text reads all documents of a file.
func (r *reader) text(file string, text []byte) {
	f := &source{reader: r, file: file, json: strings.EqualFold(filepath.Ext(file), ".json")}
	for _, c := range split(bytes.TrimPrefix(text, bom)) {
		if f.index >= maxDocuments {
			r.failFile(file, "more than %d documents; what follows is not read; split it", maxDocuments)
			break
		}
		f.chunk(c)
	}
	if f.index == 0 {
		r.failFile(file, "empty: expected Kubernetes objects")
	}
}

// source is a file while it is read.
type source struct {
	*reader
	file  string
	json  bool
	index int

	behind string // of the document at hand
}

func (c chunk) options() document.Options {
	return document.Options{Bytes: MaxBytes, Kubectl: true, Skip: c.skip}
}

func (f *source) chunk(c chunk) {
	body := c.body()
	if f.json || len(body.text) > 0 && (body.text[0] == '{' || body.text[0] == '[') {
		if f.values(body) {
			return
		}
	}
	n, problems := document.FromYAML(c.text, c.options())
	f.add(c, n, problems)
}

// body returns the chunk from where its content begins.
func (c chunk) body() chunk {
	for len(c.text) > 0 {
		line, rest, found := bytes.Cut(c.text, []byte("\n"))
		if trimmed, marked := bytes.CutPrefix(line, []byte("---")); marked {
			line = trimmed
		}
		if !isFiller(line) {
			break
		}
		c.text = rest
		if found {
			c.skip++
		}
	}
	return c
}

// values reads a stream of JSON values. It returns false when the chunk is not
// JSON from its first value on, and may be YAML.
func (f *source) values(c chunk) bool {
	stream := document.NewStream(c.text, c.options())
	for first := true; ; first = false {
		n, problems, ok := stream.Next()
		switch {
		case !ok:
			return true
		case n == nil && first && !f.json:
			return false
		case f.index >= maxDocuments:
			f.failFile(f.file, "more than %d documents; what follows is not read; split it", maxDocuments)
			return true
		}
		f.add(c, n, problems)
		c.behind = "another JSON value"
	}
}

// add takes in one document. A document of which any part is doubtful is not
// judged at all: half an object is another object.
func (f *source) add(c chunk, n *document.Node, problems []document.Problem) {
	if len(problems) == 0 && (n == nil || n.Kind == document.Null) {
		return
	}
	f.index++
	if len(problems) > 0 {
		f.fail(f.problem(c, problems))
		return
	}
	f.behind = c.behind
	f.object(place{}, n)
}

func (f *source) problem(c chunk, problems []document.Problem) *Error {
	first := problems[0]
	e := &Error{File: f.file, Index: f.index, Line: first.Line, Text: first.Text}
	if first.Path != "" {
		e.Text = first.Path + ": " + first.Text
	}
	if line := templateLine(c.text); line > 0 {
		e.Line = line + c.skip
		e.Text = "looks like a Helm template: render it first (helm template … | waxseal … -)"
		return e
	}
	if more := len(problems) - 1; more > 0 {
		e.Text += fmt.Sprintf(" (and %d more)", more)
	}
	return e
}

// templateLine returns the line of the first {{ in a text, or 0.
func templateLine(text []byte) int {
	at := bytes.Index(text, []byte("{{"))
	if at < 0 {
		return 0
	}
	return 1 + bytes.Count(text[:at], []byte("\n"))
}
