package azure

import (
	"path"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/azure/expr"
	"github.com/waxseal/waxseal/builtins/pipeline/mark"
)

// text is the text of a node with all that is known of it.
func (c *ctx) text(n *document.Node) string {
	if n == nil || n.Kind == document.Null {
		return ""
	}
	return c.expand(n.Text, false)
}

// known says whether all of a text is known.
func known(text string) bool { return !mark.In(text) && !strings.Contains(text, "$(") }

// expanding is the context in which the value of a value is expanded.
func (c *ctx) expanding() *ctx {
	d := c.copy()
	d.depth++
	return d
}

// expand puts values for ${{ }}, $[ ] and $( ). In a script $( ) may be the shell's.
func (c *ctx) expand(text string, script bool) string {
	if !strings.Contains(text, "$") || c.depth > maxExpansions || !c.spend() {
		return text
	}
	text = c.templates(text)
	if inner, ok := strings.CutPrefix(strings.TrimSpace(text), "$["); ok && strings.HasSuffix(inner, "]") {
		return c.runtime(strings.TrimSuffix(inner, "]"))
	}
	return c.macros(text, script)
}

// templates puts values for ${{ }}.
func (c *ctx) templates(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${{")
		b.WriteString(before)
		inner, after, closed := strings.Cut(rest, "}}")
		if !found || !closed || b.Len() > maxText {
			if found {
				b.WriteString("${{" + rest)
			}
			return b.String()
		}
		b.WriteString(c.insert(inner))
		text = after
	}
}

func (c *ctx) insert(inner string) string {
	e, err := expr.Parse(inner)
	if err != nil {
		return c.marks.Mark(strings.Join(strings.Fields(inner), " "))
	}
	v := c.expanding().eval(e)
	if v.node != nil {
		return c.marks.Mark(e.String())
	}
	return v.text
}

// runtime is the value of an expression that is evaluated when the job begins.
func (c *ctx) runtime(inner string) string {
	e, err := expr.Parse(inner)
	if err != nil {
		return c.marks.Mark(strings.Join(strings.Fields(inner), " "))
	}
	if e.Kind == expr.Ref && !e.Open {
		if out, ok := c.output(e.Path); ok {
			return out
		}
	}
	return c.expanding().eval(e).text
}

// output is the value of an output of another job:
// dependencies.JOB.outputs['STEP.NAME'], stageDependencies.STAGE.JOB.outputs['STEP.NAME'].
func (c *ctx) output(at []string) (string, bool) {
	stage := c.stageID
	switch {
	case len(at) == 4 && strings.EqualFold(at[0], "dependencies") && at[2] == "outputs":
		if job, name, ok := strings.Cut(at[3], "."); ok && strings.Count(name, ".") > 0 && c.stages[at[1]] != nil {
			return c.outputOf(at[1], job, name), true // dependencies.STAGE.outputs['JOB.STEP.NAME']
		}
		return c.outputOf(stage, at[1], at[3]), true
	case len(at) == 5 && strings.EqualFold(at[0], "stageDependencies") && at[3] == "outputs":
		return c.outputOf(at[1], at[2], at[4]), true
	}
	return "", false
}

func (c *ctx) outputOf(stage, job, name string) string {
	parts := strings.Split(name, ".")
	if len(parts) > 2 {
		parts = parts[len(parts)-2:] // in deployments the hook or the job stands before it
	}
	id := jobID(stage, job)
	if len(parts) == 2 {
		if v, ok := c.outputs[id+"."+strings.ToLower(parts[0]+"."+parts[1])]; ok {
			return v
		}
		return c.marks.Mark("jobs." + id + ".steps." + parts[0] + ".outputs." + parts[1])
	}
	return c.marks.Mark("jobs." + id + ".outputs." + name)
}

var macro = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)`)

// macros puts values for $(name).
func (c *ctx) macros(text string, script bool) string {
	if !strings.Contains(text, "$(") {
		return text
	}
	return macro.ReplaceAllStringFunc(text, func(m string) string {
		name := m[2 : len(m)-1]
		v, ok := c.vars.get(name)
		switch {
		case ok:
			return c.valueOf(v)
		case script && isCommand(name):
			return m
		}
		if at, ok := c.folder(name); ok {
			return at
		}
		return c.marks.Mark(envName(name))
	})
}

func (c *ctx) valueOf(v variable) string {
	if v.node == nil {
		return v.text
	}
	if c.depth >= maxExpansions {
		return c.marks.Mark("*")
	}
	d := c.expanding()
	d.in = v.in
	return d.text(v.node)
}

// folder is the way from where a script runs to the root of the repository, for
// the variables that hold it.
func (c *ctx) folder(name string) (string, bool) {
	switch strings.ToLower(name) {
	case "build.sourcesdirectory", "system.defaultworkingdirectory", "build.repository.localpath", "pipeline.workspace/s":
	default:
		return "", false
	}
	if c.dir == "" || c.dir == "." {
		return ".", true
	}
	return strings.TrimSuffix(strings.Repeat("../", strings.Count(path.Clean(c.dir), "/")+1), "/"), true
}

// isCommand says whether $(name) is more likely a command than a variable that is
// defined elsewhere.
func isCommand(name string) bool {
	switch name {
	case "pwd", "date", "whoami", "hostname", "uname", "nproc", "id", "ls", "tty", "arch", "mktemp", "uuidgen", "logname", "env", "jobs", "getconf":
		return true
	}
	return false
}

// script is the text of a script with the lines of its file.
func (c *ctx) script(n *document.Node) (string, func(int) int) {
	var out []string
	var lines []int
	for i, l := range strings.Split(n.Text, "\n") {
		at := n.Begin
		if n.Literal {
			at += i
		}
		for _, part := range strings.Split(c.expand(l, true), "\n") {
			out, lines = append(out, part), append(lines, at)
		}
	}
	return strings.Join(out, "\n"), func(line int) int { return lines[max(0, min(line, len(lines))-1)] }
}
