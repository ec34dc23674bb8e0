package azure

import (
	"path"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/azure/expr"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// part is an item of a list, or a field of an object, with what its expressions
// see and the conditions of the template expressions around it.
type part struct {
	node *document.Node
	name string
	c    *ctx
}

// items are the items of a list of stages, jobs, steps or variables (kind), with
// template expressions and templates in it expanded.
func (c *ctx) items(n *document.Node, kind string) []part {
	if n == nil || !c.spend() {
		return nil
	}
	if n.Kind == document.String {
		return c.inserted(n, kind)
	}
	var out []part
	var chain branches
	for _, item := range n.Items {
		if item.Kind == document.String {
			out = append(out, c.inserted(item, kind)...)
			continue
		}
		if len(item.Fields) == 0 || !isDirective(item.Fields[0].Name) {
			chain = branches{}
			out = append(out, c.item(item, kind)...)
			continue
		}
		for _, f := range item.Fields {
			for _, d := range c.directive(f, &chain) {
				out = append(out, d.items(f.Value, kind)...)
			}
		}
	}
	return out
}

// inserted are the items that an expression gives in place of one.
func (c *ctx) inserted(n *document.Node, kind string) []part {
	e, ok := sole(n.Text)
	if !ok {
		return nil
	}
	v := c.eval(e)
	switch {
	case v.node != nil:
		return c.of(v.in).expanded(v.node, kind)
	case !v.known:
		c.unseen(place(n), "dynamic", e.String(), "the "+kind+" that the expression gives")
	}
	return nil
}

func (c *ctx) expanded(n *document.Node, kind string) []part {
	if c.depth > maxExpansions {
		return nil
	}
	if n.Kind == document.Object {
		n = &document.Node{Kind: document.List, File: n.File, Line: n.Line, Items: []*document.Node{n}}
	}
	return c.expanding().items(n, kind)
}

// item is one item; a template gives several.
func (c *ctx) item(n *document.Node, kind string) []part {
	if t := n.Get("template"); t != nil && n.Kind == document.Object {
		return c.template(n, t, kind)
	}
	return []part{{node: n, c: c}}
}

func isDirective(key string) bool { return strings.HasPrefix(strings.TrimSpace(key), "${{") }

// branches are the conditions of the if and elseif before an else.
type branches struct {
	conditions []string
	taken      bool // one of them is known to hold
}

// directive returns the contexts in which what stands below a ${{ }} is read: none
// when its condition does not hold, several for a loop.
func (c *ctx) directive(f document.Field, chain *branches) []*ctx {
	inner := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(f.Name), "${{"), "}}"))
	word, rest, _ := strings.Cut(inner, " ")
	switch {
	case word == "if":
		*chain = branches{}
		return c.branch(rest, f, chain)
	case word == "elseif", word == "else" && strings.HasPrefix(strings.TrimSpace(rest), "if "):
		return c.branch(strings.TrimPrefix(strings.TrimSpace(rest), "if "), f, chain)
	case word == "else":
		return c.otherwise(chain)
	case word == "each":
		return c.each(rest, f)
	case word == "insert":
		return []*ctx{c}
	}
	return []*ctx{c}
}

func (c *ctx) branch(text string, f document.Field, chain *branches) []*ctx {
	outer := c.otherwise(chain)
	if len(outer) == 0 {
		return nil
	}
	e, err := expr.Parse(text)
	if err != nil {
		c.problem(model.Place{File: c.in.file, Line: f.Line}, "malformed", "the condition cannot be read: %s", err.Error())
		condition := strings.Join(strings.Fields(text), " ")
		chain.conditions = append(chain.conditions, condition)
		return []*ctx{outer[0].given(condition)}
	}
	v := c.eval(e)
	if v.known && !c.open(e) {
		chain.taken = holds(v)
		if holds(v) {
			return outer
		}
		return nil
	}
	chain.conditions = append(chain.conditions, e.String())
	return []*ctx{outer[0].given(texts(e)...)}
}

// open says whether a condition depends on parameters that whoever starts the
// pipeline gives.
func (c *ctx) open(e expr.Expr) bool {
	if !c.in.root {
		return false
	}
	if e.Kind == expr.Ref && strings.EqualFold(e.Path[0], "parameters") {
		return true
	}
	for _, a := range e.Args {
		if c.open(a) {
			return true
		}
	}
	return false
}

