package notary

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

// maxDepth bounds the nesting of metadata. The deepest that the format knows is
// far below; the library's JSON reader has no bound of its own.
const maxDepth = 32

// check refuses JSON that the library would read in another way than it
// verifies it, or that would exhaust it: names that stand twice in one object,
// deep nesting, more than one value.
func check(file string, raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	err := value(dec, 0)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one JSON value")
		}
	}
	if err != nil {
		return fault.New(fault.Malformed, "read trust data", file, err)
	}
	return nil
}

func value(dec *json.Decoder, depth int) error {
	token, err := dec.Token()
	if err != nil {
		return errors.New("not JSON")
	}
	delim, nested := token.(json.Delim)
	switch {
	case !nested:
		return nil
	case depth == maxDepth:
		return errors.New("nested too deeply")
	case delim == '{':
		return members(dec, depth)
	}
	for dec.More() {
		if err := value(dec, depth+1); err != nil {
			return err
		}
	}
	return end(dec)
}

func members(dec *json.Decoder, depth int) error {
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		name, isName := token.(string)
		if err != nil || !isName {
			return errors.New("not JSON")
		}
		// Field names are found whatever their case by the library, names of
		// targets are not: v1 and V1 are two tags.
		if seen[name] {
			return errors.New("a name stands twice in one object")
		}
		seen[name] = true
		if err := value(dec, depth+1); err != nil {
			return err
		}
	}
	return end(dec)
}

func end(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil {
		return errors.New("not JSON")
	}
	return nil
}

// validFile says whether a name may stand in the address of trust data: what
// comes from metadata is checked by the library, this is the second look.
func validFile(name string) bool {
	return name != "" && len(name) < 400 && !strings.Contains(name, "..") && !strings.HasPrefix(name, "/") &&
		!strings.ContainsFunc(name, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("-_/.", r))
		})
}
