package jenkins

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// literal looks for a secret in plain text that a variable or an argument is
// given. The secret goes nowhere.
func (c *ctx) literal(target groovy.Node, v value, line int) {
	s, ok := v.(str)
	if !ok {
		return
	}
	name := ""
	switch t := target.(type) {
	case groovy.Name:
		name = t.Name
	case groovy.Prop:
		name = t.Name
	}
	at := c.at(s.line(1, line))
	if kind := guess.Secret(name, c.marks.Plain(s.text)); kind != "" && (guess.Secret("", s.text) != "" || secretValue(s.text)) {
		what := map[string]string{"private_key": "a private key"}[kind]
		if what == "" {
			what = "the value of " + name
		}
		c.secret(model.Secret{Place: at, Kind: kind, Name: name, Text: what + " stands in plain text"})
	}
}

// secretValue says whether a value may be a secret: known, of one word, and no
// path, address or name of a credential.
func secretValue(text string) bool {
	if !known(text) || strings.Contains(text, "$") || len(text) < 4 || len(text) > 4096 || strings.ContainsAny(text, " \t\n/") {
		return false
	}
	lower := strings.ToLower(text)
	for _, part := range []string{"credential", "cred", "-token", "_token", "-id", "secret-", "-secret", "-password", "-key", "true", "false", "null", "none"} {
		if strings.HasSuffix(lower, part) || strings.HasPrefix(lower, part) {
			return false
		}
	}
	return true
}

// givenSecret is a secret that an environment { } gives to all steps below it.
type givenSecret struct {
	at    model.Place
	name  string
	to    string
	reads map[*model.Step]bool
}

// reads takes note of a variable that a step reads.
func (c *ctx) reads(s *model.Step, name string) {
	for i := range c.reader.given {
		g := &c.reader.given[i]
		if name == g.name || name == g.name+"_USR" || name == g.name+"_PSW" {
			g.reads[s] = true
		}
	}
}

// expose reports secrets that more steps can read than read them. Of a secret
// that no step is seen to read, nobody can tell.
func (r *reader) expose() {
	for _, g := range r.given {
		need, idle := 0, []string{}
		for _, j := range r.jobs {
			for _, s := range j.steps {
				switch {
				case g.reads[s]:
					need++
				case slices.Contains(s.Secrets, g.name) && s.Uses == "":
					idle = with(idle, j.Name)
				}
			}
		}
		if need == 0 || len(idle) == 0 {
			continue
		}
		r.secret(model.Secret{Place: g.at, Kind: "exposed", Name: g.name, To: g.to,
			Text: "the secret is given to " + g.to + ", also to steps that do not read it: " + strings.Join(idle[:min(len(idle), 5)], ", ")})
	}
}
