package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

const firstBuffer = 1 << 18

// splitter cuts a stream into lines and, where a document spans lines or is too
// long for one, into the elements of its list. It holds one line at most.
type splitter struct {
	r      io.Reader
	buf    []byte
	lo, hi int
	limit  int // of a line, or of an element
	line   int // number of the line at lo, from 1
	err    error
	doc    *document
}

// piece is a line or an element. Its data lasts until the next one. Where there is
// a problem it could not be cut, and was left out.
type piece struct {
	data    []byte
	line    int
	problem string
}

func newSplitter(r io.Reader, limit int) *splitter {
	return &splitter{r: r, buf: make([]byte, min(firstBuffer, limit)), limit: limit, line: 1}
}

// fill reads more. It is false at the end, and where no more fits.
func (s *splitter) fill() bool {
	if s.err != nil {
		return false
	}
	if s.lo > 0 && s.hi == len(s.buf) {
		s.hi = copy(s.buf, s.buf[s.lo:s.hi])
		s.lo = 0
	}
	if s.hi == len(s.buf) {
		if len(s.buf) >= s.limit {
			return false
		}
		grown := make([]byte, min(2*len(s.buf), s.limit))
		s.hi = copy(grown, s.buf[s.lo:s.hi])
		s.buf, s.lo = grown, 0
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.hi:])
		s.hi += n
		s.err = err
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// lines is how many lines there were, up to now.
func (s *splitter) lines() int { return s.line - 1 }

// next returns the next piece, [io.EOF] after the last one. Another error is one of
// reading, and what came before it is good.
func (s *splitter) next() (piece, error) {
	for {
		if s.doc != nil {
			p, done, err := s.doc.next()
			if done {
				s.doc = nil
			}
			if err != nil || p.data != nil || p.problem != "" {
				return p, err
			}
			continue
		}
		p, err := s.nextLine()
		if err != nil || s.doc == nil {
			return p, err
		}
	}
}

// nextLine returns the next line that is not blank, or opens a document.
func (s *splitter) nextLine() (piece, error) {
	searched := 0
	for {
		n := bytes.IndexByte(s.buf[s.lo+searched:s.hi], '\n')
		if n >= 0 {
			end := s.lo + searched + n
			data := bytes.TrimSpace(s.buf[s.lo:end])
			if opens(data) {
				return piece{}, s.open()
			}
			at := s.line
			s.lo = end + 1
			s.line++
			searched = 0
			if len(data) > 0 {
				return piece{data: data, line: at}, nil
			}
			continue
		}
		searched = s.hi - s.lo
		if s.fill() {
			continue
		}
		if s.err == nil {
			return s.long()
		}
		return s.tail()
	}
}

// tail is what stands behind the last line break.
func (s *splitter) tail() (piece, error) {
	data := bytes.TrimSpace(s.buf[s.lo:s.hi])
	if opens(data) && errors.Is(s.err, io.EOF) {
		return piece{}, s.open()
	}
	p := piece{data: data, line: s.line}
	if s.hi > s.lo {
		s.line++
	}
	s.lo = s.hi
	if len(data) == 0 || !errors.Is(s.err, io.EOF) {
		// What is cut by an error of reading is no line.
		return piece{}, s.err
	}
	return p, nil
}

// opens says whether a line begins a document that is written over lines, or a
// list, which may be too long to be held.
func opens(line []byte) bool {
	return len(line) > 0 && (line[0] == '[' || len(line) == 1 && line[0] == '{')
}

func (s *splitter) open() error {
	s.doc = &document{s: s, begin: s.line}
	return nil
}

// long is a line that is longer than the limit: a document whose list can be read
// one by one, or nothing.
func (s *splitter) long() (piece, error) {
	if i := blank(s.buf[:s.hi], s.lo); i < s.hi && (s.buf[i] == '{' || s.buf[i] == '[') {
		return piece{}, s.open()
	}
	p := piece{line: s.line, problem: fmt.Sprintf("is longer than %d bytes", s.limit)}
	s.skipLine()
	return p, nil
}

// skipLine drops everything up to the next line break.
func (s *splitter) skipLine() {
	for {
		if n := bytes.IndexByte(s.buf[s.lo:s.hi], '\n'); n >= 0 {
			s.lo += n + 1
			s.line++
			return
		}
		s.lo = s.hi
		if !s.fill() {
			s.line++
			return
		}
	}
}
