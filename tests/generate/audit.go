package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

const (
	module      = "github.com/waxseal/waxseal/"
	reportTypes = "cmd/waxseal/internal/audit/report"
	auditID     = "https://raw.githubusercontent.com/waxseal/waxseal/main/docs/audit.schema.json"
)

// fixed are fields whose values the Go types do not say.
var fixed = map[string]map[string]any{
	"report.Report.$schema":  {"const": auditID},
	"report.Report.version":  {"const": 1},
	"report.Report.exit":     {"enum": []any{0, 1, 2}},
	"report.Control.table":   {"enum": []any{"A", "B", "C", "D"}},
	"report.Cluster.verdict": {"enum": []any{"enforces", "enforces_with_gap", "advisory", "broken", "nothing", "cannot_tell"}},
	"audit.Image.verdict":    {"enum": []any{"admitted", "denied", "cannot_tell", ""}},
	"audit.Probe.expected":   {"enum": []any{"refused", "admitted"}},
	"audit.Probe.outcome":    {"enum": []any{"refused", "admitted", "error"}},
	// Of an image that nothing looked up there is no answer.
	"audit.Admission.signed":  {"enum": []any{"yes", "no", "cannot_tell", "not_asked", ""}},
	"audit.Admission.allowed": {"enum": []any{"yes", "no", "cannot_tell", "not_asked", ""}},
}

// auditSchema is the JSON Schema of the report of an audit, made of its Go types and
// their comments. Objects are closed, and every field that is always written is
// required.
func auditSchema() ([]byte, error) {
	s := &schemas{packages: map[string]*goPackage{}, defs: map[string]any{}}
	if _, err := s.ref(reportTypes, "Report"); err != nil {
		return nil, err
	}
	root, _ := s.defs["report.Report"].(map[string]any)
	delete(s.defs, "report.Report")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = auditID
	root["title"] = "Report of an audit by Waxseal"
	root["$defs"] = s.defs
	out, err := json.MarshalIndent(root, "", "  ")
	return append(out, '\n'), err
}

// schemas are made type by type.
type schemas struct {
	packages map[string]*goPackage // by folder
	defs     map[string]any
}

// goPackage is the source of a package.
type goPackage struct {
	types map[string]goType
	enums map[string][]any // constants of a type of text
}

type goType struct {
	spec    *ast.TypeSpec
	doc     string
	imports map[string]string // name → folder
}

// load reads the types of a folder.
func (s *schemas) load(folder string) (*goPackage, error) {
	if p := s.packages[folder]; p != nil {
		return p, nil
	}
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	p := &goPackage{map[string]goType{}, map[string][]any{}}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		p.add(file)
	}
	s.packages[folder] = p
	return p, nil
}

func (p *goPackage) add(file *ast.File) {
	imports := map[string]string{}
	for _, i := range file.Imports {
		if folder, own := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), module); own {
			imports[path.Base(folder)] = folder
		}
	}
	for _, d := range file.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				p.types[spec.Name.Name] = goType{spec, text(spec.Doc, decl.Doc), imports}
			case *ast.ValueSpec:
				p.constant(spec)
			}
		}
	}
}

// constant notes a value that a type of text has a name for.
func (p *goPackage) constant(spec *ast.ValueSpec) {
	kind, ok := spec.Type.(*ast.Ident)
	if !ok || len(spec.Values) != 1 {
		return
	}
	if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
		value, _ := strconv.Unquote(literal.Value)
		p.enums[kind.Name] = append(p.enums[kind.Name], value)
	}
}

// text is the first comment that there is, in one line.
func text(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		if t := strings.Join(strings.Fields(g.Text()), " "); t != "" {
			return t
		}
	}
	return ""
}

