package shell

import (
	"maps"
	"path"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// lookup is the value of a variable, and whether it is known: known to be unset too.
func (s *shell) lookup(name string) (value, bool) {
	if v, ok := s.special(name); ok {
		return v, true
	}
	v, ok := s.vars[name]
	if !ok || !v.own {
		if syntax.ValidName(name) {
			s.reads[name] = true
		}
	}
	if !ok {
		return value{items: []string{symbol(name)}}, false
	}
	return v, true
}

// special is the value of a parameter that is not a variable.
func (s *shell) special(name string) (value, bool) {
	one := func(text string) (value, bool) { return value{items: []string{text}}, true }
	switch name {
	case "@", "*":
		if s.noArgs {
			return one(symbol(name))
		}
		return value{items: []string{strings.Join(s.args, " ")}}, true
	case "#":
		if s.noArgs {
			return one(symbol("#"))
		}
		return one(strconv.Itoa(len(s.args)))
	case "0":
		if s.name != "" {
			return one(s.name)
		}
		return one(symbol("0"))
	case "BASH_SOURCE":
		if s.src != nil {
			return one("${(pwd)}/" + s.src.at(1).File)
		}
	case "RANDOM", "SRANDOM":
		return one(anything)
	}
	n, err := strconv.Atoi(name)
	if err != nil || n < 1 {
		return value{}, false
	}
	if n <= len(s.args) {
		return one(s.args[n-1])
	}
	if s.noArgs {
		return one(symbol(name))
	}
	return value{unset: true}, true
}

// peek is the text of a variable, without taking note that it was read.
func (s *shell) peek(name string) string {
	if v, ok := s.special(name); ok {
		return v.text()
	}
	if v, ok := s.vars[name]; ok {
		return v.text()
	}
	return symbol(name)
}

// items are those of "$@" and "${array[@]}".
func (s *shell) items(p *syntax.ParamExp) ([]string, bool) {
	if p.Param == nil || p.Length || p.Slice != nil || p.Repl != nil || p.Exp != nil {
		return nil, false
	}
	if p.Excl {
		return s.indices(p)
	}
	if p.Param.Value == "@" && p.Index == nil {
		if s.noArgs {
			return []string{"${@}"}, true
		}
		return s.args, true
	}
	if !allOf(p.Index) {
		return nil, false
	}
	v, ok := s.lookup(p.Param.Value)
	if !ok {
		return []string{symbol(p.Param.Value)}, true
	}
	return v.items, true
}

// indices are those of "${!array[@]}".
func (s *shell) indices(p *syntax.ParamExp) ([]string, bool) {
	v, ok := s.vars[p.Param.Value]
	switch {
	case !allOf(p.Index):
		return nil, false
	case !ok:
		return []string{anything}, true
	case len(v.keys) > 0:
		return v.keys, true
	}
	var out []string
	for i := range v.items {
		out = append(out, strconv.Itoa(i))
	}
	return out, true
}

// index is the text of the index of an item: a number, or a key.
func (s *shell) index(x syntax.ArithmExpr) string {
	word, ok := x.(*syntax.Word)
	if !ok {
		return s.number(x)
	}
	text := s.text(context{}, word)
	if syntax.ValidName(text) {
		if _, err := strconv.Atoi(s.peek(text)); err == nil {
			return s.peek(text)
		}
	}
	return text
}

// allOf says whether an index is @ or *.
func allOf(index syntax.ArithmExpr) bool {
	word, ok := index.(*syntax.Word)
	return ok && (word.Lit() == "@" || word.Lit() == "*")
}

// param expands a parameter.
func (s *shell) param(c context, f *fieldList, p *syntax.ParamExp, quoted bool) {
	if items, ok := s.items(p); ok && !quoted {
		for i, item := range items {
			if i > 0 {
				f.end()
			}
			f.split(item)
		}
		return
	}
	text := s.paramText(c, p)
	if quoted {
		f.add(text, true)
	} else {
		f.split(text)
	}
}

func (s *shell) paramText(c context, p *syntax.ParamExp) string {
	if p.Param == nil {
		return anything
	}
	name := p.Param.Value
	v, ok := s.lookup(name)
	text, isSet := v.text(), !v.unset
	switch {
	case p.Names != 0 || p.Width || p.Flags != nil || len(p.Modifiers) > 0:
		return anything
	case p.Index != nil:
		text, isSet = s.indexed(p, v, ok)
	case p.Excl:
		return s.indirect(text)
	}
	switch {
	case p.Length:
		return length(p, v, text)
	case p.Exp != nil:
		return s.expansion(c, p, text, isSet)
	case p.Repl != nil:
		return s.replacement(c, p, text)
	case p.Slice != nil:
		return s.slice(p, text)
	}
	return text
}

// indirect is ${!x}: the value of the variable that x names.
func (s *shell) indirect(name string) string {
	if !syntax.ValidName(name) {
		return anything
	}
	v, _ := s.lookup(name)
	return v.text()
}

// indexed is an item of an array, or all of them.
func (s *shell) indexed(p *syntax.ParamExp, v value, ok bool) (string, bool) {
	if allOf(p.Index) {
		return strings.Join(v.items, " "), len(v.items) > 0
	}
	index := s.index(p.Index)
	if !ok {
		return symbol(p.Param.Value + "[" + plain(index) + "]"), true
	}
	for i, key := range v.keys {
		if key == index && i < len(v.items) {
			return v.items[i], true
		}
	}
	n, err := strconv.Atoi(index)
	switch {
	case err == nil && n >= 0 && n < len(v.items):
		return v.items[n], true
	case err == nil && n < 0 && -n <= len(v.items):
		return v.items[len(v.items)+n], true
	case symbolic(index):
		return anything, true
	}
	return "", false
}

func length(p *syntax.ParamExp, v value, text string) string {
	if allOf(p.Index) {
		return strconv.Itoa(len(v.items))
	}
	if symbolic(text) {
		return symbol("#" + p.Param.Value)
	}
	return strconv.Itoa(len(text))
}

// operation is the text of what is done to a parameter: #v of ${TAG#v}.
func (s *shell) operation(p *syntax.ParamExp) string {
	return s.renderSpan(p, p.Param.End(), p.Rbrace)
}

func (s *shell) expansion(c context, p *syntax.ParamExp, text string, isSet bool) string {
	word := p.Exp.Word
	none := !isSet
	switch p.Exp.Op {
	case syntax.DefaultUnsetOrNull, syntax.AssignUnsetOrNull, syntax.ErrorUnsetOrNull, syntax.AlternateUnsetOrNull:
		none = none || text == ""
	}
	switch p.Exp.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull:
		if none {
			return s.text(c, word)
		}
		return text
	case syntax.AssignUnset, syntax.AssignUnsetOrNull:
		if none {
			text = s.text(c, word)
			s.set(p.Param.Value, text)
		}
		return text
	case syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		return text
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull:
		return s.alternate(c, p, text, none)
	}
	return s.trimmed(c, p, text)
}

