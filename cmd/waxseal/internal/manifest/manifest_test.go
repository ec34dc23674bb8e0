package manifest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/manifest"
)

// read reads text as if it came from standard input and returns one line per
// document: its error, or kind/name at its line.
func read(t *testing.T, text string) []string {
	t.Helper()
	docs, _ := manifest.Read(t.Context(), []string{"-"}, strings.NewReader(text))
	return lines(docs)
}

func lines(docs []manifest.Document) []string {
	var out []string
	for _, d := range docs {
		line := d.Kind() + "/" + d.Name()
		if d.Item != "" {
			line += " " + d.Item
		}
		if d.Err != nil {
			line = d.Err.Error()
		}
		out = append(out, line)
	}
	return out
}

const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec:\n  containers:\n  - image: x\n"

func named(name string) string { return strings.Replace(pod, "NAME", name, 1) }

func TestDocuments(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"one":                      {named("a"), []string{"Pod/a"}},
		"several":                  {named("a") + "---\n" + named("b") + "--- # comment\n" + named("c"), []string{"Pod/a", "Pod/b", "Pod/c"}},
		"Windows line ends":        {strings.ReplaceAll(named("a")+"---\n"+named("b"), "\n", "\r\n"), []string{"Pod/a", "Pod/b"}},
		"byte order mark":          {"\xef\xbb\xbf" + named("a"), []string{"Pod/a"}},
		"empty documents":          {"---\n\n---\n# nothing\n---\n" + named("a") + "---\n---\n", []string{"Pod/a"}},
		"null document":            {"~\n---\n" + named("a"), []string{"Pod/a"}},
		"content on the marker":    {"--- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n---\n" + named("b"), []string{"Pod/a", "Pod/b"}},
		"directive and end marker": {"%YAML 1.1\n---\n" + named("a") + "...\n# end\n---\n" + named("b"), []string{"Pod/a", "Pod/b"}},
		"marker inside text":       {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |\n    ---\n    b\n", []string{"ConfigMap/a"}},
		"JSON":                     {`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`, []string{"Pod/a"}},
		"JSON stream": {
			"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}\n{\"apiVersion\":\"v1\",\n\"kind\":\"Pod\",\"metadata\":{\"name\":\"b\"}}",
			[]string{"Pod/a", "Pod/b"},
		},
		"JSON and YAML":        {"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}}\n---\n" + named("b"), []string{"Pod/a", "Pod/b"}},
		"YAML in flow style":   {"{apiVersion: v1, kind: Pod, metadata: {name: a}}", []string{"Pod/a"}},
		"generateName":         {"apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}", []string{"Pod/a-"}},
		"List":                 {"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}", []string{"Pod/a items[0]", "Pod/b items[1]"}},
		"typed list":           {"apiVersion: v1\nkind: PodList\nitems:\n- {metadata: {name: a}}", []string{"Pod/a items[0]"}},
		"List in a List":       {"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, metadata: {name: a}}]}", []string{"Pod/a items[0].items[0]"}},
		"hidden in items":      {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}", []string{"Pod/b items[0]", "ConfigMap/a"}},
		"a kind like a list":   {"apiVersion: x/v1\nkind: AllowList\nmetadata: {name: a}\nspec: {items: []}", []string{"AllowList/a"}},
		"no metadata":          {"apiVersion: v1\nkind: Pod", []string{"Pod/"}},
		"number for a name":    {"apiVersion: v1\nkind: Pod\nmetadata: {name: 1}", []string{"Pod/"}},
		"merge key":            {"x-base: &b {apiVersion: v1, kind: Pod}\n<<: *b\nmetadata: {name: a}", []string{"Pod/a"}},
		"anchor per document":  {"apiVersion: &v v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: *v\nkind: Pod", []string{"Pod/a", "standard input: document 2: this is not YAML: unknown anchor 'v' referenced"}},
		"templates of others":  {"apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {x: '{{ .Values }}'}}", []string{"Pod/a"}},
		"two keys after a Pod": {named("a") + "---\nkind: Pod\nkind: Job\n---\n" + named("b"), []string{"Pod/a", `standard input: document 2, line 9: the key "kind" stands twice, first in line 8`, "Pod/b"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, row.want, read(t, row.text))
		})
	}
}

