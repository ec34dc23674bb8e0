package config

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// shape is what a value of waxseal.yaml may be. One table of shapes drives the
// reader and the published schema, so that they cannot disagree.
type shape struct {
	kind    kind
	about   string
	fields  []field // of an object
	oneOf   []string
	elem    *shape         // of a dictionary or list
	names   *regexp.Regexp // of the keys of a dictionary
	naming  string         // the same in words
	atLeast int            // entries of a dictionary or list
	zero    bool           // a duration may be 0
	choices []string       // the texts that are allowed; none is any
	example any
	def     any
}

type field struct {
	name     string
	required bool
	shape    *shape
}

type kind int

const (
	object     kind = iota
	dictionary      // free keys
	listOf
	text
	boolean
	textOrBoolean
	count       // a whole number from 1
	size        // bytes: a count, or text such as 4MiB
	duration    // text such as 30s
	date        // text such as 2026-11-21
	moment      // a date, or a time of RFC 3339, as text
	integer     // a whole number
	version     // the number 1
	fingerprint // text such as sha256:… of a public key
	free        // an object of anything
)

// checker compares a document with shapes and collects what is wrong. It
// returns plain values: durations in nanoseconds, sizes in bytes.
type checker struct {
	file     string
	problems []Problem
}

func (c *checker) fail(n *document.Node, path, format string, args ...any) {
	c.problems = append(c.problems, Problem{
		File: c.file, Line: n.Line, Column: n.Column, Path: path, Text: fmt.Sprintf(format, args...),
	})
}

func (c *checker) check(n *document.Node, s *shape, path string) any {
	switch s.kind {
	case object:
		return c.object(n, s, path)
	case dictionary:
		return c.dictionary(n, s, path)
	case listOf:
		return c.list(n, s, path)
	case free:
		return c.free(n, path)
	}
	return c.scalar(n, s, path)
}

func (c *checker) isObject(n *document.Node, path, example string) bool {
	if n.Kind != document.Object {
		c.fail(n, path, "expected an object%s, found %s", example, describe(n))
		return false
	}
	return true
}

func (c *checker) object(n *document.Node, s *shape, path string) any {
	out := map[string]any{}
	if !c.isObject(n, path, " with "+list(s.fieldNames())) {
		return out
	}
	for _, f := range n.Fields {
		known := s.field(f.Name)
		if known == nil {
			at := document.Node{Line: f.Line, Column: f.Column}
			hint := Suggest(f.Name, s.fieldNames())
			if hint == "" {
				hint = "; expected " + list(s.fieldNames())
			}
			c.fail(&at, Join(path, f.Name), "unknown key%s", hint)
			continue
		}
		out[f.Name] = c.check(f.Value, known.shape, Join(path, f.Name))
	}
	c.complete(n, s, path)
	return out
}

// complete checks what must be there and what excludes what.
func (c *checker) complete(n *document.Node, s *shape, path string) {
	for _, f := range s.fields {
		if f.required && n.Get(f.name) == nil {
			c.fail(n, Join(path, f.name), "missing: %s", f.shape.about)
		}
	}
	if len(s.oneOf) == 0 {
		return
	}
	var found []string
	for _, name := range s.oneOf {
		if n.Get(name) != nil {
			found = append(found, name)
		}
	}
	switch {
	case len(found) == 0:
		c.fail(n, path, "needs one of %s", strings.Join(s.oneOf, ", "))
	case len(found) > 1:
		c.fail(n, path, "has %s; keep one of them", strings.Join(found, " and "))
	}
}

func (s *shape) field(name string) *field {
	for i := range s.fields {
		if s.fields[i].name == name {
			return &s.fields[i]
		}
	}
	return nil
}

func (s *shape) fieldNames() []string {
	names := make([]string, len(s.fields))
	for i, f := range s.fields {
		names[i] = f.name
	}
	return names
}

