package azure

import (
	"cmp"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/azure/expr"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// root reads what stands at the top of a pipeline, or of what it extends.
func (c *ctx) root(n *document.Node) {
	o := c.object(n)
	c.resources(o.node("resources"))
	c.pool = c.poolOf(o, c.pool)
	d := c.copy()
	d.vars = c.vars.child()
	d.variables(o.node("variables"))
	if p, ok := o.get("extends"); ok {
		d.extends(p)
	}
	for _, f := range o.all {
		in := f.c.copy()
		in.vars, in.pool = d.vars, c.pool
		switch f.name {
		case "stages":
			in.readStages(f.node)
		case "jobs":
			in.stageOf("", nil, false).readJobs(f.node)
		case "steps":
			s := in.stageOf("", nil, false)
			s.readJob(part{node: n, c: s}, "Job")
		}
	}
}

// extends reads the template that the pipeline is made of.
func (c *ctx) extends(p part) {
	t := p.node.Get("template")
	if t == nil {
		return
	}
	in := p.c.copy()
	in.vars, in.pool = c.vars, c.pool
	if d, root := in.opened(p.node, t, "stages"); root != nil {
		d.root(root)
	}
}

// resources reads the repositories and containers that the pipeline names.
func (c *ctx) resources(n *document.Node) {
	for _, r := range c.items(n.Get("repositories"), "repositories") {
		o := r.c.object(r.node)
		name, ref := c.marks.Plain(o.text("name")), c.marks.Plain(o.text("ref"))
		if alias := o.text("repository"); alias != "" && name != "" {
			c.repos[alias] = strings.TrimSuffix(name+"@"+ref, "@")
		}
	}
	for _, r := range c.items(n.Get("containers"), "containers") {
		o := r.c.object(r.node)
		c.image(o.node("image"), o.text("image"))
	}
}

// image adds a reference to an image in which something runs.
func (c *ctx) image(n *document.Node, text string) {
	text = c.marks.Plain(text)
	if n == nil || text == "" {
		return
	}
	_, digest, _ := strings.Cut(text, "@sha256:")
	c.reference(model.Reference{Place: place(n), Kind: "image", Text: text, Pinned: len(digest) == 64 && strings.Trim(digest, "0123456789abcdef") == ""})
}

// container reads the container of a job or of a step: an image, or the name of a
// resource.
func (c *ctx) container(n *document.Node) {
	switch {
	case n == nil:
	case n.Kind == document.Object:
		image := n.Get("image")
		c.image(image, c.text(image))
	default:
		if text := c.text(n); strings.ContainsAny(text, ":/") {
			c.image(n, text)
		}
	}
}

// poolOf is the machine on which jobs run, as far as it tells their shell.
func (c *ctx) poolOf(o object, otherwise string) string {
	p, ok := o.get("pool")
	if !ok {
		return otherwise
	}
	if p.node.Kind != document.Object {
		return p.c.text(p.node)
	}
	inner := p.c.object(p.node)
	return inner.text("vmImage") + inner.text("name")
}

// enter is the context of a part, with what is known here besides.
func (c *ctx) enter(p part) *ctx {
	d := c.copy()
	d.in, d.through, d.depth = p.c.in, p.c.through, p.c.depth
	d.when = with(c.when, p.c.when...)
	return d
}

func (c *ctx) readStages(n *document.Node) {
	before := ""
	for _, p := range c.items(n, "stages") {
		o := p.c.object(p.node)
		id := c.marks.Plain(o.text("stage"))
		if id == "" {
			id = "Stage" + itoa(len(c.stages)+1)
		}
		needs := []string{before}
		if d, ok := o.get("dependsOn"); ok {
			needs = d.c.names(d.node)
		}
		in := p.c.copy()
		in.vars = c.vars.child()
		in.pool = c.poolOf(o, c.pool)
		in.variables(o.node("variables"))
		in, never := in.conditioned(o)
		if o.text("trigger") == "manual" {
			in = in.given("trigger: manual")
		}
		before = id
		if never {
			c.stages[id] = &stage{id: id, needs: needs}
			continue
		}
		s := in.stageOf(id, needs, in.anyway)
		if jobs, ok := o.get("jobs"); ok {
			s.enter(jobs).readJobs(jobs.node)
		}
	}
}

// names are those of a dependsOn: one, or a list.
func (c *ctx) names(n *document.Node) []string {
	if n.Kind == document.List {
		var out []string
		for _, i := range c.items(&document.Node{Kind: document.List, Items: n.Items}, "names") {
			out = append(out, i.c.text(i.node))
		}
		for _, i := range n.Items {
			if i.Kind == document.String {
				if text := c.marks.Plain(c.text(i)); text != "" {
					out = append(out, text)
				}
			}
		}
		return out
	}
	if v := c.value(n); v.node != nil && v.node != n {
		return c.of(v.in).names(v.node)
	}
	if text := c.marks.Plain(c.text(n)); text != "" {
		return []string{text}
	}
	return nil
}

// stageOf begins a stage.
func (c *ctx) stageOf(id string, needs []string, anyway bool) *ctx {
	d := c.copy()
	d.stageID = id
	if c.stages[id] == nil {
		c.stages[id] = &stage{id: id, needs: needs, anyway: anyway}
	}
	return d
}

// conditioned adds the condition of a stage, a job or a step. One that does not
// ask for success lets it run whatever became of what was before.
func (c *ctx) conditioned(o object) (d *ctx, never bool) {
	p, ok := o.get("condition")
	if !ok {
		return c, false
	}
	text := strings.TrimSpace(p.c.text(p.node))
	d = c.copy()
	if text == "" {
		return c, false
	}
	e, err := expr.Parse(c.marks.Plain(text))
	if err != nil {
		c.problem(model.Place{File: c.in.file, Line: p.node.Line}, "malformed", "the condition cannot be read: %s", err.Error())
		return c.given("always()", strings.Join(strings.Fields(c.marks.Plain(text)), " ")), false
	}
	if e.Kind == expr.Literal && strings.EqualFold(e.Text, "false") {
		return c, true
	}
	success := false
	var when []string
	for _, part := range e.All() {
		if part.Kind == expr.Call && part.Text == "succeeded" {
			success = true
			continue
		}
		when = append(when, c.condition(part))
	}
	d.anyway = !success
	if d.anyway && !e.Calls("always", "failed", "succeededorfailed", "canceled") {
		when = append(when, "always()")
	}
	return d.given(when...), false
}

// condition is the text of a condition. A variable that is itself a condition is
// what it says.
func (c *ctx) condition(e expr.Expr) string {
	if e.Kind == expr.Call && e.Text == "eq" && len(e.Args) == 2 && strings.EqualFold(e.Args[1].Text, "true") {
		if text, ok := c.meaning(e.Args[0]); ok {
			return text
		}
	}
	if text, ok := c.meaning(e); ok {
		return text
	}
	return e.String()
}

func (c *ctx) meaning(e expr.Expr) (string, bool) {
	if e.Kind != expr.Ref || len(e.Path) != 2 || !strings.EqualFold(e.Path[0], "variables") {
		return "", false
	}
	v, ok := c.vars.get(e.Path[1])
	if !ok || v.node == nil {
		return "", false
	}
	inner, isExpr := strings.CutPrefix(strings.TrimSpace(v.node.Text), "$[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !isExpr || !closed {
		return "", false
	}
	of, err := expr.Parse(c.of(v.in).templates(inner))
	if err != nil || of.Kind != expr.Call {
		return "", false
	}
	return c.marks.Plain(of.String()), true
}

func (c *ctx) readJobs(n *document.Node) {
	for _, p := range c.items(n, "jobs") {
		o := p.c.object(p.node)
		name := cmp.Or(c.marks.Plain(o.text("job", "deployment")), "Job")
		in := c.enter(p)
		in.readJob(part{node: p.node, c: in}, name)
	}
}

// readJob reads a job, once for each cell of its matrix.
func (c *ctx) readJob(p part, name string) {
	o := c.object(p.node)
	for _, cell := range c.cells(o) {
		if len(c.jobs) >= maxJobs {
			c.problem(place(p.node), "too_large", "the pipeline has more than %d jobs; the rest was not read", maxJobs)
			return
		}
		c.readCell(o, name, cell)
	}
}

// cell is a cell of a matrix; name is "" without one.
type cell struct {
	name string
	of   *document.Node
	in   *ctx
}

func (c *ctx) cells(o object) []cell {
	strategy := o.node("strategy")
	matrix := strategy.Get("matrix")
	if matrix == nil || matrix.Kind != document.Object {
		return []cell{{}}
	}
	var out []cell
	for _, f := range c.fields(matrix) {
		if len(out) == maxTurns {
			c.problem(place(o.at), "too_large", "the matrix has more than %d cells; the rest was not read", maxTurns)
			break
		}
		out = append(out, cell{f.name, f.node, f.c})
	}
	if len(out) == 0 {
		return []cell{{}}
	}
	return out
}

func (c *ctx) readCell(o object, name string, m cell) {
	in := c.copy()
	in.vars = c.vars.child()
	in.variables(o.node("variables"))
	id := jobID(c.stageID, name)
	if m.name != "" {
		id += "." + m.name
		in.vars = in.vars.child()
		in.variables(m.of)
	}
	in, never := in.conditioned(o)
	if never {
		return
	}
	j := &job{stage: c.stages[c.stageID], name: name, anyway: in.anyway, files: map[string]string{}}
	j.ID, j.Place = in.unique(id), place(o.at)
	j.Name = cmp.Or(c.marks.Plain(o.text("displayName")), name)
	j.When = sorted(in.when)
	j.Optional = optional(o)
	if d, ok := o.get("dependsOn"); ok {
		j.depends = d.c.names(d.node)
	}
	in.vars = in.vars.child()
	j.vars = in.vars
	in.job, in.anyway = j, false
	in.pool = c.poolOf(o, c.pool)
	j.windows = strings.Contains(strings.ToLower(in.pool), "win")
	in.container(o.node("container"))
	in.services(o.node("services"))
	j.stage.jobs = append(j.stage.jobs, j)
	c.reader.jobs = append(c.reader.jobs, j)
	in.body(o)
}

func (c *ctx) services(n *document.Node) {
	for _, f := range c.fields(n) {
		f.c.container(f.node)
	}
}

// optional says why a failure goes on: one that is decided when it runs may.
func optional(o object) string {
	switch text := strings.ToLower(o.text("continueOnError")); text {
	case "", "false":
		return ""
	case "true":
		return "continueOnError: true"
	default:
		p, _ := o.get("continueOnError")
		return "continueOnError: " + p.c.marks.Plain(o.text("continueOnError"))
	}
}

// body reads the steps of a job, or of the hooks of a deployment.
func (c *ctx) body(o object) {
	if p, ok := o.get("steps"); ok {
		in := c.enter(p)
		in.steps(in.items(p.node, "steps"))
	}
	for _, kind := range []string{"runOnce", "rolling", "canary"} {
		s := o.node("strategy").Get(kind)
		for _, hook := range []string{"preDeploy", "deploy", "routeTraffic", "postRouteTraffic"} {
			c.steps(c.items(s.Get(hook).Get("steps"), "steps"))
		}
		on := s.Get("on")
		if on == nil {
			on = s.Get("true") // as YAML 1.1 reads the word
		}
		c.steps(c.items(on.Get("success").Get("steps"), "steps"))
		failed := c.given("failed()")
		failed.steps(failed.items(on.Get("failure").Get("steps"), "steps"))
	}
}

// variables reads variables: an object, or a list of names, groups and templates.
func (c *ctx) variables(n *document.Node) {
	if n == nil {
		return
	}
	if n.Kind == document.Object {
		for _, f := range c.fields(n) {
			c.define(f.name, f.node, f.c)
		}
		return
	}
	for _, p := range c.items(n, "variables") {
		if p.name != "" { // of a template that writes an object
			c.define(p.name, p.node, p.c)
			continue
		}
		o := p.c.object(p.node)
		if v, ok := o.get("value"); ok {
			c.define(o.text("name"), v.node, v.c)
		}
	}
}

// define sets a variable. One that has different values under conditions is not
// known.
func (c *ctx) define(name string, n *document.Node, in *ctx) {
	key := envName(name)
	c.plainSecret(name, n, in)
	if len(in.when) > len(c.when) {
		c.vars.of[key] = variable{text: c.marks.Mark(key)}
		return
	}
	c.vars.of[key] = variable{node: n, in: in.in}
}
