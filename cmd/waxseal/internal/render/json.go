package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
)

// json writes the report as one JSON object. The values are not changed; what
// does not print is escaped, also where JSON does not ask for it, because a
// terminal obeys more than JSON forbids.
func (r *Report) json(w io.Writer, _ Options) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, v any) error {
	text, err := encode(v)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return escape(b.Bytes(), jsonEscape), nil
}

// escape writes the unprintable characters that an encoder leaves. They can
// stand inside of quoted strings only.
func escape(text []byte, one func([]byte, rune) []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range string(text) {
		if r == '\n' || unicode.IsPrint(r) {
			out = append(out, string(r)...)
			continue
		}
		out = one(out, r)
	}
	return out
}

func jsonEscape(out []byte, r rune) []byte {
	if r > 0xffff {
		high, low := utf16.EncodeRune(r)
		return fmt.Appendf(out, `\u%04x\u%04x`, high, low)
	}
	return fmt.Appendf(out, `\u%04x`, r)
}
