package jenkins

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// maxCells bounds the cells of a matrix that are read one by one.
const maxCells = 64

// declarative reads pipeline { … }.
func (c *ctx) declarative(b groovy.Closure) {
	d := c.copy()
	d.through, d.vars = c.through, c.vars.child()
	d = d.directives(b.Body, "all stages")
	for _, call := range calls(b.Body, "stages") {
		if inner, ok := lastBlock(call); ok {
			d.stages(inner.Body)
		}
	}
	d.posts(b.Body, "pipeline")
}

// calls are the calls of a name among statements.
func calls(body []groovy.Node, name string) []groovy.Call {
	var out []groovy.Call
	for _, n := range body {
		if call, ok := n.(groovy.Call); ok && call.Name == name && call.On == nil {
			out = append(out, call)
		}
	}
	return out
}

// directives reads what a pipeline or a stage says besides its steps, and
// returns the context of these.
func (c *ctx) directives(body []groovy.Node, to string) *ctx {
	d := c
	for _, n := range body {
		call, ok := n.(groovy.Call)
		if !ok {
			continue
		}
		inner, block := lastBlock(call)
		switch {
		case call.Name == "agent" && block:
			d.agent(inner)
		case call.Name == "environment" && block:
			d = d.environmentBlock(inner, to)
		case call.Name == "options" && block:
			d = d.options(inner)
		case call.Name == "triggers":
			d.triggers(call)
		case call.Name == "parameters" && block:
			d.parameters(inner)
		case call.Name == "libraries":
			d.library(call)
		}
	}
	return d
}

// options reads catchError and warnError of a stage.
func (c *ctx) options(b groovy.Closure) *ctx {
	d := c
	for _, n := range b.Body {
		call, ok := n.(groovy.Call)
		if !ok {
			continue
		}
		switch call.Name {
		case "catchError", "warnError":
			d = d.may("options { " + call.Name + " }")
		case "withCredentials", "withEnv":
			a := d.evalArgs(call.Args)
			a.line = call.At()
			if call.Name == "withCredentials" {
				d = d.withCredentials(a)
				continue
			}
			e := d.copy()
			e.env = d.withEnv(a)
			d = e
		}
	}
	return d
}

// parameters looks for passwords that stand in the defaults of parameters.
func (c *ctx) parameters(b groovy.Closure) {
	for _, call := range calls(b.Body, "password") {
		a := c.evalArgs(call.Args)
		s, ok := a.first("defaultValue")
		if _, has := a.named["defaultValue"]; ok && has && known(s.text) && strings.TrimSpace(s.text) != "" {
			c.secret(model.Secret{Place: c.at(s.line(1, call.At())), Kind: "password", Name: a.get("name"),
				Text: "the default of the password parameter " + a.get("name") + " stands in plain text"})
		}
	}
}

// environmentBlock reads environment { NAME = value }.
func (c *ctx) environmentBlock(b groovy.Closure, to string) *ctx {
	d := c.copy()
	d.env = c.env.child()
	for _, n := range b.Body {
		set, ok := n.(groovy.Assign)
		if !ok || len(set.Targets) != 1 {
			continue
		}
		name, ok := set.Targets[0].(groovy.Name)
		if !ok {
			continue
		}
		if call, ok := set.Value.(groovy.Call); ok && call.Name == "credentials" && call.On == nil {
			d = d.credentials(name.Name, set.At(), to)
			continue
		}
		v := d.eval(set.Value)
		d.literal(name, v, set.At())
		if text, ok := d.textOf(v); ok {
			d.env.vars[name.Name] = str{text: text}
		} else {
			d.env.vars[name.Name] = d.unknown(set.Value)
		}
	}
	return d
}

// credentials gives a secret to everything below an environment.
func (c *ctx) credentials(name string, line int, to string) *ctx {
	c.env.vars[name] = c.symbol(name)
	d := c.copy()
	d.secrets = with(c.secrets, name)
	c.reader.given = append(c.reader.given, givenSecret{at: c.at(line), name: name, to: to, reads: map[*model.Step]bool{}})
	return d
}

// stages reads stages that run one after the other.
func (c *ctx) stages(body []groovy.Node) {
	for _, n := range body {
		call, ok := n.(groovy.Call)
		switch {
		case ok && call.Name == "stage":
			c.declaredStage(call)
		case ok && call.Name == "script":
			c.eval(call)
		}
	}
}

// declaredStage reads a stage with its directives.
func (c *ctx) declaredStage(call groovy.Call) {
	b, ok := lastBlock(call)
	if !ok || !c.spend(c.at(call.At())) {
		return
	}
	name := "stage"
	if _, bad := call.Args[0].Value.(groovy.Bad); len(call.Args) > 1 && !bad {
		if text := c.marks.Plain(c.asStr(c.eval(call.Args[0].Value), call).text); text != "" {
			name = text
		}
	}
	when, never := c.whens(b.Body)
	if never {
		return
	}
	outer := c.given(when...)
	for _, option := range calls(b.Body, "options") { // before the stage begins, for it is the stage that goes on
		if inner, ok := lastBlock(option); ok {
			outer = outer.options(inner)
		}
	}
	d := outer.stage(name, c.at(call.At()))
	for _, ask := range calls(b.Body, "input") {
		d.approve("input(" + question(ask) + ")")
	}
	d = d.directives(b.Body, "the stage "+name)
	d.contents(b.Body)
	d.posts(b.Body, name)
	c.done(d)
}

// question is the text of an input { message 'x' }.
func question(ask groovy.Call) string {
	b, ok := lastBlock(ask)
	if !ok {
		return strings.TrimSuffix(strings.TrimPrefix(groovy.Text(ask), "input("), ")")
	}
	for _, m := range calls(b.Body, "message") {
		if len(m.Args) > 0 {
			return "message: " + groovy.Text(m.Args[0].Value)
		}
	}
	return ""
}

