package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// A log is mostly objects that nobody asks for. What is here finds the members of
// a JSON object without decoding what they hold: brackets and quotes have to be
// right, and what is used is decoded by encoding/json.

var (
	errMalformed = errors.New("no JSON: brackets, quotes or commas are not right")
	errCut       = errors.New("the JSON ends too early")
)

// structural are the bytes at which a skipped value is looked at.
var structural = [256]bool{'"': true, '{': true, '}': true, '[': true, ']': true}

// blank skips white space.
func blank(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// skipString returns the place after the string that begins at i.
func skipString(b []byte, i int) (int, error) {
	for at := i + 1; ; {
		n := bytes.IndexByte(b[at:], '"')
		if n < 0 {
			return 0, errCut
		}
		at += n
		escapes := 0
		for at-1-escapes > i && b[at-1-escapes] == '\\' {
			escapes++
		}
		at++
		if escapes%2 == 0 {
			return at, nil
		}
	}
}

// skipNested returns the place after the object or array that begins at i. Which
// bracket closes which is checked for the first 64 levels.
func skipNested(b []byte, i int) (int, error) {
	var objects uint64
	depth := 0
	for i < len(b) {
		if !structural[b[i]] {
			i++
			continue
		}
		switch c := b[i]; c {
		case '"':
			end, err := skipString(b, i)
			if err != nil {
				return 0, err
			}
			i = end
			continue
		case '{', '[':
			if depth < 64 {
				objects &^= 1 << depth
				if c == '{' {
					objects |= 1 << depth
				}
			}
			depth++
		default:
			depth--
			if depth < 64 && (objects>>depth&1 == 1) != (c == '}') {
				return 0, errMalformed
			}
			if depth == 0 {
				return i + 1, nil
			}
		}
		i++
	}
	return 0, errCut
}

// skipValue returns the place after the value that begins at i.
func skipValue(b []byte, i int) (int, error) {
	if i >= len(b) {
		return 0, errCut
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		return skipNested(b, i)
	}
	end := i
	for end < len(b) && !strings.ContainsRune(",]} \n\r\t", rune(b[end])) {
		end++
	}
	if !json.Valid(b[i:end]) {
		return 0, errMalformed
	}
	return end, nil
}

// members visits each member of the object that b begins with, and returns the
// place after it. Names are as they are meant, whatever is escaped in them.
func members(b []byte, visit func(name, value []byte)) (int, error) {
	i := blank(b, 0)
	if i >= len(b) || b[i] != '{' {
		return 0, errMalformed
	}
	return list(b, i, '}', func(i int) (int, error) {
		if i >= len(b) || b[i] != '"' {
			return 0, errMalformed
		}
		end, err := skipString(b, i)
		if err != nil {
			return 0, err
		}
		name := b[i+1 : end-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = []byte(text(b[i:end]))
		}
		colon := blank(b, end)
		if colon >= len(b) || b[colon] != ':' {
			return 0, errMalformed
		}
		begin := blank(b, colon+1)
		if end, err = skipValue(b, begin); err != nil {
			return 0, err
		}
		visit(name, b[begin:end])
		return end, nil
	})
}

// elements visits each element of the array that b begins with.
func elements(b []byte, visit func(value []byte)) error {
	i := blank(b, 0)
	if i >= len(b) || b[i] != '[' {
		return errMalformed
	}
	_, err := list(b, i, ']', func(i int) (int, error) {
		end, err := skipValue(b, i)
		if err == nil {
			visit(b[i:end])
		}
		return end, err
	})
	return err
}

// list reads what stands between commas, up to the bracket that closes.
func list(b []byte, i int, closing byte, one func(int) (int, error)) (int, error) {
	i = blank(b, i+1)
	if i < len(b) && b[i] == closing {
		return i + 1, nil
	}
	for {
		end, err := one(i)
		if err != nil {
			return 0, err
		}
		i = blank(b, end)
		switch {
		case i >= len(b):
			return 0, errCut
		case b[i] == closing:
			return i + 1, nil
		case b[i] != ',':
			return 0, errMalformed
		}
		i = blank(b, i+1)
	}
}

// text returns what a JSON string says, "" for anything else.
func text(raw []byte) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// is says whether a JSON string is the given word. A producer that escapes letters
// is understood as well.
func is(raw []byte, word string) bool {
	if len(raw) < 2 || raw[0] != '"' {
		return false
	}
	if bytes.IndexByte(raw, '\\') >= 0 {
		return text(raw) == word
	}
	return string(raw[1:len(raw)-1]) == word
}

// object returns an object that may have been written as a text, as Azure and
// others write JSON in JSON.
func object(raw []byte) []byte {
	if len(raw) > 0 && raw[0] == '"' {
		return []byte(text(raw))
	}
	return raw
}

// number returns a JSON number that is a whole one, also one in quotes; 0 for
// anything else.
func number(raw []byte) int64 {
	raw = bytes.Trim(raw, `"`)
	if len(raw) == 0 || len(raw) > 19 {
		return 0
	}
	negative, n := false, int64(0)
	if raw[0] == '-' {
		negative, raw = true, raw[1:]
	}
	for _, c := range raw {
		if c < '0' || c > '9' || n > (1<<62)/10 {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		return -n
	}
	return n
}

// clip bounds text from outside, whole characters only.
func clip(s string, most int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}