// texts are the conditions that must all hold for an expression to hold.
func texts(e expr.Expr) []string {
	var out []string
	for _, part := range e.All() {
		out = append(out, part.String())
	}
	return out
}

func (c *ctx) otherwise(chain *branches) []*ctx {
	if chain.taken {
		return nil
	}
	d := c
	for _, condition := range chain.conditions {
		d = d.given(not(condition))
	}
	return []*ctx{d}
}

func (c *ctx) given(conditions ...string) *ctx {
	d := c.copy()
	d.when = with(c.when, conditions...)
	return d
}

// each reads ${{ each x in list }}.
func (c *ctx) each(text string, f document.Field) []*ctx {
	name, list, ok := strings.Cut(text, " in ")
	name = strings.TrimSpace(name)
	e, err := expr.Parse(list)
	if !ok || err != nil {
		c.problem(model.Place{File: c.in.file, Line: f.Line}, "malformed", "the loop cannot be read: %q", text)
		return nil
	}
	v := c.eval(e)
	var out []*ctx
	turn := func(item val) {
		d := c.expanding()
		d.in = c.in.with(name, item)
		out = append(out, d)
	}
	switch {
	case v.node == nil && v.known:
	case v.node == nil, len(v.node.Items)+len(v.node.Fields) > maxTurns, c.depth > maxExpansions:
		turn(val{text: c.marks.Mark(e.String() + "[*]")})
	default:
		for _, i := range v.node.Items {
			turn(c.of(v.in).value(i))
		}
		for _, field := range v.node.Fields {
			turn(val{known: true, node: pair(field), in: v.in})
		}
	}
	return out
}

// pair is what a loop over an object gives: a key and a value.
func pair(f document.Field) *document.Node {
	key := &document.Node{Kind: document.String, Text: f.Name, Line: f.Line, Begin: f.Line}
	return &document.Node{Kind: document.Object, Line: f.Line, Fields: []document.Field{{Name: "key", Value: key}, {Name: "value", Value: f.Value}}}
}

// fields are the fields of an object, with template expressions in it expanded.
func (c *ctx) fields(n *document.Node) []part {
	if n == nil || n.Kind != document.Object || !c.spend() {
		return nil
	}
	var out []part
	var chain branches
	for _, f := range n.Fields {
		if !isDirective(f.Name) {
			chain = branches{}
			out = append(out, part{node: f.Value, name: f.Name, c: c})
			continue
		}
		if e, ok := sole(f.Name); ok { // ${{ pair.key }}: value
			out = append(out, part{node: f.Value, name: c.eval(e).text, c: c})
			continue
		}
		for _, d := range c.directive(f, &chain) {
			out = append(out, d.below(f.Value)...)
		}
	}
	return out
}

// below are the fields of what stands below a directive.
func (c *ctx) below(n *document.Node) []part {
	if n.Kind == document.String {
		if e, ok := sole(n.Text); ok && c.depth <= maxExpansions {
			if v := c.expanding().eval(e); v.node != nil {
				return c.of(v.in).expanding().fields(v.node)
			}
		}
		return nil
	}
	return c.fields(n)
}

// object is an object whose fields are expanded, by their names in small letters.
// Of a field that stands there under several conditions, the first counts, and it
// is said that there are others.
type object struct {
	at   *document.Node
	all  []part
	many map[string]bool
	of   map[string]part
}

func (c *ctx) object(n *document.Node) object {
	o := object{at: n, many: map[string]bool{}, of: map[string]part{}}
	if n == nil {
		return o
	}
	o.all = c.fields(n)
	for _, f := range o.all {
		name := strings.ToLower(f.name)
		if _, ok := o.of[name]; ok || len(f.c.when) > len(c.when) {
			o.many[name] = true
		}
		if _, ok := o.of[name]; !ok {
			o.of[name] = f
		}
	}
	return o
}

func (o object) get(names ...string) (part, bool) {
	for _, name := range names {
		if p, ok := o.of[strings.ToLower(name)]; ok {
			return p, true
		}
	}
	return part{}, false
}