func (s *shell) alternate(c context, p *syntax.ParamExp, text string, none bool) string {
	switch {
	case none:
		return ""
	case empty(text) == no:
		return s.text(c, p.Exp.Word)
	}
	return altered(text, p.Param.Value, s.operation(p))
}

func (s *shell) trimmed(c context, p *syntax.ParamExp, text string) string {
	suffix := p.Exp.Op == syntax.RemSmallSuffix || p.Exp.Op == syntax.RemLargeSuffix
	switch p.Exp.Op {
	case syntax.RemSmallPrefix, syntax.RemLargePrefix, syntax.RemSmallSuffix, syntax.RemLargeSuffix:
		pattern := s.pattern(c, p.Exp.Word)
		if oneSymbol(text) || symbolic(pattern) && symbolic(text) {
			return altered(text, p.Param.Value, s.operation(p))
		}
		s.bytes += len(text) * len(text) / 4
		return trim(text, pattern, suffix, p.Exp.Op == syntax.RemLargePrefix || p.Exp.Op == syntax.RemLargeSuffix)
	case syntax.LowerAll:
		return mapKnown(text, strings.ToLower)
	case syntax.UpperAll:
		return mapKnown(text, strings.ToUpper)
	case syntax.LowerFirst:
		return first(text, strings.ToLower)
	case syntax.UpperFirst:
		return first(text, strings.ToUpper)
	}
	return text
}

func first(text string, change func(string) string) string {
	if text == "" || symbolic(text[:1]) || text[0] == '$' {
		return text
	}
	return change(text[:1]) + text[1:]
}

