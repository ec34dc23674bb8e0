package store

import (
	"bufio"
	"errors"
	"io"
	"os"
)

// maxLine bounds what is judged about one image.
const maxLine = 256 << 20

// lines reads a file line by line. What follows the last line feed is no line.
type lines struct {
	r  *bufio.Reader
	at int64
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 1<<16)} }

func newSection(f *os.File, at, end int64) io.Reader { return io.NewSectionReader(f, at, end-at) }

// next returns a line and its place, or nil at the end.
func (l *lines) next() (raw []byte, at int64, err error) {
	at = l.at
	for {
		part, err := l.r.ReadSlice('\n')
		raw = append(raw, part...)
		switch {
		case err == nil:
			l.at += int64(len(raw))
			return raw[:len(raw)-1], at, nil
		case errors.Is(err, io.EOF):
			return nil, at, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, at, err
		case len(raw) > maxLine:
			return nil, at, errors.New("a line is too long")
		}
	}
}