// TestBehind knows which documents conftest's parser does not see: it cuts a
// file at "\n---\n", or at "\r\n---\r\n" where any line ends so, and reads
// the first document of each piece.
func TestBehind(t *testing.T) {
	windows := strings.ReplaceAll(named("a"), "\n", "\r\n")
	for name, row := range map[string]struct {
		text string
		want []string
	}{
		"alone in the line":        {"# top\n---\n" + named("a") + "---\n" + named("b") + "---\n---\n" + named("c"), []string{"", "", ""}},
		"at the top":               {"--- # a\n" + named("a") + "---\n" + named("b"), []string{"", ""}},
		"a comment":                {named("a") + "--- # next\n" + named("b") + "---\n" + named("c"), []string{"", `"--- # next"`, ""}},
		"a blank":                  {named("a") + "--- \n" + named("b"), []string{"", `"--- "`}},
		"content":                  {named("a") + "--- {apiVersion: v1, kind: Pod, metadata: {name: of a very long name}}", []string{"", `"--- {apiVersion: v1, kind: Pod, metadata"`}},
		"behind nothing":           {"---\n--- \n" + named("b"), []string{`"--- "`}},
		"end of document":          {named("a") + "...\n" + named("b") + "...\n---\n" + named("c"), []string{"", "a line with no --- in it", ""}},
		"Windows":                  {windows + "---\r\n" + windows, []string{"", ""}},
		"a file of Windows":        {"# a\r\n" + named("a") + "---\n" + named("b"), []string{"", `"---"`}},
		"half a file of Windows":   {named("a") + "---\r\n" + named("b"), []string{"", `"---\r"`}},
		"a directive":              {"%YAML 1.1\n--- # a\n" + named("a") + "---\n" + named("b"), []string{"", "a directive"}},
		"JSON values":              {strings.Repeat(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}}`, 2) + "\n---\n" + named("c"), []string{"", "another JSON value", ""}},
		"items share their marker": {named("a") + "--- #\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod}]", []string{"", `"--- #"`}},
	} {
		t.Run(name, func(t *testing.T) {
			docs, _ := manifest.Read(t.Context(), []string{manifest.Stdin}, strings.NewReader(row.text))
			var found []string
			for _, d := range docs {
				require.NoError(t, d.Err)
				found = append(found, d.Behind)
			}
			require.Equal(t, row.want, found)
		})
	}
}

func TestBadDocuments(t *testing.T) {
	deep := "{apiVersion: v1, kind: Pod}"
	for range 12 {
		deep = "{apiVersion: v1, kind: List, items: [" + deep + "]}"
	}
	bomb := "apiVersion: v1\nkind: Pod\na: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for _, name := range []string{"b", "c", "d", "e", "f", "g"} {
		prev := string(name[0] - 1)
		bomb += name + ": &" + name + " [" + strings.TrimSuffix(strings.Repeat("*"+prev+",", 10), ",") + "]\n"
	}
	for name, row := range map[string]struct{ text, want string }{
		"nothing":            {"", "empty: expected Kubernetes objects"},
		"only comments":      {"# a\n---\n# b\n", "empty: expected Kubernetes objects"},
		"not Kubernetes":     {"services: {web: {image: x}}", "document 1, line 1: not a Kubernetes object: it has neither apiVersion nor kind"},
		"no apiVersion":      {"kind: Pod", "document 1, line 1: not a Kubernetes object: apiVersion must be text"},
		"no kind":            {"apiVersion: v1", "document 1, line 1: not a Kubernetes object: kind must be text"},
		"kind is a number":   {"apiVersion: v1\nkind: 7", "document 1, line 1: not a Kubernetes object: kind must be text"},
		"text":               {"hello", "document 1, line 1: expected an object with apiVersion and kind, found text"},
		"a list":             {"[{\"apiVersion\": \"v1\"}]", "document 1, line 1: expected an object with apiVersion and kind, found a list"},
		"metadata is text":   {"apiVersion: v1\nkind: Pod\nmetadata: x", "document 1, line 3: metadata: expected an object, found text"},
		"items is text":      {"apiVersion: v1\nkind: List\nitems: x", "document 1, line 3: items: expected a list of objects, found text"},
		"an item is text":    {"apiVersion: v1\nkind: List\nitems:\n- x", "document 1, items[0], line 4: expected an object with apiVersion and kind, found text"},
		"Lists too deep":     {deep, "document 1, items[0].items[0].items[0].items[0].items[0].items[0].items[0].items[0], line 1: Lists stand in Lists more than 8 deep"},
		"tab":                {"apiVersion: v1\nkind: Pod\nspec:\n\tcontainers: []", "document 1, line 4: the line is indented with a tab; YAML wants spaces"},
		"equal keys":         {"apiVersion: v1\nkind: Pod\nspec:\n  a: 1\n  a: 2", `document 1, line 5: spec: the key "a" stands twice, first in line 4`},
		"several problems":   {"a: 1\na: 2\na: 3", `document 1, line 2: the key "a" stands twice, first in line 1 (and 1 more)`},
		"equal keys in JSON": {"{\"kind\": \"Pod\",\n\"kind\": \"Job\"}", `document 1, line 2: the key "kind" stands twice, first in line 1`},
		"not a number":       {"apiVersion: v1\nkind: Pod\nspec: {a: .nan}", `document 1, line 3: spec.a: ".nan" is not a number that JSON knows`},
		"Helm block":         {"apiVersion: v1\nkind: Pod\n{{- if .Values.a }}\nspec: {}\n{{- end }}", "document 1, line 3: looks like a Helm template: render it first (helm template … | waxseal … -)"},
		"Helm value":         {"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}", "document 1, line 4: looks like a Helm template: render it first (helm template … | waxseal … -)"},
		"aliases explode":    {bomb, "document 1, line 7: e: aliases expand to more than 100000 values"},
		"JSON cut off":       {`{"apiVersion": "v1", "kind": `, `document 1, line 1: this is not YAML: did not find expected node content`},
		"not UTF-8":          {"kind: \xff", "document 1, line 1: the text is not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, []string{"standard input: " + row.want}, read(t, row.text))
			around := named("a") + "---\n" + row.text + "\n---\n" + named("b")
			got := read(t, around)
			require.Equal(t, "Pod/a", got[0], "what stands before must be judged")
			require.Equal(t, "Pod/b", got[len(got)-1], "what stands behind must be judged")
		})
	}
}

func TestValuesStayWhatTheyAre(t *testing.T) {
	docs, _ := manifest.Read(t.Context(), []string{"-"}, strings.NewReader(`apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
  - {image: 1.10}
  - {image: on}
  - {image: "1.10"}
  - {name: none}
  priority: 12345678901234567890
`))
	require.Len(t, docs, 1)
	require.NoError(t, docs[0].Err)
	require.Equal(t, map[string]any{
		"containers": []any{
			map[string]any{"image": json.Number("1.1")},
			map[string]any{"image": true},
			map[string]any{"image": "1.10"},
			map[string]any{"name": "none"},
		},
		"priority": json.Number("12345678901234567890"),
	}, docs[0].Object["spec"])
	require.Equal(t, 7, docs[0].LineOf("spec.containers[1].image"))
}

func TestLines(t *testing.T) {
	text := "# top\n" + named("a") + "---\n" + "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(named("b")), "\n", "\n  ") + "\n"
	docs, _ := manifest.Read(t.Context(), []string{"-"}, strings.NewReader(text))
	require.Equal(t, []string{"Pod/a", "Pod/b items[0]"}, lines(docs))
	require.Equal(t, []int{2, 12}, []int{docs[0].Line, docs[1].Line})
	require.Equal(t, 7, docs[0].LineOf("spec.containers[0].image"))
	require.Equal(t, 17, docs[1].LineOf("spec.containers[0].image"))
	require.Equal(t, 16, docs[1].LineOf("spec.containers[9].image"), "nearest field above")

	stream := "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}\n\n{\"apiVersion\":\"v1\",\n\"kind\":\"Pod\",\n\"spec\":{\"a\":1}}"
	docs, _ = manifest.Read(t.Context(), []string{"-"}, strings.NewReader(stream))
	require.Len(t, docs, 2)
	require.Equal(t, []int{1, 1}, []int{docs[0].Line, docs[0].Index})
	require.Equal(t, []int{3, 2, 5}, []int{docs[1].Line, docs[1].Index, docs[1].LineOf("spec.a")})
}

func TestWarnings(t *testing.T) {
	docs, _ := manifest.Read(t.Context(), []string{"-"}, strings.NewReader("apiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: Pod\nmetadata: {}\n---\n"+named("a")))
	require.Len(t, docs, 3)
	require.Equal(t, []string{"the object has no metadata, so it has no name"}, docs[0].Warnings)
	require.Equal(t, []string{"the object has no name"}, docs[1].Warnings)
	require.Empty(t, docs[2].Warnings)
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "b.yaml", named("b"))
	write(t, dir, "a/z.yml", named("z"))
	write(t, dir, "a/c.JSON", `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"c"}}`)
	write(t, dir, "bad.yaml", "a: [")
	write(t, dir, "read.me", "not read")
	write(t, dir, ".git/config.yaml", named("git"))
	write(t, dir, ".hidden/x.yaml", named("hidden"))
	write(t, dir, "chart/Chart.yaml", "apiVersion: v2\nname: x\n")
	write(t, dir, "chart/values-prod.yaml", "image: x\n")
	write(t, dir, "kustomization.yaml", "resources: [b.yaml]\n")
	write(t, dir, "k/kustomization.yml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
	write(t, dir, "waxseal.yaml", "version: 1\npolicies: {}\n")
	require.NoError(t, os.Symlink(filepath.Join(dir, "gone"), filepath.Join(dir, "z-link.yaml")))
	require.NoError(t, os.Symlink(filepath.Join(dir, "a"), filepath.Join(dir, "z-folder.yaml")))

	docs, notes := manifest.Read(t.Context(), []string{dir}, nil)
	require.Equal(t, []string{
		"Pod/c", "Pod/z", "Pod/b",
		dir + "/bad.yaml: document 1, line 1: this is not YAML: did not find expected node content",
		dir + "/z-link.yaml: cannot be read: no such file or directory",
	}, lines(docs))
	require.Equal(t, []manifest.Note{
		{File: dir + "/.hidden", Text: "hidden folder, not read; name it to have it read"},
		{File: dir + "/chart/Chart.yaml", Text: "Helm chart, not a manifest: skipped"},
		{File: dir + "/chart/values-prod.yaml", Text: "Helm values, not a manifest: skipped"},
		{File: dir + "/k/kustomization.yml", Text: "kustomization, not a manifest: skipped"},
		{File: dir + "/kustomization.yaml", Text: "kustomization, not a manifest: skipped"},
		{File: dir + "/waxseal.yaml", Text: "Waxseal's configuration, not a manifest: skipped"},
		{File: dir + "/z-folder.yaml", Text: "a link to a folder; name the folder itself to have it read"},
	}, notes)
}

// The name of a file must not hide an object from judgement.
func TestSkippedByContent(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"values.yaml", "Chart.yaml", "kustomization.yaml", "waxseal.yaml"} {
		write(t, dir, name, named("a"))
		docs, notes := manifest.Read(t.Context(), []string{filepath.Join(dir, name)}, nil)
		require.Equal(t, []string{"Pod/a"}, lines(docs), name)
		require.Empty(t, notes)
	}
}

func TestPaths(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", named("a"))
	write(t, dir, "huge.txt", "")
	require.NoError(t, os.Truncate(filepath.Join(dir, "huge.txt"), manifest.MaxBytes+1))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))
	at := func(name string) string { return filepath.Join(dir, name) }

	docs, notes := manifest.Read(t.Context(), []string{at("a.yaml"), at("gone.yaml"), at("a.yaml/b"), at("huge.txt"), at("empty"), dir, "-", "-"}, strings.NewReader(named("in")))
	require.Equal(t, []string{
		"Pod/a",
		at("gone.yaml") + ": cannot be read: no such file or directory",
		at("a.yaml/b") + ": cannot be read: not a directory",
		at("huge.txt") + ": cannot be read: more than 32 MiB; split it",
		at("empty") + ": the folder holds no *.yaml, *.yml or *.json file",
		"Pod/in",
	}, lines(docs), "a path is read once")
	require.Empty(t, notes)

	var e *manifest.Error
	require.ErrorAs(t, docs[1].Err, &e)
	require.Equal(t, 0, e.Index)
}

func TestUnreadableFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads everything")
	}
	dir := t.TempDir()
	write(t, dir, "closed/a.yaml", named("a"))
	write(t, dir, "open/b.yaml", named("b"))
	require.NoError(t, os.Chmod(filepath.Join(dir, "closed"), 0))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "closed"), 0o700) })
	docs, _ := manifest.Read(t.Context(), []string{dir}, nil)
	require.Equal(t, []string{dir + "/closed: the folder cannot be read: permission denied", "Pod/b"}, lines(docs))
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("pipe broke") }

func TestStandardInputBreaks(t *testing.T) {
	docs, _ := manifest.Read(t.Context(), []string{"-"}, io.MultiReader(strings.NewReader(named("a")), broken{}))
	require.Equal(t, []string{"standard input: cannot be read: pipe broke"}, lines(docs))
}

func TestEmptyListsAreNoted(t *testing.T) {
	for _, text := range []string{"apiVersion: v1\nkind: List\nitems: []", "apiVersion: v1\nkind: List"} {
		docs, notes := manifest.Read(t.Context(), []string{"-"}, strings.NewReader(text))
		require.Empty(t, docs)
		require.Equal(t, []manifest.Note{{File: "-", Text: "document 1 is an empty List"}}, notes)
	}
}

func TestTooManyDocuments(t *testing.T) {
	const limit = 100_000
	for _, text := range []string{strings.Repeat("--- a\n", limit+2), strings.Repeat("[]\n", limit+2)} {
		docs, _ := manifest.Read(t.Context(), []string{"-"}, strings.NewReader(text))
		require.Len(t, docs, limit+1)
		require.EqualError(t, docs[limit].Err, "standard input: more than 100000 documents; what follows is not read; split it")
	}
}

func TestCallerGivesUp(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", named("a"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	docs, _ := manifest.Read(ctx, []string{dir}, nil)
	require.Equal(t, []string{dir + ": not read: context canceled"}, lines(docs))
}

// Every text gives documents or errors, never neither, and never a panic.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{named("a"), "---\n...\n---", "{}{}[", "apiVersion: v1\nkind: List\nitems: [{}]", "%YAML 1.2\n--- a", "{{ x }}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		docs, notes := manifest.Read(t.Context(), []string{"-"}, strings.NewReader(text))
		require.NotEmpty(t, append(lines(docs), make([]string, len(notes))...))
		for _, d := range docs {
			require.True(t, (d.Err == nil) == (d.Object != nil))
			require.LessOrEqual(t, d.LineOf("spec.containers[0]"), 1+strings.Count(text, "\n")+strings.Count(text, "\r"))
		}
	})
}
