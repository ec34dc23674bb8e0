package github

import (
	"path"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// composite is an action of the repository.
type composite struct {
	file  file
	node  *document.Node
	steps []step
}

// local follows an action of the repository.
func (u *use) local(dir string) {
	dir = u.checkedOut(dir)
	switch name, ok := u.definition(dir); {
	case !ok && dir != "." && !strings.HasPrefix(dir, ".."):
		u.hidden("action", u.step.uses, "the file "+dir+"/action.yml")
	case !ok:
		u.hidden("action", u.step.uses, "the file action.yml of the repository that is checked out there")
	case slices.Contains(u.within, name) || len(u.within) >= maxNesting:
		u.problem(u.place, fault.Malformed, "actions use each other here, or more than %d deep: GitHub refuses that", maxNesting)
	default:
		u.follow(name, dir)
	}
}

func (u *use) definition(dir string) (string, bool) {
	for _, base := range []string{"action.yml", "action.yaml"} {
		if name := path.Join(dir, base); u.run.Files().Exists(name) {
			return name, true
		}
	}
	return "", false
}

func (u *use) follow(name, dir string) {
	a := u.actions[name]
	if a == nil {
		if _, read := u.actions[name]; !read {
			a = u.readAction(name)
			u.actions[name] = a
		}
	}
	if a == nil {
		u.hidden("action", u.step.uses, "a correct file "+name)
		return
	}
	if image := scalar(a.node.Get("runs").Get("image")); strings.HasPrefix(image, "docker://") {
		line, _ := a.node.Locate("runs.image")
		u.reference(model.Reference{Place: model.Place{File: name, Line: line}, Kind: "image", Text: image, Pinned: pinnedImage(image)})
	}
	if !strings.EqualFold(scalar(a.node.Get("runs").Get("using")), "composite") {
		u.hidden("action", u.step.uses, "a composite action, whose steps can be read")
		return
	}
	if u.spend(0, len(a.steps), u.place) {
		u.compose(a, name, dir)
	}
}

func (r *reader) readAction(name string) *composite {
	f, node := r.load(name)
	if node == nil {
		return nil
	}
	runs := node.Get("runs")
	if runs == nil {
		r.problem(model.Place{File: name, Line: 1}, fault.Malformed, "an action needs \"runs\": say there what it runs")
		return nil
	}
	r.plainSecrets(f)
	a := &composite{file: f, node: node}
	if steps := runs.Get("steps"); steps != nil {
		for _, n := range steps.Items {
			a.steps = append(a.steps, stepOfNode(n))
		}
	}
	return a
}

// compose reads the steps of a composite action.
func (u *use) compose(a *composite, name, dir string) {
	inner := &frame{
		job:     u.job,
		file:    a.file,
		outer:   merge(u.outer, u.scope.pairs(u.step.env)),
		folder:  dir,
		through: []model.Place{u.frame.file.place(u.step.pos)},
		within:  append(slices.Clone(u.within), name),
	}
	inner.scope = &scope{
		on: u.scope.on, env: u.frame.scope.env, inputs: u.inputs(a), secrets: openSecrets, matrix: u.scope.matrix,
		needs: u.scope.needs, steps: map[string]*ran{}, at: u.symbols, folder: dir,
	}
	for i, s := range a.steps {
		u.adopt(inner.step(i, s))
	}
	u.returned(a, inner)
}

// adopt makes what an inner step does the work of this one.
func (u *use) adopt(e effect) {
	for _, act := range e.actions {
		act.When = combine(act.When, e.when)
		if act.Optional == "" {
			act.Optional = e.optional
		}
		u.effect.actions = append(u.effect.actions, act)
	}
	u.effect.secrets = combine(u.effect.secrets, e.secrets)
	for name := range e.reads {
		u.effect.reads[name] = true
	}
}

// inputs are the inputs of the action: those of the step, or their defaults.
func (u *use) inputs(a *composite) func(string) value {
	return func(name string) value {
		if p, ok := u.step.with[name]; ok {
			return u.scope.text(p.text).asText()
		}
		for _, f := range fieldsOf(a.node.Get("inputs")) {
			if strings.EqualFold(f.Name, name) {
				return u.scope.text(scalar(f.Value.Get("default"))).asText()
			}
		}
		return literal("")
	}
}

// returned evaluates the outputs of the action. One that is the digest of one of
// several builds, whichever it was, is a name of the digest of them all.
func (u *use) returned(a *composite, inner *frame) {
	u.effect.outputs, u.effect.closed = map[string]value{}, true
	for _, f := range fieldsOf(a.node.Get("outputs")) {
		text := scalar(f.Value.Get("value"))
		v := inner.scope.text(text).asText()
		name := strings.ToLower(f.Name)
		if _, whole := soleSymbol(v.text); whole && !v.sure && strings.Contains(v.expr, "||") {
			v = symbol(u.output(name))
			u.alias(u.output(name), inner.scope.text(text).expr)
		}
		u.effect.outputs[name] = v
	}
}

// alias adds a name to the digests, or names, of the actions of which one gave it.
func (u *use) alias(name, expr string) {
	parts := split(expr, "||")
	for _, p := range parts {
		if !slices.ContainsFunc(u.effect.actions, func(a model.Action) bool {
			return slices.Contains(a.Digests, p) || slices.Contains(a.Names, p)
		}) {
			return
		}
	}
	for i := range u.effect.actions {
		a := &u.effect.actions[i]
		if slices.ContainsFunc(parts, func(p string) bool { return slices.Contains(a.Digests, p) }) {
			a.Digests = append(slices.Clone(a.Digests), name)
		}
		if slices.ContainsFunc(parts, func(p string) bool { return slices.Contains(a.Names, p) }) {
			a.Names = append(slices.Clone(a.Names), name)
		}
	}
}

func fieldsOf(n *document.Node) []document.Field {
	if n == nil {
		return nil
	}
	return n.Fields
}
