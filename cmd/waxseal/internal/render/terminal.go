package render

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"
)

// The table stays readable between these widths.
const (
	minWidth     = 40
	defaultWidth = 80
	maxWidth     = 140
)

// Terminal returns the options that suit where the report is written. Colour is
// only for terminals, and not when NO_COLOR is set (https://no-color.org).
func Terminal(w io.Writer, getenv func(string) string) Options {
	opts := Options{Width: defaultWidth}
	if columns, err := strconv.Atoi(getenv("COLUMNS")); err == nil {
		opts.Width = columns
	}
	if f, ok := w.(*os.File); ok && IsTerminal(f) {
		opts.Colour = getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			opts.Width = columns
		}
	}
	opts.Width = min(max(opts.Width, minWidth), maxWidth)
	return opts
}

// IsTerminal says whether people look at the file.
func IsTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