func (s *shell) replacement(c context, p *syntax.ParamExp, text string) string {
	from, to := s.pattern(c, p.Repl.Orig), s.text(c, p.Repl.With)
	if oneSymbol(text) || from == "" {
		return altered(text, p.Param.Value, s.operation(p))
	}
	if strings.ContainsAny(from, "*?[") {
		if symbolic(text) {
			return altered("", p.Param.Value, s.operation(p))
		}
		return anything
	}
	from = unescape(from, false)
	if !p.Repl.All {
		switch {
		case strings.HasPrefix(from, "#"):
			rest, ok := strings.CutPrefix(text, from[1:])
			if ok {
				return to + rest
			}
			return text
		case strings.HasPrefix(from, "%"):
			rest, ok := strings.CutSuffix(text, from[1:])
			if ok {
				return rest + to
			}
			return text
		}
		return bounded(strings.Replace(text, from, to, 1))
	}
	if len(to) > 0 && strings.Count(text, from)*len(to) > maxValue {
		return anything
	}
	return mapKnown(text, func(t string) string { return strings.ReplaceAll(t, from, to) })
}

func (s *shell) slice(p *syntax.ParamExp, text string) string {
	from, err := strconv.Atoi(s.number(p.Slice.Offset))
	size := len(text)
	if p.Slice.Length != nil {
		var err2 error
		if size, err2 = strconv.Atoi(s.number(p.Slice.Length)); err2 != nil {
			err = err2
		}
	}
	if err != nil || symbolic(text) {
		return altered(text, p.Param.Value, s.operation(p))
	}
	if from < 0 {
		from += len(text)
	}
	from = max(0, min(from, len(text)))
	end := from + size
	if size < 0 {
		end = len(text) + size
	}
	return text[from:max(from, min(end, len(text)))]
}

// number is the text of an arithmetic expression, worked out where it is simple.
func (s *shell) number(x syntax.ArithmExpr) string {
	if x == nil {
		return ""
	}
	if n, ok := s.integer(x, 0); ok {
		return strconv.Itoa(n)
	}
	if word, ok := x.(*syntax.Word); ok {
		return s.text(context{}, word)
	}
	return "${((" + strings.NewReplacer("{", "", "}", "", "$", "").Replace(s.render(x)) + "))}"
}

func (s *shell) integer(x syntax.ArithmExpr, depth int) (int, bool) {
	if depth > 50 {
		return 0, false
	}
	switch x := x.(type) {
	case *syntax.Word:
		text := s.text(context{}, x)
		if syntax.ValidName(text) {
			v, _ := s.lookup(text)
			text = v.text()
		}
		n, err := strconv.Atoi(text)
		return n, err == nil && n < 1<<30 && n > -(1<<30)
	case *syntax.ParenArithm:
		return s.integer(x.X, depth+1)
	case *syntax.BinaryArithm:
		a, ok1 := s.integer(x.X, depth+1)
		b, ok2 := s.integer(x.Y, depth+1)
		if !ok1 || !ok2 {
			return 0, false
		}
		switch x.Op {
		case syntax.Add:
			return a + b, true
		case syntax.Sub:
			return a - b, true
		}
	}
	return 0, false
}

// arithmetic forgets the variables that an arithmetic command changes.
func (s *shell) arithmetic(n syntax.Node) {
	syntax.Walk(n, func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.UnaryArithm:
			s.forget(x.X)
		case *syntax.BinaryArithm:
			if x.Op == syntax.Assgn || x.Op == syntax.AddAssgn || x.Op == syntax.SubAssgn {
				s.forget(x.X)
			}
		}
		return true
	})
}

func (s *shell) forget(x syntax.ArithmExpr) {
	if word, ok := x.(*syntax.Word); ok && syntax.ValidName(word.Lit()) {
		s.set(word.Lit(), anything)
	}
}

// assign carries out an assignment.
func (s *shell) assign(c context, a *syntax.Assign) {
	if a.Name == nil {
		return
	}
	name := s.src.shown(a.Name.Value)
	old := s.vars[name]
	switch {
	case a.Array != nil:
		s.assignArray(c, name, a)
	case a.Index != nil:
		s.assignItem(c, name, a)
	case a.Append && old.array:
		s.setArray(name, value{items: replaced(old.items, 0, old.text()+s.text(c, a.Value)), keys: old.keys})
	case a.Append:
		before := old.text()
		if _, ok := s.vars[name]; !ok {
			before = symbol(name)
		}
		s.set(name, before+s.text(c, a.Value))
	default:
		s.set(name, s.text(c, a.Value))
	}
}

func replaced(items []string, i int, text string) []string {
	out := append([]string{}, items...)
	for len(out) <= i {
		out = append(out, "")
	}
	out[i] = bounded(text)
	return out
}

func (s *shell) setArray(name string, v value) {
	if len(v.items) > 2000 {
		v.items = []string{anything}
		v.keys = nil
	}
	v.array, v.own, v.exported = true, true, s.vars[name].exported
	s.vars[name] = v
}

