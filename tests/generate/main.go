// Command generate writes the generated files of the repository, or with
// -check says which of them are not as they would be written.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/rego"
)

func main() {
	check := flag.Bool("check", false, "compare instead of writing")
	flag.Parse()
	if err := run(*check); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(check bool) error {
	files, err := generated()
	if err != nil {
		return err
	}
	var stale []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if check {
			if have, err := os.ReadFile(name); err != nil || !bytes.Equal(have, files[name]) {
				stale = append(stale, name)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, files[name], 0o644); err != nil {
			return err
		}
	}
	if len(stale) > 0 {
		return fmt.Errorf("not as generated: %s; run `make generate`", strings.Join(stale, ", "))
	}
	return nil
}

func generated() (map[string][]byte, error) {
	capabilities, err := capabilities()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"builtins/capabilities.json": capabilities, "docs/builtins.md": builtins.Reference()}
	parameters := map[string][]byte{}
	folders, err := fs.ReadDir(rego.FS, "lib/waxseal/policy")
	if err != nil {
		return nil, err
	}
	for _, f := range folders {
		page, schema, err := policy(f.Name())
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", f.Name(), err)
		}
		files["docs/policies/"+f.Name()+".md"], parameters[f.Name()] = page, schema
	}
	if files["docs/waxseal.schema.json"], err = config.Schema(parameters); err != nil {
		return nil, err
	}
	if files["docs/controls.md"], err = controlsPage(slices.Sorted(maps.Keys(parameters))); err != nil {
		return nil, err
	}
	for page, about := range pages {
		if files["docs/policies/"+page], err = reportPage(about); err != nil {
			return nil, err
		}
	}
	if err := mutationFiles(files); err != nil {
		return nil, err
	}
	return files, gatekeeperFiles(files)
}

// capabilities are OPA's with ours, for `opa check --capabilities` and editors.
func capabilities() ([]byte, error) {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = append(slices.Clone(c.Builtins), builtins.Declarations()...)
	slices.SortFunc(c.Builtins, func(a, b *ast.Builtin) int { return strings.Compare(a.Name, b.Name) })
	raw, err := json.MarshalIndent(c, "", "  ")
	return append(raw, '\n'), err
}

func policy(name string) (page, schema []byte, err error) {
	folder := path.Join("lib/waxseal/policy", name)
	if schema, err = rego.FS.ReadFile(path.Join(folder, "parameters.json")); err != nil {
		return nil, nil, err
	}
	module, err := parse(path.Join(folder, name+".rego"))
	if err != nil {
		return nil, nil, err
	}
	var b strings.Builder
	for _, a := range module.Annotations {
		if a.Scope == "package" {
			fmt.Fprintf(&b, "# %s\n\nGenerated from the policy's METADATA and parameters.json by `make generate`.\n\n%s. %s\n\n", name, a.Title, a.Description)
		}
	}
	if err := parametersTable(&b, schema); err != nil {
		return nil, nil, err
	}
	b.WriteString("## Violations\n\n")
	parts, err := parts(folder, name)
	if err != nil {
		return nil, nil, err
	}
	violations(&b, append([]*ast.Module{module}, parts...)...)
	return []byte(b.String()), schema, nil
}

// parts are the other files of a policy, in the order of their names.
func parts(folder, name string) ([]*ast.Module, error) {
	files, err := fs.Glob(rego.FS, folder+"/*.rego")
	if err != nil {
		return nil, err
	}
	var out []*ast.Module
	for _, file := range files {
		if strings.HasSuffix(file, "_test.rego") || path.Base(file) == name+".rego" {
			continue
		}
		module, err := parse(file)
		if err != nil {
			return nil, err
		}
		out = append(out, module)
	}
	return out, nil
}

// about is a page on what a report says beside its policies.
type about struct{ module, title, text string }

var pages = map[string]about{
	"parameters.md":  {"lib/waxseal/verdict/verdict.rego", "Parameters as a whole", "What is said about the parameters of every bundle."},
	"pipelines.md":   {"lib/waxseal/pipelines/report.rego", "Pipelines as a whole", "What is said of a repository beside the policies."},
	"enforcement.md": {"lib/waxseal/enforcement/enforcement.rego", "Enforcement as a whole", "What is said of admission configuration beside the policies."},
}

func reportPage(a about) ([]byte, error) {
	module, err := parse(a.module)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nGenerated from METADATA by `make generate`. %s\n\n", a.title, a.text)
	violations(&b, module)
	return []byte(b.String()), nil
}

func parse(name string) (*ast.Module, error) {
	raw, err := rego.FS.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return ast.ParseModuleWithOpts(name, string(raw), ast.ParserOptions{ProcessAnnotation: true})
}

