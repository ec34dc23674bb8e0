package probe

import (
	"io/fs"
	"maps"
	"path"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/waxseal/waxseal/rego"
)

// catalogue are the codes of the library, and what each says to do, which ends
// its messages.
type catalogue struct {
	known map[string]bool
	// todo are the codes by what they say to do; "" where several say it.
	todo map[string]string
}

var library = sync.OnceValue(func() catalogue {
	c := catalogue{map[string]bool{}, map[string]string{}}
	files, err := fs.Glob(rego.FS, "lib/waxseal/policy/*/*.rego")
	if err != nil {
		return c
	}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.rego") {
			c.add(file)
		}
	}
	return c
})

// add reads the METADATA of a file. The library is part of the program: what does
// not parse is found by its own tests.
func (c *catalogue) add(file string) {
	raw, err := rego.FS.ReadFile(file)
	if err != nil {
		return
	}
	module, err := ast.ParseModuleWithOpts(file, string(raw), ast.ParserOptions{ProcessAnnotation: true})
	if err != nil {
		return
	}
	policy := path.Base(path.Dir(file))
	c.known[policy+".undecided"] = true
	for _, a := range module.Annotations {
		code, _ := a.Custom["code"].(string)
		todo, _ := a.Custom["remediation"].(string)
		if code == "" {
			continue
		}
		c.known[code] = true
		if todo == "" {
			continue
		}
		if other, taken := c.todo[todo]; taken && other != code {
			code = ""
		}
		c.todo[todo] = code
	}
}

// said returns the code of a message by its end, "" where that does not tell.
func (c catalogue) said(message string) string {
	best, code := "", ""
	for todo, of := range c.todo {
		if len(todo) > len(best) && strings.HasSuffix(message, ". "+todo) {
			best, code = todo, of
		}
	}
	return code
}

// Remediations are the codes of the library by what they say to do, which ends their
// messages. What several codes say is left out.
func Remediations() map[string]string {
	out := maps.Clone(library().todo)
	maps.DeleteFunc(out, func(_, code string) bool { return code == "" })
	return out
}
