package logs

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// layers is how often a file may be compressed: Firehose compresses what CloudWatch
// has compressed.
const layers = 3

// window bounds what the decoder of zstd holds.
const window = 64 << 20

// input is a log that is open.
type input struct {
	io.Reader
	under    io.Closer
	closers  []func()
	bytes    int64
	progress *progress
	raw      io.Reader
}

func open(s Source, p *progress) (*input, error) {
	under, err := opened(s)
	if err != nil {
		return nil, err
	}
	in := &input{under: under, raw: under, progress: p}
	in.Reader, err = in.plain(bufio.NewReaderSize(counter{in}, 1<<16))
	if err != nil {
		_ = in.Close()
		return nil, err
	}
	return in, nil
}

func opened(s Source) (io.ReadCloser, error) {
	if s.Open != nil {
		return s.Open()
	}
	if s.Path == "" {
		return nil, errors.New("no file is named")
	}
	return os.Open(s.Path)
}

// plain takes off what compresses r, by its first bytes.
func (in *input) plain(r *bufio.Reader) (io.Reader, error) {
	for range layers {
		head, _ := r.Peek(4)
		switch {
		case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
			z, err := gzip.NewReader(r)
			if err != nil {
				return nil, err
			}
			r = bufio.NewReaderSize(z, 1<<16)
		case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
			z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window), zstd.WithDecoderLowmem(true))
			if err != nil {
				return nil, err
			}
			in.closers = append(in.closers, z.Close)
			r = bufio.NewReaderSize(z, 1<<16)
		default:
			return r, nil
		}
	}
	return r, nil
}

// Close closes the file and what reads it.
func (in *input) Close() error {
	for _, f := range in.closers {
		f()
	}
	return in.under.Close()
}

// counter counts what is read of the file itself.
type counter struct{ in *input }

func (c counter) Read(b []byte) (int, error) {
	n, err := c.in.raw.Read(b)
	c.in.bytes += int64(n)
	c.in.progress.add(int64(n))
	return n, err
}

// progress adds up what was read of all sources.
type progress struct {
	done, said, total int64
	tell              func(done, total int64)
}

// step is how much is read between two calls of Options.Progress.
const step = 4 << 20

func newProgress(sources []Source, tell func(done, total int64)) *progress {
	p := &progress{tell: tell}
	for _, s := range sources {
		size := s.Size
		if info, err := os.Stat(s.Path); size == 0 && s.Open == nil && err == nil {
			size = info.Size()
		}
		if size <= 0 {
			p.total = 0
			return p
		}
		p.total += size
	}
	return p
}

func (p *progress) add(n int64) {
	p.done += n
	if p.tell != nil && (p.done-p.said >= step || p.done == p.total) {
		p.said = p.done
		p.tell(p.done, p.total)
	}
}

// inflate takes gzip off what is held already, up to most bytes.
func inflate(b []byte, most int) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(z, int64(most)+1))
	if err == nil && len(out) > most {
		return nil, errors.New("it is too long")
	}
	return out, err
}
