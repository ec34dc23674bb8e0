package document_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	kubectl "sigs.k8s.io/yaml"

	"github.com/waxseal/waxseal/builtins/config/document"
)

var asKubectl = document.Options{Kubectl: true}

// Each text must mean to us what it means to kubectl.
func TestReadsAsKubectlDoes(t *testing.T) {
	for name, text := range map[string]string{
		"words":           "a: on\nb: No\nc: y\nd: 'on'\ne: true\nf: !!str yes\ng: !!bool yes",
		"numbers":         "a: 1.10\nb: 0777\nc: 0x1F\nd: 1_000\ne: 1e3\nf: .5\ng: 12345678901234567890\nh: 1:20\ni: -0b11\nj: 0o17",
		"huge number":     "a: 123456789012345678901234567890\nb: 1e999",
		"nothing":         "a:\nb: ~\nc: null\nd: ''",
		"dates":           "a: 2026-11-21\nb: 2026-11-21T01:02:03Z\nc: !!timestamp 2026-11-21",
		"keys":            "1: a\ntrue: b\noff: c\n1.5: d\n2026-11-21: e",
		"tags":            "a: !!str 1\nb: !!float 3\nc: !Ref name\nd: !!binary aGk=\ne: !thing {x: 1}",
		"merge":           "base: &b {image: a, n: 1}\nx:\n  <<: *b\n  image: c",
		"merge of a list": "p: &p {a: 1, b: 1}\nq: &q {b: 2, c: 2}\nx:\n  <<: [*p, *q]\n  d: 3",
		"alias":           "a: &a [1, {b: 2}]\nc: *a\nd: [*a, *a]",
		"block text":      "a: |\n  one\n  two\nb: >-\n  one\n  two\nc: \"\\u00e9\\n\"",
		"flow":            "{a: [1, 'b', {c: }], \"d\": null}",
		"quoted merge":    "x: {\"<<\": {a: 1}}",
	} {
		t.Run(name, func(t *testing.T) {
			want, err := kubectl.YAMLToJSON([]byte(text))
			require.NoError(t, err)
			n, problems := document.FromYAML([]byte(text), asKubectl)
			require.Empty(t, problems)
			got, err := json.Marshal(n.Value())
			require.NoError(t, err)
			require.JSONEq(t, string(want), string(got))
		})
	}
}