func (c *checker) dictionary(n *document.Node, s *shape, path string) any {
	out := map[string]any{}
	if n.Kind == document.Null && s.atLeast == 0 {
		return out
	}
	if !c.isObject(n, path, "") {
		return out
	}
	if len(n.Fields) < s.atLeast {
		c.fail(n, path, "empty: %s", s.about)
	}
	for _, f := range n.Fields {
		if !s.names.MatchString(f.Name) {
			at := document.Node{Line: f.Line, Column: f.Column}
			c.fail(&at, path, "%q is not %s", f.Name, s.naming)
			continue
		}
		out[f.Name] = c.check(f.Value, s.elem, Join(path, f.Name))
	}
	return out
}

func (c *checker) list(n *document.Node, s *shape, path string) any {
	out := []any{}
	if n.Kind != document.List {
		c.fail(n, path, "expected a list, found %s", describe(n))
		return out
	}
	if len(n.Items) < s.atLeast {
		c.fail(n, path, "empty: %s", s.about)
	}
	for i, item := range n.Items {
		out = append(out, c.check(item, s.elem, fmt.Sprintf("%s[%d]", path, i)))
	}
	return out
}

// free takes what belongs to somebody else as it is. Nothing is an empty
// object: the key alone switches a policy on.
func (c *checker) free(n *document.Node, path string) any {
	if n.Kind == document.Null {
		return map[string]any{}
	}
	if !c.isObject(n, path, " of parameters") {
		return nil
	}
	return n.Value()
}

// scalars says, for each kind of scalar, what it is called and how it is read.
// The reader returns a hint when it refuses.
func (c *checker) scalar(n *document.Node, s *shape, path string) any {
	read := map[kind]struct {
		expected string
		from     func(*document.Node, *shape) (any, string)
	}{
		text:          {"text", readText},
		boolean:       {"true or false", readBoolean},
		textOrBoolean: {"a path, true or false", readTextOrBoolean},
		count:         {"a whole number from 1", readCount},
		size:          {"a number of bytes such as 1048576 or 4MiB", readSize},
		duration:      {"a duration such as 30s, 5m or 1d", readDuration},
		date:          {"a date such as 2026-11-21", readDate},
		moment:        {"a date such as 2026-11-21, or a time such as 2026-11-21T15:04:05Z", readMoment},
		integer:       {"a whole number", readInteger},
		version:       {"1, the only version there is", readVersion},
		fingerprint:   {"sha256: and 64 hexadecimal digits in lower case", readFingerprint},
	}[s.kind]
	value, hint := read.from(n, s)
	if value == nil {
		c.fail(n, path, "expected %s, found %s%s", read.expected, describe(n), hint)
	}
	return value
}

func describe(n *document.Node) string {
	switch n.Kind {
	case document.String:
		if n.Text == "" {
			return "empty text"
		}
		return strconv.Quote(clip(n.Text))
	case document.Number, document.Bool:
		return n.Text
	}
	return n.Kind.String()
}

func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func readText(n *document.Node, s *shape) (any, string) {
	switch {
	case n.Kind == document.Number || n.Kind == document.Bool:
		return nil, ": put it in quotes"
	case n.Kind != document.String || strings.TrimSpace(n.Text) == "":
		return nil, ""
	case len(s.choices) > 0 && !slices.Contains(s.choices, n.Text):
		return nil, ": there are " + list(s.choices)
	}
	return n.Text, ""
}

func readBoolean(n *document.Node, _ *shape) (any, string) {
	if n.Kind != document.Bool {
		return nil, ""
	}
	return n.True, ""
}

func readTextOrBoolean(n *document.Node, s *shape) (any, string) {
	if n.Kind == document.Bool {
		return n.True, ""
	}
	return readText(n, s)
}

func readCount(n *document.Node, _ *shape) (any, string) {
	i, err := strconv.ParseInt(n.Text, 10, 32)
	if n.Kind != document.Number || err != nil || i < 1 {
		return nil, ""
	}
	return i, ""
}

