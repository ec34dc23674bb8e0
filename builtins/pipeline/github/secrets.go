package github

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

var (
	privateKey = regexp.MustCompile(`-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----`)
	token      = regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,}|AKIA[0-9A-Z]{16}|glpat-[A-Za-z0-9_-]{20}|dckr_pat_[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{36}|xox[abp]-[A-Za-z0-9-]{20,}|snyk_[A-Za-z0-9]{30,})`)

	allSecrets = regexp.MustCompile(`(?i)\$\{\{[^}]*\btojson\(\s*secrets\s*\)`)

	secretWord = regexp.MustCompile(`(?i)(password|passwd|passphrase|(^|[-_])(pwd|pass|token|secret|pat)$|api[-_]?key|access[-_]?key$|secret[-_]?key|private[-_]?key|signing[-_]?key|auth[-_]?token|client[-_]?secret|credentials?$)`)
	notSecret  = regexp.MustCompile(`(?i)(file|path|name|names|url|uri|id|ids|format|type|length|version|enabled|required|ttl|expiry|permissions|audience|source|store|env|var|prefix|manager)$`)
)

// plainSecrets finds keys and tokens anywhere in a file.
func (r *reader) plainSecrets(f file) {
	for i, line := range f.lines {
		line = line[:min(len(line), 64<<10)]
		at := model.Place{File: f.name, Line: i + 1}
		if privateKey.MatchString(line) {
			r.secret(model.Secret{Place: at, Kind: "private_key", Name: "private key", Text: "a private key stands in the file"})
		}
		if m := token.FindString(line); m != "" {
			r.secret(model.Secret{Place: at, Kind: "token", Name: tokenKind(m), Text: "a token stands in the file"})
		}
		if allSecrets.MatchString(line) && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			r.secret(model.Secret{Place: at, Kind: "exposed", Name: "secrets", To: "whatever reads the text",
				Text: "all secrets of the repository are written into one text: name those that are needed"})
		}
	}
}

// tokenKind is the part of a token that is the same for all of its kind.
func tokenKind(found string) string {
	return found[:strings.IndexAny(found[:min(len(found), 12)]+"_", "_-0123456789")]
}

// literals finds passwords and tokens that a step has in plain text.
func (f *frame) literals(s step) {
	for _, p := range s.env {
		f.literal(p, f.file)
	}
	for _, name := range sorted(s.with) {
		f.literal(s.with[name], f.file)
	}
}

func (r *reader) literal(p pair, f file) {
	if p.pos != nil && plainText(p.name, p.text) {
		r.plainSecret(&actionlint.String{Value: p.text, Pos: p.pos}, p.name, f)
	}
}

// plainText says whether a text is a secret in plain text, by its name.
func plainText(name, text string) bool {
	if !secretWord.MatchString(name) || notSecret.MatchString(name) {
		return false
	}
	text = strings.TrimSpace(text)
	switch strings.ToLower(text) {
	case "", "true", "false", "null", "none", "write", "read", "inherit":
		return false
	}
	return len(text) >= 4 && !strings.ContainsAny(text, "$ ") && !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "./")
}

// plainSecret notes a secret in plain text; its place is told, not its value.
func (r *reader) plainSecret(text *actionlint.String, name string, f file) {
	if strings.Contains(text.Value, "$") || text.Value == "" {
		return
	}
	kind := "token"
	if lower := strings.ToLower(name); strings.Contains(lower, "pass") || strings.Contains(lower, "pwd") {
		kind = "password"
	}
	r.secret(model.Secret{Place: f.place(text.Pos), Kind: kind, Name: name, Text: fmt.Sprintf("%s is set to a text that is no expression: it stands in the file for everybody to read", name)})
}

var (
	inSecret = regexp.MustCompile(`\$\{\{[^}]*\bsecrets\.(\w+)[^}]*\}\}`)
	pieceOf  = regexp.MustCompile(`\|\|?|&&|;`)
	assigns  = regexp.MustCompile(`^(export\s+|local\s+|readonly\s+)?[A-Za-z_]\w*=("[^"]*"|'[^']*'|\S*)(\s+|$)`)
)

// builtins are commands that no other process sees.
var builtins = map[string]bool{"echo": true, "printf": true, "if": true, "[": true, "[[": true, "test": true, "while": true, "case": true, "export": true, "elif": true, "cat": true}

// arguments finds secrets that an expression puts into the arguments of a
// command, where logs and other processes show them. In a text that a command
// reads they are not.
func (f *frame) arguments(s step) {
	if !strings.Contains(s.run, "secrets.") || strings.Contains(s.run, "<<") {
		return
	}
	source := f.file.lineOf(s)
	begun := ""
	for i, line := range strings.Split(s.run, "\n") {
		begun += strings.TrimSuffix(line, "\\") + " "
		if strings.HasSuffix(line, "\\") && len(begun) < maxText {
			continue
		}
		for _, part := range pieceOf.Split(inSecret.ReplaceAllStringFunc(begun, unspaced), -1) {
			f.argument(strings.TrimSpace(part), model.Place{File: f.file.name, Line: source(i + 1)})
		}
		begun = ""
	}
}

// unspaced writes an expression so that no operator of it looks like one of the shell.
func unspaced(expr string) string {
	return "${{secrets." + inSecret.FindStringSubmatch(expr)[1] + "}}"
}