// ref returns a reference to a type, which it describes when it is met first.
func (s *schemas) ref(folder, name string) (map[string]any, error) {
	id := path.Base(folder) + "." + name
	ref := map[string]any{"$ref": "#/$defs/" + id}
	if s.defs[id] != nil {
		return ref, nil
	}
	p, err := s.load(folder)
	if err != nil {
		return nil, err
	}
	t, known := p.types[name]
	if !known {
		return nil, fmt.Errorf("no type %s", id)
	}
	described := map[string]any{}
	s.defs[id] = described // before its fields, which may be of the type itself
	if t.doc != "" {
		described["description"] = t.doc
	}
	if _, ok := t.spec.Type.(*ast.StructType); !ok {
		described["type"] = "string"
		if values := p.enums[name]; len(values) > 0 {
			described["enum"] = values
		}
		return ref, nil
	}
	properties, required := map[string]any{}, []string{}
	if err := s.fields(folder, name, properties, &required); err != nil {
		return nil, fmt.Errorf("%s: %w", id, err)
	}
	described["type"], described["additionalProperties"] = "object", false
	described["properties"], described["required"] = properties, required
	return ref, nil
}

// fields adds the fields of a struct, with those of the structs inside of it, which
// give way to its own.
func (s *schemas) fields(folder, name string, properties map[string]any, required *[]string) error {
	p, err := s.load(folder)
	if err != nil {
		return err
	}
	t := p.types[name]
	list, ok := t.spec.Type.(*ast.StructType)
	if !ok {
		return fmt.Errorf("%s is no struct", name)
	}
	var inner []ast.Expr
	for _, f := range list.Fields.List {
		if f.Tag == nil {
			if len(f.Names) == 0 {
				inner = append(inner, f.Type)
			}
			continue
		}
		tag, _ := strconv.Unquote(f.Tag.Value)
		key, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		if key == "" || key == "-" || properties[key] != nil {
			continue
		}
		described, err := s.value(folder, t, f.Type)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		if said := text(f.Doc, f.Comment); said != "" {
			described["description"] = said
		}
		for keyword, value := range fixed[path.Base(folder)+"."+name+"."+key] {
			delete(described, "$ref")
			described[keyword] = value
		}
		properties[key] = described
		if !strings.Contains(options, "omitempty") {
			*required = append(*required, key)
		}
	}
	for _, e := range inner {
		folder, name, err := where(folder, t, e)
		if err != nil {
			return err
		}
		if err := s.fields(folder, name, properties, required); err != nil {
			return err
		}
	}
	return nil
}

// where is the folder and the name of a type that is named.
func where(folder string, t goType, e ast.Expr) (string, string, error) {
	switch e := e.(type) {
	case *ast.Ident:
		return folder, e.Name, nil
	case *ast.SelectorExpr:
		if from, ok := e.X.(*ast.Ident); ok && t.imports[from.Name] != "" {
			return t.imports[from.Name], e.Sel.Name, nil
		}
	}
	return "", "", fmt.Errorf("%T is no named type of this module", e)
}

var basic = map[string]string{"string": "string", "int": "integer", "int64": "integer", "bool": "boolean"}

// value describes what a field holds.
func (s *schemas) value(folder string, t goType, e ast.Expr) (map[string]any, error) {
	switch e := e.(type) {
	case *ast.Ident:
		if e.Name == "any" {
			return map[string]any{}, nil
		}
		if kind := basic[e.Name]; kind != "" {
			return map[string]any{"type": kind}, nil
		}
	case *ast.StarExpr:
		inner, err := s.value(folder, t, e.X)
		return map[string]any{"anyOf": []any{inner, map[string]any{"type": "null"}}}, err
	case *ast.ArrayType:
		inner, err := s.value(folder, t, e.Elt)
		return map[string]any{"type": "array", "items": inner}, err
	case *ast.MapType:
		inner, err := s.value(folder, t, e.Value)
		return map[string]any{"type": "object", "additionalProperties": inner}, err
	}
	from, name, err := where(folder, t, e)
	if err != nil {
		return nil, err
	}
	return s.ref(from, name)
}
