package logs

import (
	"errors"
	"fmt"
	"io"
)

// lists are the names under which documents keep what is one line elsewhere:
// EventList and List of Kubernetes, CloudWatch Logs, Azure Monitor, notifications.
var lists = map[string]bool{"items": true, "records": true, "logEvents": true, "events": true}

const deepest = 10_000

var errBroken = errors.New("is no JSON document: it was left out up to the next line")

// document reads one JSON document byte by byte and hands out the elements of its
// list, or itself where it has none and is not too long.
type document struct {
	s     *splitter
	begin int // line

	stack  []byte // brackets that are open
	prev   byte   // last byte outside of strings that is not white space
	name   []byte // of the member of the document itself that is read
	listed bool   // its list was found
	level  int    // depth of the elements of the list; 0 outside of one

	held []byte // what is read of the element, or of the document
	from int    // its line
	over bool   // it is too long to be held
}

// next returns the next element. done is true where the document has ended.
func (d *document) next() (p piece, done bool, err error) {
	for {
		c, ok := d.peek()
		if !ok {
			return d.ended()
		}
		d.s.lo++
		if c == '\n' {
			d.s.line++
		}
		p, done, err := d.take(c)
		if err != nil {
			if c == '{' {
				d.s.lo-- // it may begin the next record, behind one that was cut
			} else {
				d.s.skipLine()
			}
			return piece{line: d.begin, problem: err.Error()}, true, nil
		}
		if done || p.data != nil || p.problem != "" {
			return p, done, nil
		}
	}
}

// ended is a document that the stream ends in.
func (d *document) ended() (piece, bool, error) {
	d.s.line++
	if !errors.Is(d.s.err, io.EOF) {
		return piece{}, true, d.s.err
	}
	return piece{line: d.begin, problem: "ends in the middle of a document"}, true, nil
}

func (d *document) peek() (byte, bool) {
	if d.s.lo == d.s.hi && !d.s.fill() {
		return 0, false
	}
	return d.s.buf[d.s.lo], true
}

// take reads what begins with c.
func (d *document) take(c byte) (piece, bool, error) {
	switch c {
	case ' ', '\n', '\r', '\t':
		return piece{}, false, nil
	case '{', '[':
		return piece{}, false, d.opening(c)
	case '}', ']':
		return d.closing(c)
	case '"':
		if len(d.stack) == 0 || d.prev == '"' || d.prev == '}' || d.prev == ']' {
			return piece{}, false, errBroken
		}
		err := d.text()
		d.prev = '"'
		return piece{}, false, err
	}
	if len(d.stack) == 0 {
		return piece{}, false, errBroken
	}
	d.hold(c)
	d.prev = c
	return piece{}, false, nil
}

func (d *document) opening(c byte) error {
	if len(d.stack) >= deepest || len(d.stack) > 0 && d.prev != ':' && d.prev != ',' && d.prev != '[' {
		return errBroken
	}
	switch depth := len(d.stack); {
	case depth == 0 && c == '[':
		d.level, d.listed = 1, true
	case depth == 0:
		d.start()
	case depth == 1 && c == '[' && d.level == 0 && lists[string(d.name)]:
		d.level, d.listed, d.held, d.over = 2, true, d.held[:0], false
	case depth == d.level:
		d.start()
	}
	d.stack = append(d.stack, c)
	d.hold(c)
	d.prev = c
	return nil
}

func (d *document) start() { d.held, d.over, d.from = d.held[:0], false, d.s.line }

func (d *document) closing(c byte) (piece, bool, error) {
	if len(d.stack) == 0 || (d.stack[len(d.stack)-1] == '{') != (c == '}') {
		return piece{}, false, errBroken
	}
	d.hold(c)
	d.prev = c
	d.stack = d.stack[:len(d.stack)-1]
	depth := len(d.stack)
	switch {
	case d.level > 0 && depth == d.level:
		return d.piece(), false, nil
	case d.level > 0 && depth == d.level-1:
		d.level = 0
	}
	if depth > 0 {
		return piece{}, false, nil
	}
	if d.listed {
		return piece{}, true, nil
	}
	return d.piece(), true, nil
}

func (d *document) piece() piece {
	if d.over {
		return piece{line: d.from, problem: fmt.Sprintf("is longer than %d bytes", d.s.limit)}
	}
	return piece{data: d.held, line: d.from}
}

// holding says whether what is read belongs to something that is handed out.
func (d *document) holding() bool {
	if d.level > 0 {
		return len(d.stack) > d.level
	}
	return !d.listed
}

func (d *document) hold(c byte) {
	switch {
	case !d.holding() || d.over:
	case len(d.held) >= d.s.limit:
		d.over, d.held = true, d.held[:0]
	default:
		d.held = append(d.held, c)
	}
}

// text reads a string whose quote was taken. In JSON it ends on its line.
func (d *document) text() error {
	d.hold('"')
	named := len(d.stack) == 1 && d.stack[0] == '{' && (d.prev == '{' || d.prev == ',')
	if named {
		d.name = d.name[:0]
	}
	for escaped := false; ; {
		c, ok := d.peek()
		if !ok {
			return errBroken
		}
		if c == '\n' {
			return errBroken
		}
		d.s.lo++
		d.hold(c)
		if c == '"' && !escaped {
			return nil
		}
		escaped = c == '\\' && !escaped
		if named && len(d.name) < 64 {
			d.name = append(d.name, c)
		}
	}
}