func (f *frame) argument(command string, at model.Place) {
	for range 20 {
		if !assigns.MatchString(command) {
			break
		}
		command = strings.TrimSpace(assigns.ReplaceAllString(command, ""))
	}
	m := inSecret.FindStringSubmatch(command)
	words := strings.Fields(command)
	if m == nil || len(words) < 2 || builtins[words[0]] {
		return
	}
	f.reader.secret(model.Secret{Place: at, Kind: "argument", Name: m[1],
		Text: fmt.Sprintf("the secret %s is an argument of %s, which other processes of the machine and logs can show: set it as a variable of the step", m[1], words[0])})
}

// user is a step with what it needs of the variables that it can read.
type user struct {
	file      string // the workflow: variables do not reach those that it calls
	job, name string
	reads     map[string]bool // by name in upper case
	any       bool            // it may need every variable
}

// noteUse notes which variables a step needs, and which secrets it can read.
func (f *frame) noteUse(s step, own *scope, e *effect, at model.Place) {
	said := wordsOf(s.rawText())
	for name, v := range own.env {
		if len(v.order) > 0 && said[v.order[0]] {
			e.reads[name] = true
		}
		e.secrets = append(e.secrets, secretsOf(v.text)...)
	}
	for _, p := range s.with {
		e.secrets = append(e.secrets, secretsOf(own.text(p.text).text)...)
	}
	for _, p := range pieces(s.run) {
		if p.node != nil {
			e.secrets = append(e.secrets, secretsOf(own.eval(p.node).text)...)
		}
	}
	slices.Sort(e.secrets)
	e.secrets = slices.Compact(e.secrets)
	if len(f.through) > 0 || e.never {
		return
	}
	name := e.name
	if name == "" {
		name = title(s)
	}
	for variable := range own.env {
		if s.uses != "" && needsByName(s.uses, variable) {
			e.reads[variable] = true
		}
	}
	f.users = append(f.users, user{file: f.job.file.name, job: f.id, name: name, reads: e.reads, any: needsAll(s.uses)})
}

// rawText is everything of a step in which a variable can be named.
func (s step) rawText() string {
	parts := []string{s.run, s.cond, s.dir, s.name}
	for _, p := range s.env {
		parts = append(parts, p.text)
	}
	for _, p := range s.with {
		parts = append(parts, p.text)
	}
	return strings.Join(parts, "\n")
}

var notWord = regexp.MustCompile(`\W+`)

// wordsOf are the words of a text: the variables that it can name.
func wordsOf(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range notWord.Split(text, -1) {
		out[w] = true
	}
	return out
}

// secretsOf are the names of the secrets in a symbolic text.
func secretsOf(text string) []string {
	var out []string
	if !strings.Contains(text, "secrets.") && !strings.Contains(text, "github.token") {
		return nil
	}
	for _, m := range secretName.FindAllStringSubmatch(text, 50) {
		out = append(out, m[1])
	}
	if strings.Contains(text, "${github.token}") {
		out = append(out, "GITHUB_TOKEN")
	}
	return out
}

// needsAll says whether an action gives its variables to programs that a file of
// the repository names.
func needsAll(uses string) bool {
	name, _, _ := strings.Cut(uses, "@")
	return strings.HasPrefix(uses, "./") || strings.HasPrefix(name, "goreleaser/") || strings.HasPrefix(name, "nick-fields/retry") ||
		strings.HasPrefix(name, "docker/bake-action")
}

// needsByName says whether an action is made for what a variable is called after.
func needsByName(uses, variable string) bool {
	name, _, _ := strings.Cut(uses, "@")
	for w := range words(name) {
		if len(w) >= 3 && w != "actions" && w != "action" && words(variable)[w] {
			return true
		}
	}
	return false
}

// maxShared bounds the variables with secrets that one block of variables is asked for.
const maxShared = 100

// sharedSecrets finds secrets in variables of a job or a workflow that steps can
// read which do not need them. The token of the run is none: every action gets it.
func (w *workflow) sharedSecrets(env *actionlint.Env, where string, jobs []model.Job) {
	if env == nil {
		return
	}
	ids := map[string]bool{}
	for _, j := range jobs {
		ids[j.ID] = true
	}
	s := &scope{inputs: w.inputs, secrets: w.secrets}
	shared := 0
	for _, key := range sorted(env.Vars) {
		v := env.Vars[key]
		names := secretsOf(s.text(text(v.Value)).text)
		w.literal(pairOf(v.Name, v.Value), w.file)
		names = slices.DeleteFunc(names, func(n string) bool { return n == "GITHUB_TOKEN" })
		if len(names) == 0 || shared >= maxShared {
			continue
		}
		shared++
		if to := w.idlers(strings.ToUpper(v.Name.Value), ids); len(to) > 0 {
			w.secret(model.Secret{
				Place: w.file.place(v.Name.Pos), Kind: "exposed", Name: names[0], To: short(to),
				Text: fmt.Sprintf("%s holds the secret %s for %s; steps can read it that do not need it: set it at the step that does", v.Name.Value, names[0], where),
			})
		}
	}
}

// idlers are the steps that can read a variable and do not need it.
func (w *workflow) idlers(variable string, jobs map[string]bool) []string {
	var out []string
	for _, u := range w.users {
		if jobs[u.job] && u.file == w.file.name && !u.any && !u.reads[variable] {
			out = append(out, u.name)
		}
	}
	return unique(out)
}

func short(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + fmt.Sprintf(" and %d more", len(names)-5)
	}
	return strings.Join(names, ", ")
}
