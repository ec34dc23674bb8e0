package document

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

func (b *builder) scalar(n *Node, y *yaml.Node) {
	n.Kind, n.Text = String, y.Value
	n.Begin, n.Literal = n.Line, y.Style&yaml.LiteralStyle != 0
	if y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		n.Begin++
	}
	switch tag := y.ShortTag(); tag {
	case "!!str", "!!timestamp":
		if word, isBool := old(y.Value); isBool && b.opts.Kubectl && y.Style&(quoted|yaml.TaggedStyle) == 0 {
			n.Kind, n.True = Bool, word
		}
	case "!!null":
		n.Kind, n.Text = Null, ""
	case "!!bool":
		word, ok := old(y.Value)
		if !ok {
			b.fail(y, "expected true or false, found %q", y.Value)
		}
		n.Kind, n.True = Bool, word
	case "!!int", "!!float":
		n.Kind = Number
		text, ok := number(y.Value)
		if !ok {
			b.fail(y, "%q is not a number that JSON knows", y.Value)
		}
		n.Text = text
	case "!!binary":
		b.binary(n, y)
	default:
		b.tag(n, y, "!!str")
	}
	n.bytes = len(n.Text)
}

// tag refuses tags of others. kubectl ignores them, and so must whoever judges
// what kubectl would send.
func (b *builder) tag(n *Node, y *yaml.Node, want string) {
	if tag := y.ShortTag(); !strings.HasPrefix(tag, "!!") {
		n.Tag = tag
	}
	if tag := y.ShortTag(); tag != want && !b.opts.Kubectl {
		b.fail(y, "the tag %s means nothing here; remove it", tag)
	}
}

func (b *builder) binary(n *Node, y *yaml.Node) {
	b.tag(n, y, "!!str")
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(y.Value), ""))
	if err != nil || !utf8.Valid(raw) {
		b.fail(y, "!!binary does not hold text in base64")
		return
	}
	n.Text = string(raw)
}

// old returns the value of a word that YAML 1.1 takes for a boolean.
func old(word string) (value, ok bool) {
	switch word {
	case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return true, true
	case "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return false, true
	}
	return false, false
}

// number returns the JSON form of a number as YAML and JSON write them: whole
// numbers of 64 bits exactly, everything else as the nearest float64.
func number(text string) (string, bool) {
	plain := strings.ReplaceAll(text, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return strconv.FormatInt(i, 10), true
	}
	if u, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return strconv.FormatUint(u, 10), true
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return "0", false
	}
	return strconv.FormatFloat(f, 'g', -1, 64), true
}