// contents reads the steps of a stage, or the stages in it.
func (c *ctx) contents(body []groovy.Node) {
	for _, n := range body {
		call, ok := n.(groovy.Call)
		if !ok {
			continue
		}
		b, ok := lastBlock(call)
		if !ok {
			continue
		}
		switch call.Name {
		case "steps", "script":
			c.enter(closure{b, c}, nil)
		case "stages":
			c.stages(b.Body)
		case "parallel":
			c.parallelStages(b)
		case "matrix":
			c.matrix(b)
		}
	}
}

// parallelStages reads stages that run at the same time.
func (c *ctx) parallelStages(b groovy.Closure) {
	c.frame.close()
	before, done, approved := c.frame.needs, c.frame.needs, c.frame.approved
	start := c.frame.approved
	for _, call := range calls(b.Body, "stage") {
		c.frame.needs, c.frame.approved = before, start
		c.declaredStage(call)
		done, approved = with(done, c.frame.needs...), with(approved, c.frame.approved...)
	}
	c.frame.needs, c.frame.approved = done, approved
}

// axis is an axis of a matrix.
type axis struct {
	name   string
	values []string
}

// matrix reads the stages of a matrix for each of its cells. Cells that excludes
// leave out are read under that condition.
func (c *ctx) matrix(b groovy.Closure) {
	axes := c.axes(b)
	cells := [][]string{nil}
	for _, a := range axes {
		if len(cells)*len(a.values) > maxCells {
			a.values = []string{c.marks.Mark(a.name)}
		}
		var next [][]string
		for _, cell := range cells {
			for _, v := range a.values {
				next = append(next, append(append([]string(nil), cell...), v))
			}
		}
		cells = next
	}
	c.frame.close()
	before, done := c.frame.needs, c.frame.needs
	for _, cell := range cells {
		d := c.copy()
		d.env = c.env.child()
		for i, a := range axes {
			d.env.vars[a.name] = str{text: cell[i]}
		}
		when, never := d.whens(b.Body)
		if never || d.excluded(b) {
			continue
		}
		d = d.given(when...)
		c.frame.needs = before
		d = d.directives(b.Body, "the matrix")
		for _, call := range calls(b.Body, "stages") {
			if inner, ok := lastBlock(call); ok {
				d.stages(inner.Body)
			}
		}
		d.posts(b.Body, c.frame.name)
		c.frame.close()
		done = with(done, c.frame.needs...)
	}
	c.frame.needs = done
}

func (c *ctx) axes(b groovy.Closure) []axis {
	var out []axis
	for _, list := range calls(b.Body, "axes") {
		inner, _ := lastBlock(list)
		for _, call := range calls(inner.Body, "axis") {
			of, _ := lastBlock(call)
			out = append(out, c.axis(of))
		}
	}
	return out
}

func (c *ctx) axis(b groovy.Closure) axis {
	var a axis
	for _, n := range b.Body {
		call, ok := n.(groovy.Call)
		if !ok {
			continue
		}
		for _, arg := range call.Args {
			text := c.asStr(c.eval(arg.Value), arg.Value).text
			switch call.Name {
			case "name":
				a.name = text
			case "values":
				a.values = append(a.values, text)
			}
		}
	}
	if len(a.values) == 0 {
		a.values = []string{c.marks.Mark(a.name)}
	}
	return a
}

// excluded says whether excludes { } leave the cell out.
func (c *ctx) excluded(b groovy.Closure) bool {
	for _, list := range calls(b.Body, "excludes") {
		inner, _ := lastBlock(list)
		for _, call := range calls(inner.Body, "exclude") {
			of, _ := lastBlock(call)
			if c.meets(of) {
				return true
			}
		}
	}
	return false
}

// meets says whether the cell has the values of all axes of an exclude.
func (c *ctx) meets(b groovy.Closure) bool {
	all := calls(b.Body, "axis")
	for _, call := range all {
		of, _ := lastBlock(call)
		a := c.axis(of)
		v, _ := c.env.get(a.name)
		text, in := c.text(v), false
		for _, want := range a.values {
			in = in || want == text
		}
		if len(calls(of.Body, "notValues")) > 0 {
			in = !c.notValues(of, text)
		}
		if !in {
			return false
		}
	}
	return len(all) > 0
}

func (c *ctx) notValues(b groovy.Closure, text string) bool {
	for _, call := range calls(b.Body, "notValues") {
		for _, arg := range call.Args {
			if c.asStr(c.eval(arg.Value), arg.Value).text == text {
				return true
			}
		}
	}
	return false
}

// posts reads post { }: what runs after success needs all before it; of what
// runs always, or after a failure, nobody knows what was done before.
func (c *ctx) posts(body []groovy.Node, of string) {
	for _, post := range calls(body, "post") {
		b, ok := lastBlock(post)
		if !ok {
			continue
		}
		c.frame.close()
		for _, n := range b.Body {
			if call, ok := n.(groovy.Call); ok {
				c.post(call, of)
			}
		}
	}
}

func (c *ctx) post(call groovy.Call, of string) {
	b, ok := lastBlock(call)
	if !ok {
		return
	}
	d := c
	switch call.Name {
	case "success":
	case "always", "cleanup":
	default:
		d = c.given("post { " + call.Name + " }")
	}
	d = d.stage(of+" post "+call.Name, c.at(call.At()))
	if call.Name != "success" {
		d.frame.needs, d.frame.approved = nil, nil
	}
	d.enter(closure{b, d}, nil)
	if call.Name == "success" {
		c.done(d)
		return
	}
}