// violations writes a section for each code, with all that is said by it: a
// violation, a note, or both.
func violations(b *strings.Builder, modules ...*ast.Module) {
	var codes []string
	said := map[string][]*ast.Annotations{}
	var annotations []*ast.Annotations
	for _, module := range modules {
		annotations = append(annotations, module.Annotations...)
	}
	for _, a := range annotations {
		code, _ := a.Custom["code"].(string)
		if code == "" {
			continue
		}
		if said[code] == nil {
			codes = append(codes, code)
		}
		said[code] = append(said[code], a)
	}
	for _, code := range codes {
		_, short, _ := strings.Cut(code, ".")
		fmt.Fprintf(b, "### %s\n\n", short)
		for _, a := range said[code] {
			saying(b, code, a)
		}
	}
}

func saying(b *strings.Builder, code string, a *ast.Annotations) {
	kind := "violation"
	if rule := a.GetTargetPath(); strings.HasSuffix(rule.String(), ".notes") {
		kind = "note"
	}
	fmt.Fprintf(b, "`%s`, %s, severity %v. %s. %s\n\n**What to do:** %v\n\n", code, kind, a.Custom["severity"], a.Title, a.Description, a.Custom["remediation"])
	if controls, _ := a.Custom["controls"].([]any); len(controls) > 0 {
		names := make([]string, len(controls))
		for i, c := range controls {
			names[i] = fmt.Sprint(c)
		}
		fmt.Fprintf(b, "Controls: %s\n\n", strings.Join(names, ", "))
	}
}

type property struct {
	Title, Description string
	Type               any
	Default            any
	Enum               []any
	Required           []string
	Properties         map[string]property
	Items              *property
	Examples           []any
}

func parametersTable(b *strings.Builder, schema []byte) error {
	var s property
	if err := json.Unmarshal(schema, &s); err != nil {
		return err
	}
	b.WriteString("## Parameters of the policy\n\n")
	if len(s.Properties) == 0 {
		b.WriteString("None.\n\n")
	} else {
		b.WriteString("| parameter | type | |\n|---|---|---|\n")
		rows(b, "", s)
		b.WriteString("\n")
	}
	for _, example := range s.Examples {
		if err := exampleBlock(b, s.Title, example); err != nil {
			return err
		}
	}
	return nil
}

// rows writes a row for each parameter, with those inside of it below.
func rows(b *strings.Builder, prefix string, s property) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		place := prefix + name
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", place, p.kind(), cell(p.text(slices.Contains(s.Required, name))))
		rows(b, place+".", p)
		if p.Items != nil {
			rows(b, place+"[].", *p.Items)
		}
	}
}

// kind is the type, with the type of the elements of a list.
func (p property) kind() string {
	if p.Items == nil || p.Items.Type == nil {
		return strings.Join(types(p.Type, ""), " or ")
	}
	return strings.Join(types(p.Type, " of "+strings.Join(types(p.Items.Type, ""), " or ")), ", or ")
}

// types returns the types of which a value has one. What is said of the elements
// stands behind the list.
func types(written any, elements string) []string {
	several, ok := written.([]any)
	if !ok {
		several = []any{written}
	}
	out := make([]string, len(several))
	for i, kind := range several {
		out[i] = fmt.Sprint(kind)
		if kind == "array" {
			out[i] += elements
		}
	}
	return out
}

func (p property) text(required bool) string {
	text := p.Title + ". " + p.Description
	if values := p.values(); len(values) > 0 {
		text += " One of " + literals(values) + "."
	}
	if p.Default != nil {
		text += " Default " + literals([]any{p.Default}) + "."
	}
	if required {
		text += " Required."
	}
	return text
}

// values are those that the parameter, or an element of it, may have.
func (p property) values() []any {
	if p.Items != nil {
		return p.Items.Enum
	}
	return p.Enum
}

func literals(values []any) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fmt.Sprintf("`%v`", v)
	}
	return strings.Join(out, ", ")
}

// cell keeps a text from ending its cell of a table.
func cell(text string) string {
	return strings.NewReplacer("\n", " ", "|", "\\|").Replace(strings.TrimSpace(text))
}

// exampleBlock writes an example as it stands in a waxseal.yaml: under the name
// of the policy.
func exampleBlock(b *strings.Builder, policy string, example any) error {
	var raw strings.Builder
	enc := yaml.NewEncoder(&raw)
	enc.SetIndent(2)
	if err := enc.Encode(map[string]any{"policies": map[string]any{policy: example}}); err != nil {
		return err
	}
	fmt.Fprintf(b, "In `waxseal.yaml`:\n\n```yaml\n%s```\n\n", raw.String())
	return enc.Close()
}
