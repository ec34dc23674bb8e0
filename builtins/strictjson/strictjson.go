// Package strictjson refuses JSON that two readers may understand differently,
// before a reader of ours sees it: what somebody signed has to say the same to
// everybody.
package strictjson

import (
	"bytes"
	"encoding/json"

	"github.com/waxseal/waxseal/builtins/fault"
)

// MaxDepth bounds the nesting of a document.
const MaxDepth = 100

// Open checks what holds for every document before a reader sees it, and takes
// off a byte order mark. Its errors have the code [fault.Malformed],
// [fault.TooLarge] or, for XML, [fault.Unsupported].
func Open(op string, document []byte, maxBytes int) ([]byte, error) {
	if len(document) > maxBytes {
		return nil, fault.Newf(fault.TooLarge, op, "", "%d bytes, the limit is %d", len(document), maxBytes)
	}
	document = bytes.TrimSpace(bytes.TrimPrefix(document, []byte("\xef\xbb\xbf")))
	if bytes.HasPrefix(document, []byte("<")) {
		return nil, fault.Newf(fault.Unsupported, op, "", "XML is not read, only JSON")
	}
	if !json.Valid(document) {
		err := json.Unmarshal(document, new(json.RawMessage)) // only to learn why
		return nil, fault.Newf(fault.Malformed, op, "", "not JSON: %w", err)
	}
	return document, structure(op, document)
}

// structure refuses valid JSON that is nested too deeply, or that gives one
// name twice in an object: readers differ in which of the two they take, so
// such a document says one thing to us and another to whoever signed it.
func structure(op string, document []byte) error {
	var stack []map[string]struct{} // the names seen, per open object; nil for an array
	name := false                   // the next string is a name
	for i := 0; i < len(document); i++ {
		switch document[i] {
		case '{':
			stack, name = append(stack, map[string]struct{}{}), true
		case '[':
			stack, name = append(stack, nil), false
		case '}', ']':
			stack, name = stack[:len(stack)-1], false
		case ',':
			name = stack[len(stack)-1] != nil
		case '"':
			end := stringEnd(document, i)
			if name {
				if !add(stack[len(stack)-1], document[i:end]) {
					return fault.Newf(fault.Malformed, op, "", "the name %.100s stands twice in one object", document[i:end])
				}
				name = false
			}
			i = end - 1
		}
		if len(stack) > MaxDepth {
			return fault.Newf(fault.TooLarge, op, "", "nested deeper than %d", MaxDepth)
		}
	}
	return nil
}

// stringEnd returns the index after the string of valid JSON that begins at i.
func stringEnd(document []byte, i int) int {
	for i++; document[i] != '"'; i++ {
		if document[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func add(names map[string]struct{}, quoted []byte) bool {
	name := string(quoted[1 : len(quoted)-1])
	if bytes.IndexByte(quoted, '\\') >= 0 {
		_ = json.Unmarshal(quoted, &name) // valid JSON: cannot fail
	}
	_, seen := names[name]
	names[name] = struct{}{}
	return !seen
}