// text is the text of a field, "" when it is not there; one that differs by
// conditions is not known.
func (o object) text(names ...string) string {
	p, ok := o.get(names...)
	if !ok {
		return ""
	}
	for _, name := range names {
		if o.many[strings.ToLower(name)] {
			return p.c.marks.Mark(names[0])
		}
	}
	v := p.c.value(p.node)
	return v.text
}

func (o object) node(name string) *document.Node {
	p, _ := o.get(name)
	return p.node
}

// template reads a template in place of an item.
func (c *ctx) template(n, t *document.Node, kind string) []part {
	d, root := c.opened(n, t, kind)
	if root == nil {
		return nil
	}
	var out []part
	for _, f := range d.fields(root) {
		if f.name == kind {
			out = append(out, f.c.list(f.node, kind)...)
		}
	}
	return out
}

// list are the items of a list, or of the variables that are written as an object.
func (c *ctx) list(n *document.Node, kind string) []part {
	if kind == "variables" && n.Kind == document.Object {
		return c.fields(n)
	}
	return c.items(n, kind)
}

// opened opens a template of the repository with the parameters that it is given.
// It returns nil, and says what cannot be seen, for any other.
func (c *ctx) opened(n, t *document.Node, kind string) (*ctx, *document.Node) {
	name := c.marks.Plain(c.text(t))
	file, alias, remote := strings.Cut(name, "@")
	if remote && alias != "self" {
		c.remote(t, file, alias, kind)
		return nil, nil
	}
	at := path.Join(path.Dir(c.in.file), file)
	if strings.HasPrefix(file, "/") {
		at = strings.TrimPrefix(file, "/")
	}
	switch {
	case strings.Contains(file, "${"):
		c.unseen(place(t), "dynamic", name, "the template, by a name that is written out", guess.Kinds(name)...)
		return nil, nil
	case len(c.in.chain) > c.run.Files().Depth() || c.depth > maxExpansions:
		c.problem(place(t), "too_large", "templates lead to each other without end: %s", strings.Join(c.in.chain[:min(3, len(c.in.chain))], " → "))
		return nil, nil
	case !c.run.Files().Exists(at):
		c.unseen(place(t), "template", file, "the file "+at, guess.Kinds(file)...)
		return nil, nil
	}
	root := c.load(at, place(t))
	if root == nil {
		return nil, nil
	}
	d := c.copy()
	d.in = &scope{file: at, chain: append(append([]string(nil), c.in.chain...), at)}
	d.through = append(append([]model.Place(nil), c.through...), place(t))
	d.in.params = d.defaults(root.Get("parameters"))
	for _, f := range c.fields(n.Get("parameters")) {
		d.in.params[strings.ToLower(f.name)] = f.c.value(f.node)
	}
	return d, root
}

// remote takes note of a template of another repository.
func (c *ctx) remote(t *document.Node, file, alias, kind string) {
	repo, ok := c.repos[alias]
	if !ok {
		repo = alias
	}
	_, ref, _ := strings.Cut(repo, "@")
	c.reference(model.Reference{Place: place(t), Kind: "template", Text: file + "@" + repo, Pinned: isCommit(ref)})
	if kind == "variables" {
		return // nothing runs there
	}
	c.unseen(place(t), "template", file+"@"+repo, "the template "+file+" of the repository "+repo, guess.Kinds(file)...)
}

func isCommit(ref string) bool {
	return len(ref) == 40 && strings.Trim(ref, "0123456789abcdef") == ""
}

// defaults are the parameters of a file with their defaults; without one, a
// parameter is a symbol.
func (c *ctx) defaults(n *document.Node) map[string]val {
	out := map[string]val{}
	add := func(name string, def *document.Node) {
		if def != nil {
			out[strings.ToLower(name)] = c.value(def)
			return
		}
		out[strings.ToLower(name)] = val{text: c.marks.Mark("parameters." + name)}
	}
	if n == nil {
		return out
	}
	for _, f := range n.Fields {
		add(f.Name, f.Value)
	}
	for _, i := range n.Items {
		if name := i.Get("name"); name != nil {
			add(name.Text, i.Get("default"))
		}
	}
	return out
}
