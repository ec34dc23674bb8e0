package shell

import (
	"path"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// makefile is a Makefile as GNU make reads it, with all that it includes.
type makefile struct {
	*walk
	at        model.Place // of the command that runs make
	dir       string
	env, over map[string]string // the environment, and variables of the command line
	shell     func(command string, at model.Place) string
	vars      map[string]makeVar
	rules     []rule
	own       []ownVar
	first     string // the default target
	oneShell  bool
	// ignoresAll is .IGNORE without targets: no failure ends make.
	ignoresAll bool
	exportAll  bool
	files      int
	depth      int // of expansions
}

// makeVar is a variable: simple ones are expanded where they are set.
type makeVar struct {
	text     string
	simple   bool
	export   bool
	override bool
}

// ownVar is a variable of one target.
type ownVar struct {
	target, name, op, text string
}

// rule is targets, what they need and how they are made.
type rule struct {
	targets []string
	needs   []string
	lines   []recipeLine
	when    []string
	at      model.Place
}

// recipeLine is a line of a recipe; where it is continued, all of it.
type recipeLine struct {
	text string
	at   model.Place
	last int // the last line of the file that belongs to it
	when []string
}

// branch is an ifeq that is open.
type branch struct {
	truth truth  // of the part that is read now
	taken truth  // of the parts before: yes when one of them held
	text  string // condition of the part that is read now
	past  []string
}

// makeReader reads the lines of one file.
type makeReader struct {
	*makefile
	name   string
	lines  []string
	i      int
	open   []branch
	recipe *rule // to which lines with a tab belong
}

// read reads a Makefile; quiet is that of -include.
func (m *makefile) read(name string, depth int, quiet bool) {
	at := model.Place{File: name}
	if depth > m.walk.files.Depth() || m.files > 500 {
		m.problem(at, "too_large", "Makefiles include each other more deeply than is read")
		return
	}
	m.files++
	text, err := m.walk.files.Read(name)
	if err != nil {
		if code, _ := fault.CodeOf(err); code == fault.TooLarge {
			m.problem(at, "too_large", "the Makefile was not read: "+err.Error())
		}
		return
	}
	m.parse(name, string(text), depth)
}

func (m *makefile) parse(name, text string, depth int) {
	r := &makeReader{makefile: m, name: name, lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
	for r.i < len(r.lines) {
		if !m.spend(model.Place{File: name, Line: r.i + 1}, 0, len(r.lines[r.i])) {
			return
		}
		r.next(depth)
	}
}

// next reads one line, with those that continue it.
func (r *makeReader) next(depth int) {
	start := r.i
	at := model.Place{File: r.name, Line: start + 1}
	line := r.lines[r.i]
	r.i++
	for continued(line) && r.i < len(r.lines) && r.i-start < 2000 {
		line += "\n" + r.lines[r.i]
		r.i++
	}
	if strings.HasPrefix(line, "\t") && r.recipe != nil {
		if r.holds() != no {
			text := strings.ReplaceAll(line[1:], "\\\n\t", "\\\n")
			r.addLine(text, at, r.i)
		}
		return
	}
	line = strings.TrimSpace(withoutComment(joinLines(line)))
	if line == "" {
		return
	}
	if r.conditional(line) || r.holds() == no {
		if strings.HasPrefix(line, "define ") {
			r.definition()
		}
		return
	}
	r.statement(line, at, depth)
}

func (r *makeReader) addLine(text string, at model.Place, last int) {
	if len(r.recipe.lines) < 5000 {
		r.recipe.lines = append(r.recipe.lines, recipeLine{text, at, last, r.whenNow()})
	}
}

// continued says whether a line ends in a backslash that is not escaped.
func continued(line string) bool {
	n := len(line) - len(strings.TrimRight(line, `\`))
	return n%2 == 1
}

// joinLines makes a continued line one.
func joinLines(line string) string {
	if !strings.Contains(line, "\\\n") {
		return line
	}
	parts := strings.Split(line, "\\\n")
	for i := range parts {
		if i > 0 {
			parts[i] = strings.TrimLeft(parts[i], " \t")
		}
		parts[i] = strings.TrimRight(parts[i], " \t")
	}
	return strings.Join(parts, " ")
}

func withoutComment(line string) string {
	for i := 0; i < len(line); i++ {
		if line[i] == '#' && (i == 0 || line[i-1] != '\\') {
			return line[:i]
		}
	}
	return line
}

// holds says whether the line that is read now counts.
func (r *makeReader) holds() truth {
	all := yes
	for _, b := range r.open {
		switch b.truth {
		case no:
			return no
		case maybe:
			all = maybe
		}
	}
	return all
}

// whenNow are the conditions under which the line that is read now counts.
func (r *makeReader) whenNow() []string {
	var out []string
	for _, b := range r.open {
		if b.truth == maybe {
			out = append(out, b.past...)
			if b.text != "" {
				out = append(out, b.text)
			}
		}
	}
	return out
}

// conditional reads ifeq, ifdef, else and endif.
func (r *makeReader) conditional(line string) bool {
	word, rest, _ := strings.Cut(line, " ")
	if strings.HasPrefix(line, "ifeq(") || strings.HasPrefix(line, "ifneq(") {
		word, rest, _ = strings.Cut(line, "(")
		rest = "(" + rest
	}
	switch word {
	case "ifeq", "ifneq", "ifdef", "ifndef":
		if len(r.open) >= 200 {
			return true
		}
		if r.holds() == no {
			r.open = append(r.open, branch{truth: no, taken: yes})
			return true
		}
		t, text := r.condition(word, strings.TrimSpace(rest))
		r.open = append(r.open, branch{truth: t, taken: t, text: text})
	case "else":
		r.otherwise(strings.TrimSpace(rest))
	case "endif":
		if n := len(r.open); n > 0 {
			r.open = r.open[:n-1]
		}
	default:
		return false
	}
	return true
}

func (r *makeReader) otherwise(rest string) {
	n := len(r.open)
	if n == 0 {
		return
	}
	b := &r.open[n-1]
	if b.taken == yes {
		b.truth = no
		return
	}
	if b.text != "" && b.truth == maybe {
		b.past = append(b.past, not(b.text))
	}
	b.text = ""
	if rest == "" {
		b.truth = b.taken.not()
		return
	}
	word, rest, _ := strings.Cut(rest, " ")
	t, text := r.condition(word, strings.TrimSpace(rest))
	b.text = text
	b.truth = t
	if b.taken == maybe && t == yes {
		b.truth = maybe
		b.text = ""
	}
	if b.taken != maybe || t == yes {
		b.taken = t
	}
}

// condition is the answer of ifeq and the like, and its text.
func (r *makeReader) condition(word, rest string) (truth, string) {
	at := model.Place{File: r.name, Line: r.i}
	if word == "ifdef" || word == "ifndef" {
		name := strings.TrimSpace(r.expand(rest, nil, at))
		t := r.defined(name)
		if word == "ifndef" {
			t = t.not()
		}
		return t, word + " " + name
	}
	a, b, ok := operands(rest)
	if !ok {
		return maybe, word + " " + normal(rest)
	}
	a, b = strings.TrimSpace(r.expand(a, nil, at)), strings.TrimSpace(r.expand(b, nil, at))
	t := maybe
	switch {
	case a == b && !strings.Contains(a, anything):
		t = yes
	case !symbolic(a) && !symbolic(b):
		t = no
	case a == "" && empty(b) == no || b == "" && empty(a) == no:
		t = no
	}
	text := "ifeq (" + normal(a) + "," + normal(b) + ")"
	if word == "ifneq" {
		return t.not(), not(text)
	}
	return t, text
}

func (m *makefile) defined(name string) truth {
	if _, ok := m.over[name]; ok {
		return yes
	}
	if v, ok := m.vars[name]; ok {
		return known(v.text != "")
	}
	if text, ok := m.env[name]; ok {
		return empty(text).not()
	}
	return maybe
}

// operands are those of ifeq: (a,b), "a" "b", 'a' 'b'.
func operands(text string) (string, string, bool) {
	if strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") {
		parts := arguments(text[1:len(text)-1], 2)
		if len(parts) == 2 {
			return parts[0], parts[1], true
		}
		return "", "", false
	}
	var out []string
	for len(text) > 1 && len(out) < 2 {
		quote := text[0]
		if quote != '"' && quote != '\'' {
			return "", "", false
		}
		end := strings.IndexByte(text[1:], quote)
		if end < 0 {
			return "", "", false
		}
		out = append(out, text[1:end+1])
		text = strings.TrimSpace(text[end+2:])
	}
	if len(out) != 2 {
		return "", "", false
	}
	return out[0], out[1], true
}

var (
	assignment = regexp.MustCompile(`^((?:export\s+|override\s+|private\s+|unexport\s+)*)([^\s:=+?!#]+|\S*\$[({][^)}]*[)}]\S*?)\s*(=|:=|::=|:::=|\?=|\+=|!=)\s*((?s).*)$`)
	targetVar  = regexp.MustCompile(`^\s*((?:export\s+|override\s+|private\s+)*)([\w.\-]+)\s*(=|:=|::=|\?=|\+=)\s*(.*)$`)
)

// statement reads a line that is not of a recipe.
func (r *makeReader) statement(line string, at model.Place, depth int) {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "include", "-include", "sinclude":
		r.recipe = nil
		r.include(rest, word != "include", at, depth)
		return
	case "define":
		r.recipe = nil
		r.define(rest, at)
		return
	case "vpath", "undefine", "unexport", "load", "-load", "private":
		return
	}
	if a := assignment.FindStringSubmatch(line); a != nil {
		r.recipe = nil
		r.setVar(strings.TrimSpace(r.expand(a[2], nil, at)), a[3], a[4], a[1], at)
		return
	}
	if word == "export" {
		r.exports(rest, at)
		return
	}
	r.ruleLine(line, at, depth)
}

func (r *makeReader) exports(rest string, at model.Place) {
	r.recipe = nil
	if rest == "" {
		r.exportAll = true
		return
	}
	for _, name := range words(r.expand(rest, nil, at)) {
		v, ok := r.vars[name]
		if !ok {
			continue
		}
		v.export = true
		r.vars[name] = v
	}
}

func (r *makeReader) include(rest string, quiet bool, at model.Place, depth int) {
	for _, name := range words(r.expand(rest, nil, at)) {
		if symbolic(name) {
			name = withoutRoot(name)
		}
		full := path.Join(r.dir, name)
		if !symbolic(full) && r.walk.files.Exists(full) {
			r.makefile.read(full, depth+1, quiet)
		}
	}
}

// definition skips the lines of a define that does not count, and returns them.
func (r *makeReader) definition() []string {
	var lines []string
	for depth := 1; r.i < len(r.lines); {
		line := r.lines[r.i]
		r.i++
		switch word := strings.TrimSpace(line); {
		case strings.HasPrefix(word, "define "):
			depth++
		case word == "endef" || strings.HasPrefix(word, "endef "):
			if depth--; depth == 0 {
				return lines
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func (r *makeReader) define(rest string, at model.Place) {
	name, op := strings.TrimSpace(rest), "="
	for _, o := range []string{":=", "::=", "?=", "+=", "="} {
		if n, ok := strings.CutSuffix(name, o); ok {
			name, op = strings.TrimSpace(n), o
			break
		}
	}
	r.setVar(r.expand(name, nil, at), op, strings.Join(r.definition(), "\n"), "", at)
}

// setVar carries out an assignment.
func (r *makeReader) setVar(name, op, text, modifiers string, at model.Place) {
	old, exists := r.vars[name]
	if len(r.vars) > 5000 && !exists {
		return
	}
	v := makeVar{text: text, export: old.export || strings.Contains(modifiers, "export") && !strings.Contains(modifiers, "unexport"),
		override: strings.Contains(modifiers, "override")}
	switch op {
	case ":=", "::=", ":::=":
		v.text, v.simple = r.expand(text, nil, at), true
	case "!=":
		v.text, v.simple = r.makefile.shell(r.expand(text, nil, at), at), true
	case "?=":
		if _, given := r.env[name]; exists || given {
			return
		}
	case "+=":
		if !exists {
			if given, ok := r.env[name]; ok {
				old = makeVar{text: given, simple: true}
			}
		}
		v.simple = old.simple
		if old.simple {
			text = r.expand(text, nil, at)
		}
		v.text = bounded(strings.TrimLeft(old.text+" "+text, " "))
	}
	if r.holds() == maybe && !(exists && old.text == v.text) {
		v.text, v.simple = symbol(name), true // it is one thing or the other
		if op == "+=" && exists {
			v.text, v.simple = strings.TrimSpace(old.text+" "+symbol(name+".added")), old.simple
		}
	}
	r.vars[name] = v
}

// ruleLine reads "targets: needs ; recipe", or a line that expands to lines.
func (r *makeReader) ruleLine(line string, at model.Place, depth int) {
	colon := outside(line, ':')
	if colon < 0 {
		text := r.expand(line, nil, at)
		if text = strings.TrimSpace(text); text != "" && strings.Contains(line, "$") && depth < 10 {
			r.recipe = nil
			r.evaluate(text, at, depth)
		}
		return
	}
	targets := words(r.expand(line[:colon], nil, at))
	rest := strings.TrimPrefix(line[colon+1:], ":")
	if v := targetVar.FindStringSubmatch(rest); v != nil {
		for _, t := range targets {
			r.own = append(r.own, ownVar{t, v[2], v[3], v[4]})
		}
		return
	}
	recipe := ""
	if semi := outside(rest, ';'); semi >= 0 {
		rest, recipe = rest[:semi], strings.TrimSpace(rest[semi+1:])
	}
	r.addRule(targets, rest, recipe, at)
}

func (r *makeReader) addRule(targets []string, needs, recipe string, at model.Place) {
	if colon := outside(needs, ':'); colon >= 0 { // static pattern rule
		needs = needs[colon+1:]
	}
	if len(r.rules) > 20_000 {
		return
	}
	for _, target := range targets {
		switch target {
		case ".ONESHELL":
			r.oneShell = true
		case ".IGNORE":
			r.ignoresAll = r.ignoresAll || strings.TrimSpace(needs) == ""
		}
	}
	r.rules = append(r.rules, rule{targets: targets, at: at, when: r.whenNow()})
	r.recipe = &r.rules[len(r.rules)-1]
	r.recipe.needs = append(r.recipe.needs, words(strings.ReplaceAll(r.expand(needs, automaticMarks, at), "|", " "))...)
	if recipe != "" {
		r.addLine(recipe, at, at.Line)
	}
	for _, target := range targets {
		if r.first == "" && !strings.HasPrefix(target, ".") && !strings.Contains(target, "%") {
			r.first = target
		}
	}
}

// automaticMarks are automatic variables where they mean nothing yet.
var automaticMarks = map[string]string{"@": "", "<": "", "^": "", "*": "%"}

// outside is where a sign stands outside of $(…).
func outside(text string, sign byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '(' || c == '{':
			depth++
		case c == ')' || c == '}':
			depth--
		case c == sign && depth <= 0:
			return i
		}
	}
	return -1
}

// evaluate reads text that an expansion has made as lines of the Makefile.
func (m *makefile) evaluate(text string, at model.Place, depth int) {
	text = strings.ReplaceAll(text, dollar, "$")
	r := &makeReader{makefile: m, name: at.File, lines: strings.Split(text, "\n")}
	before := len(m.rules)
	for r.i < len(r.lines) {
		if !m.spend(at, 1, len(r.lines[r.i])) {
			return
		}
		r.next(depth + 1)
	}
	for i := before; i < len(m.rules); i++ { // they stand where the expansion does
		m.rules[i].at = at
		for k := range m.rules[i].lines {
			m.rules[i].lines[k].at, m.rules[i].lines[k].last = at, at.Line
		}
	}
}

// matched is a rule as it applies to a target.
type matched struct {
	rule
	stem string
}

// rulesOf are the rules for a target, those with needs alone first. Of several
// recipes the last counts, unless conditions decide.
func (m *makefile) rulesOf(target string) []matched {
	var out []matched
	recipes := -1
	for _, r := range m.rules {
		for _, t := range r.targets {
			if t != target {
				continue
			}
			if len(r.lines) > 0 && len(r.when) == 0 {
				if recipes >= 0 {
					out[recipes].lines = nil
				}
				recipes = len(out)
			}
			out = append(out, matched{r, ""})
			break
		}
	}
	if recipes >= 0 { // the recipe runs after what all rules need
		last := out[recipes]
		out = append(append(out[:recipes:recipes], out[recipes+1:]...), last)
	}
	for _, found := range out {
		if len(found.lines) > 0 {
			return out
		}
	}
	return append(out, m.patternRules(target)...)
}

func (m *makefile) patternRules(target string) []matched {
	for _, r := range m.rules {
		for _, t := range r.targets {
			stem, ok := stemOf(t, target)
			if ok && len(r.lines) > 0 && t != "%" {
				return []matched{{r, stem}}
			}
		}
	}
	return nil
}

// stemOf is what % stands for when a pattern matches a text.
func stemOf(pattern, text string) (string, bool) {
	before, after, ok := strings.Cut(pattern, "%")
	if !ok || len(text) < len(before)+len(after) || !strings.HasPrefix(text, before) || !strings.HasSuffix(text, after) {
		return "", false
	}
	return text[len(before) : len(text)-len(after)], true
}

// scoped sets the variables of a target and returns what takes them back.
func (m *makefile) scoped(target string) func() {
	old := map[string]makeVar{}
	var fresh []string
	for _, v := range m.own {
		if _, ok := stemOf(v.target, target); v.target != target && !ok {
			continue
		}
		before, exists := m.vars[v.name]
		if exists {
			if _, kept := old[v.name]; !kept {
				old[v.name] = before
			}
		} else {
			fresh = append(fresh, v.name)
		}
		r := &makeReader{makefile: m}
		r.setVar(v.name, v.op, v.text, "", m.at)
	}
	return func() {
		for _, name := range fresh {
			delete(m.vars, name)
		}
		for name, v := range old {
			m.vars[name] = v
		}
	}
}

// automatic are the automatic variables of a recipe.
func automatic(target, stem string, needs []string) map[string]string {
	first := ""
	if len(needs) > 0 {
		first = needs[0]
	}
	all := strings.Join(needs, " ")
	return map[string]string{"@": target, "*": stem, "<": first, "^": all, "+": all, "?": all,
		"@D": path.Dir(target), "@F": path.Base(target)}
}