func TestRefused(t *testing.T) {
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := 1; i < 12; i++ {
		prev, this := string(rune('a'+i-1)), string(rune('a'+i))
		if i == 1 {
			prev = "a0"
		}
		bomb += this + ": &" + this + " [" + strings.TrimSuffix(strings.Repeat("*"+prev+",", 10), ",") + "]\n"
	}
	for name, row := range map[string]struct {
		text    string
		opts    document.Options
		problem string
	}{
		"two equal keys":        {"a: 1\nb:\n  c: 1\n  c: 2", asKubectl, `line 4: b: the key "c" stands twice, first in line 3`},
		"equal after reading":   {"on: 1\ntrue: 2", asKubectl, `line 2: the key "true" stands twice, first in line 1`},
		"merge below the key":   {"b: &b {image: evil}\nx:\n  image: good\n  <<: *b", asKubectl, `line 4: x: the key "image" stands above a << that brings it too, and YAML readers disagree on which counts: put << first`},
		"merge twice":           {"b: &b {a: 1}\nx:\n  <<: *b\n  <<: *b", asKubectl, `line 4: x: the merge key << stands twice`},
		"merge of text":         {"x:\n  <<: text", asKubectl, `line 2: x: << wants an object or a list of objects, found text`},
		"object as key":         {"{a: 1}: b", asKubectl, `line 1: a key must be text, found an object`},
		"nothing as key":        {"~: b", asKubectl, `line 1: a key must be text, found nothing: put "~" in quotes`},
		"not a number":          {"a: .nan", asKubectl, `line 1: a: ".nan" is not a number that JSON knows`},
		"infinite":              {"a: [1, -.inf]", asKubectl, `line 1: a[1]: "-.inf" is not a number that JSON knows`},
		"tab":                   {"a:\n\tb: 1", asKubectl, `line 2: the line is indented with a tab; YAML wants spaces`},
		"second document":       {"a: 1\n---\nb: 1", asKubectl, `this is not YAML: a second document begins where the end was expected`},
		"open bracket":          {"a: [1, 2", asKubectl, `line 1: this is not YAML: did not find expected ',' or ']'`},
		"unknown alias":         {"a: *b", asKubectl, `this is not YAML: unknown anchor 'b' referenced`},
		"alias of itself":       {"a: &a [*a]", asKubectl, `line 1: a[0]: the alias *a stands inside what it repeats`},
		"bomb":                  {bomb, asKubectl, `line 5: e: aliases expand to more than 100000 values`},
		"bomb of merges":        {mergeBomb(), document.Options{Kubectl: true, Aliased: 50}, `line 3: m2.l: aliases expand to more than 50 values`},
		"bytes through aliases": {"a: &a " + strings.Repeat("x", 500) + "\nb: [*a, *a, *a]", document.Options{Bytes: 1000}, `line 2: b: the document expands to more than 1000 bytes`},
		"too long":              {"a: 123456", document.Options{Bytes: 8}, `the document has 9 bytes; the limit is 8`},
		"too many":              {"[1,2,3,4]", document.Options{Nodes: 4}, `line 1: the document has more than 4 values`},
		"too deep":              {strings.Repeat("[", 300) + strings.Repeat("]", 300), asKubectl, `nested deeper than 200 levels`},
		"too many marks":        {"a: \"" + strings.Repeat(",", 6_000_001) + "\"", asKubectl, `the document has too many parts; split it`},
		"not UTF-8":             {"a: 1\nb: \xff", asKubectl, `line 2: the text is not UTF-8`},
		"binary rubbish":        {"a: !!binary '*'", asKubectl, `line 1: a: !!binary does not hold text in base64`},
		"strict: number key":    {"1: a", document.Options{}, `line 1: a key must be text, found a number: put "1" in quotes`},
		"strict: tag":           {"a: !Ref b", document.Options{}, `line 1: a: the tag !Ref means nothing here; remove it`},
		"not a boolean":         {"a: !!bool maybe", asKubectl, `line 1: a: expected true or false, found "maybe"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := document.FromYAML([]byte(row.text), row.opts)
			require.NotEmpty(t, problems)
			require.Contains(t, problems[0].Error(), row.problem)
		})
	}
}

func mergeBomb() string {
	text := "m0: &m0 {a: 1, b: 1, c: 1, d: 1, e: 1}\n"
	for i := 1; i < 5; i++ {
		prev, this := "m"+string(rune('0'+i-1)), "m"+string(rune('0'+i))
		text += this + ": &" + this + " {l: [{<<: *" + prev + "}, {<<: *" + prev + "}, {<<: *" + prev + "}]}\n"
	}
	return text
}

func TestEveryProblemIsNamed(t *testing.T) {
	_, problems := document.FromYAML([]byte("a: 1\na: 2\nb: .inf\n? [x]\n: y"), asKubectl)
	texts := make([]string, 0, len(problems))
	for _, p := range problems {
		texts = append(texts, p.Error())
	}
	require.Equal(t, []string{
		`line 2: the key "a" stands twice, first in line 1`,
		`line 3: b: ".inf" is not a number that JSON knows`,
		`line 4: a key must be text, found a list`,
	}, texts)
}

func TestStrictLeavesWordsAlone(t *testing.T) {
	n, problems := document.FromYAML([]byte("teams: [no, se]\nwhen: 2026-12-01"), document.Options{})
	require.Empty(t, problems)
	require.Equal(t, map[string]any{"teams": []any{"no", "se"}, "when": "2026-12-01"}, n.Value())
}

func TestMergesAsItIsTold(t *testing.T) {
	const text = "t: &t {a: t, b: t}\nu: &u {a: u, c: u}\nx:\n  a: x\n  <<: [*t, *u]\n  c: x\n"
	for name, row := range map[string]struct {
		text  string
		merge document.Merge
		want  map[string]any
	}{
		"over":          {text, document.MergeOver, map[string]any{"a": "t", "b": "t", "c": "x"}},
		"under":         {text, document.MergeUnder, map[string]any{"a": "x", "b": "t", "c": "x"}},
		"over, twice":   {"t: &t {a: t, b: t}\nu: &u {a: u}\nx:\n  <<: *t\n  <<: *u\n", document.MergeOver, map[string]any{"a": "u", "b": "t"}},
		"the last key":  {"x:\n  a: 1\n  a: two", document.MergeOver, map[string]any{"a": "two"}},
		"a key between": {"t: &t {a: t}\nu: &u {a: u}\nx:\n  <<: *t\n  a: x\n  <<: *u\n", document.MergeOver, map[string]any{"a": "u"}},
	} {
		t.Run(name, func(t *testing.T) {
			n, problems := document.FromYAML([]byte(row.text), document.Options{Kubectl: true, Merge: row.merge, Last: true})
			require.Empty(t, problems)
			require.Equal(t, row.want, n.Get("x").Value())
		})
	}
}

func TestRemembersTagsAndWhereTextsBegin(t *testing.T) {
	n, problems := document.FromYAML([]byte("a: !reference [x, y]\nb: &b |\n  one\n  two\nc: *b\nd: !!str e\nf: >\n  one\n"), document.Options{Kubectl: true, File: "ci.yml"})
	require.Empty(t, problems)
	require.Equal(t, "!reference", n.Get("a").Tag)
	require.Equal(t, "", n.Get("d").Tag)
	require.Equal(t, "ci.yml", n.Get("a").Items[1].File)
	require.Equal(t, [2]int{3, 5}, [2]int{n.Get("c").Begin, n.Get("c").Line})
	require.True(t, n.Get("c").Literal)
	require.Equal(t, 8, n.Get("f").Begin)
	require.False(t, n.Get("f").Literal)
}

func TestRebuild(t *testing.T) {
	n, problems := document.FromYAML([]byte("a: [x, y]\nb: {c: x}\nd: [y]\n"), document.Options{})
	require.Empty(t, problems)
	got := n.Rebuild(func(n *document.Node) (*document.Node, bool) {
		if n.Text == "x" {
			return &document.Node{Kind: document.List, Items: []*document.Node{n}}, true
		}
		return n, true
	})
	require.Equal(t, map[string]any{"a": []any{[]any{"x"}, "y"}, "b": map[string]any{"c": []any{"x"}}, "d": []any{"y"}}, got.Value())
	require.Equal(t, []any{"x", "y"}, n.Get("a").Value(), "the tree itself stays")
	require.Same(t, n.Get("d"), got.Get("d"))
	require.Same(t, n, n.Rebuild(func(n *document.Node) (*document.Node, bool) { return n, false }))
}

func TestNothing(t *testing.T) {
	for _, text := range []string{"", "\n\n", "# only a comment\n"} {
		n, problems := document.FromYAML([]byte(text), asKubectl)
		require.Empty(t, problems)
		require.Nil(t, n)
	}
}

func TestLocate(t *testing.T) {
	n, problems := document.FromYAML([]byte(`metadata:
  annotations:
    a.b/c: x
    a: y
spec:
  containers:
  - name: one
    image: img1
  - name: two
    image: img2
`), asKubectl)
	require.Empty(t, problems)
	for path, want := range map[string][2]int{
		"":                                {1, 1},
		"spec.containers[1].image":        {10, 5},
		"spec.containers[1]":              {9, 5},
		"/spec/containers/0/image":        {8, 5},
		"spec.containers[7].image":        {6, 3},
		"spec.containers.image":           {6, 3},
		"spec.volumes[0]":                 {5, 1},
		"metadata.annotations.a.b/c":      {3, 5},
		`metadata.annotations["a.b/c"]`:   {3, 5},
		"metadata.annotations.a":          {4, 5},
		"spec.containers[99999999999999]": {6, 3},
	} {
		line, column := n.Locate(path)
		require.Equal(t, want, [2]int{line, column}, path)
	}
	var none *document.Node
	line, _ := none.Locate("a")
	require.Zero(t, line)
}

func TestJSON(t *testing.T) {
	text := []byte("\n{\"a\": [1.10, {\"b\": \"\\ud83d\\ude00\"}],\n\t\"c\": {\"d\": null, \"e\": true}}\n {\"second\": 18446744073709551615} ")
	stream := document.NewStream(text, document.Options{})
	n, problems, ok := stream.Next()
	require.True(t, ok)
	require.Empty(t, problems)
	require.Equal(t, map[string]any{
		"a": []any{json.Number("1.1"), map[string]any{"b": "😀"}},
		"c": map[string]any{"d": nil, "e": true},
	}, n.Value())
	line, column := n.Locate("c.e")
	require.Equal(t, [2]int{3, 19}, [2]int{line, column})

	n, problems, ok = stream.Next()
	require.True(t, ok)
	require.Empty(t, problems)
	require.Equal(t, map[string]any{"second": json.Number("18446744073709551615")}, n.Value())
	require.Equal(t, 4, n.Line)

	_, _, ok = stream.Next()
	require.False(t, ok)
}

func TestJSONRefused(t *testing.T) {
	for name, row := range map[string]struct{ text, problem string }{
		"two equal keys": {"{\"a\": 1,\n \"b\": {\"c\": 1, \"c\": 2}}", `line 2: b: the key "c" stands twice, first in line 2`},
		"cut off":        {`{"a": [1,`, `this is not JSON: the text ends in the middle of a value`},
		"comma":          {"{\"a\": 1,\n\"b\" 2}", `line 2: b: this is not JSON: invalid character '2' after object key`},
		"out of range":   {`{"a": 1e999}`, `this is not JSON: the number 1e999 is out of range`},
		"comma behind":   {`{},`, `line 1: this is not JSON: invalid character ',' looking for beginning of value`},
		"deep":           {strings.Repeat("[", 100000), `nested deeper than 200 levels`},
		"not UTF-8":      {"{\"a\": \"\xff\"}", `the text is not UTF-8`},
		"text":           {"hello", `line 1: this is not JSON: invalid character 'h' looking for beginning of value`},
	} {
		t.Run(name, func(t *testing.T) {
			stream := document.NewStream([]byte(row.text), document.Options{})
			var problems []document.Problem
			for ok := true; ok && len(problems) == 0; {
				_, problems, ok = stream.Next()
			}
			require.NotEmpty(t, problems)
			require.Contains(t, problems[0].Error(), row.problem)
		})
	}
}

// Real manifests must read the same as kubectl reads them, when they are at hand.
func TestRealManifests(t *testing.T) {
	files, err := filepath.Glob("../../../../shared/data/manifests/microservices-demo/*.yaml")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("no manifests at hand")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, part := range strings.Split(string(text), "\n---") {
			want, err := kubectl.YAMLToJSON([]byte(part))
			require.NoError(t, err)
			n, problems := document.FromYAML([]byte(part), asKubectl)
			require.Empty(t, problems)
			if n == nil {
				require.Equal(t, "null", string(want))
				continue
			}
			got, err := json.Marshal(n.Value())
			require.NoError(t, err)
			require.JSONEq(t, string(want), string(got))
		}
	}
}

// Whatever is read without a problem means the same to kubectl.
func FuzzYAML(f *testing.F) {
	for _, seed := range []string{"a: 1", "a: &x [on, 1.5]\nb: *x", "<<: {a: 1}\na: 2", "- {}\n- ~", "a: |\n  b", "{\"a\": \"\\u0041\"}", "1: a\ny: b", "a: !!binary aGk="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, problems := document.FromYAML([]byte(text), asKubectl)
		if len(problems) > 0 || n == nil || strings.Contains(text, "!") {
			return
		}
		want, err := kubectl.YAMLToJSON([]byte(text))
		if err != nil {
			return // what kubectl refuses never reaches a cluster
		}
		got, err := json.Marshal(n.Value())
		require.NoError(t, err)
		require.JSONEq(t, string(want), string(got))
	})
}

// What is read as JSON without a problem means what encoding/json makes of it.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5,null,true,"x"]}`, `[]`, `"a"`, `1 2`, `{"a":{}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		stream := document.NewStream([]byte(text), document.Options{})
		dec := json.NewDecoder(strings.NewReader(text))
		for {
			n, problems, ok := stream.Next()
			if !ok || len(problems) > 0 {
				return
			}
			var want json.RawMessage
			require.NoError(t, dec.Decode(&want))
			got, err := json.Marshal(n.Value())
			require.NoError(t, err)
			require.JSONEq(t, string(want), string(got))
		}
	})
}