func (s *shell) assignArray(c context, name string, a *syntax.Assign) {
	var v value
	if a.Append {
		old := s.vars[name]
		v.items = append(v.items, old.items...)
		v.keys = append(v.keys, old.keys...)
	}
	for _, e := range a.Array.Elems {
		if e.Value == nil {
			continue
		}
		if e.Index != nil {
			v.keys = append(v.keys, s.index(e.Index))
			v.items = append(v.items, s.text(c, e.Value))
			continue
		}
		v.items = append(v.items, s.fields(c, e.Value)...)
	}
	s.setArray(name, v)
}

func (s *shell) assignItem(c context, name string, a *syntax.Assign) {
	old := s.vars[name]
	index, text := s.index(a.Index), s.text(c, a.Value)
	if n, err := strconv.Atoi(index); err == nil && n >= 0 && n < 1000 && len(old.keys) == 0 {
		s.setArray(name, value{items: replaced(old.items, n, text)})
		return
	}
	v := value{items: append([]string{}, old.items...), keys: append([]string{}, old.keys...)}
	for i, key := range v.keys {
		if key == index {
			v.items[i] = text
			s.setArray(name, v)
			return
		}
	}
	v.items, v.keys = append(v.items, text), append(v.keys, index)
	s.setArray(name, v)
}

// declare carries out export, local, declare and readonly.
func (s *shell) declare(c context, x *syntax.DeclClause) {
	c.fate = c.fate.ignored(inDeclare)
	export, array := x.Variant.Value == "export", false
	for _, a := range x.Args {
		if a.Name == nil {
			flags := s.text(c, a.Value)
			export = export || strings.HasPrefix(flags, "-") && strings.Contains(flags, "x")
			if strings.HasPrefix(flags, "-") && strings.ContainsAny(flags, "fp") {
				s.printSomething(s.render(x))
			}
			array = array || strings.HasPrefix(flags, "-") && strings.ContainsAny(flags, "aA")
			if strings.HasPrefix(flags, "-") || a.Value == nil {
				continue
			}
			if name, text, ok := strings.Cut(flags, "="); ok && syntax.ValidName(name) {
				s.set(name, text)
				s.export(name, export)
			}
			continue
		}
		if !export && x.Variant.Value != "readonly" {
			s.hide(a.Name.Value)
		}
		switch {
		case !a.Naked:
			s.assign(c, a)
		case !export:
			s.local(a.Name.Value, array)
		}
		s.export(a.Name.Value, export)
	}
}

// hide keeps what a local variable of a function hides.
func (s *shell) hide(name string) {
	if s.locals == nil {
		return
	}
	if _, ok := s.locals[name]; ok {
		return
	}
	s.locals[name] = nil
	if v, ok := s.vars[name]; ok {
		s.locals[name] = &v
	}
}

// local declares a variable without a value.
func (s *shell) local(name string, array bool) {
	if _, ok := s.vars[name]; !ok || array {
		s.vars[name] = value{own: true, array: array, unset: true}
	}
}

func (s *shell) export(name string, export bool) {
	if v, ok := s.vars[name]; ok && export {
		v.exported = true
		s.vars[name] = v
	}
}

// cleanDir is a directory of the repository; "" is its root.
func cleanDir(dir string) string {
	dir = path.Clean(strings.TrimPrefix(withoutRoot(dir), "/"))
	if dir == "." || dir == "/" {
		return ""
	}
	return dir
}

// roots are the symbols that stand for the root of the repository.
const roots = " GITHUB_WORKSPACE github.workspace CI_PROJECT_DIR WORKSPACE env.WORKSPACE PWD (pwd) (git rev-parse --show-toplevel) BUILD_SOURCESDIRECTORY Build.SourcesDirectory System.DefaultWorkingDirectory workspaces.source.path CIRCLE_WORKING_DIRECTORY CURDIR REPO_ROOT "

// withoutRoot takes the root of the repository off a path.
func withoutRoot(name string) string {
	if end := symbolEnd(name, 0); end > 0 && strings.Contains(roots, " "+name[2:end-1]+" ") {
		return strings.TrimPrefix(name[end:], "/")
	}
	for _, root := range []string{"/workspace/source/", "/workspace/", "/github/workspace/"} {
		if rest, ok := strings.CutPrefix(name, root); ok {
			return rest
		}
	}
	return name
}

// with are variables with others that hold for one command.
func with(vars map[string]value, extra map[string]string) map[string]value {
	out := maps.Clone(vars)
	for name, text := range extra {
		out[name] = value{items: []string{text}, exported: true, own: true}
	}
	return out
}