var sizeText = regexp.MustCompile(`^([1-9][0-9]{0,9})(KiB|MiB|GiB)$`)

func readSize(n *document.Node, _ *shape) (any, string) {
	if n.Kind == document.Number {
		i, err := strconv.ParseInt(n.Text, 10, 64)
		if err != nil || i < 1 {
			return nil, ""
		}
		return i, ""
	}
	m := sizeText.FindStringSubmatch(n.Text)
	if n.Kind != document.String || m == nil {
		return nil, ": the units are KiB, MiB and GiB"
	}
	i, _ := strconv.ParseInt(m[1], 10, 64) // the pattern lets only short numbers through
	return i << map[string]int{"KiB": 10, "MiB": 20, "GiB": 30}[m[2]], ""
}

const durationPattern = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d))+$`

var (
	durationText = regexp.MustCompile(durationPattern)
	durationPart = regexp.MustCompile(`([0-9.]+)([a-zµ]+)`)
)

func readDuration(n *document.Node, s *shape) (any, string) {
	zero := s.zero && (n.Kind == document.Number || n.Kind == document.String) && (n.Text == "0" || n.Text == "0s")
	switch {
	case zero:
		return int64(0), ""
	case n.Kind == document.Number:
		return nil, ": add a unit, such as " + n.Text + "s"
	case n.Kind != document.String || !durationText.MatchString(n.Text):
		return nil, ": the units are s, m, h and d"
	}
	total := addParts(n.Text)
	if total < 1 || total > math.MaxInt64/2 {
		return nil, ": out of range"
	}
	return int64(total), ""
}

// addParts adds up a text that durationText has let through. Go knows no days.
func addParts(text string) float64 {
	total := 0.0
	for _, part := range durationPart.FindAllStringSubmatch(text, -1) {
		number, _ := strconv.ParseFloat(part[1], 64)
		unit := 24 * time.Hour
		if part[2] != "d" {
			unit, _ = time.ParseDuration("1" + part[2])
		}
		total += number * float64(unit)
	}
	return total
}

func readDate(n *document.Node, _ *shape) (any, string) {
	t, err := time.Parse(time.DateOnly, n.Text)
	if n.Kind != document.String || err != nil {
		return nil, ""
	}
	return t, ""
}

// readMoment leaves the text as it is: a date means another time where a period
// begins than where it ends.
func readMoment(n *document.Node, _ *shape) (any, string) {
	_, notDate := time.Parse(time.DateOnly, n.Text)
	_, notTime := time.Parse(time.RFC3339, n.Text)
	if n.Kind != document.String || notDate != nil && notTime != nil {
		return nil, ""
	}
	return n.Text, ""
}

// maxInteger is the largest number that all readers of JSON hold exactly.
const maxInteger = 1<<53 - 1

func readInteger(n *document.Node, _ *shape) (any, string) {
	i, err := strconv.ParseInt(n.Text, 10, 64)
	if n.Kind != document.Number || err != nil {
		return nil, ""
	}
	if i > maxInteger || i < -maxInteger {
		return nil, ": out of range"
	}
	return i, ""
}

var fingerprintText = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func readFingerprint(n *document.Node, _ *shape) (any, string) {
	if n.Kind != document.String || !fingerprintText.MatchString(n.Text) {
		return nil, ""
	}
	return n.Text, ""
}

func readVersion(n *document.Node, _ *shape) (any, string) {
	if n.Kind != document.Number || n.Text != "1" {
		return nil, ""
	}
	return int64(1), ""
}

// Join returns the path of a key inside of what stands at another path. Keys
// that hold dots are put in brackets, as people write them.
func Join(path, name string) string {
	switch {
	case strings.ContainsAny(name, ".[/"):
		return path + `["` + name + `"]`
	case path == "":
		return name
	}
	return path + "." + name
}
