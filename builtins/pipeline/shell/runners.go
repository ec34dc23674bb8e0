package shell

import (
	"path"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// npm runs a script of package.json. It says whether that was asked for.
func (s *shell) npm(c context, cmd command) bool {
	dir, script, ok := npmCall(cmd, s.dir)
	if !ok {
		return false
	}
	name := path.Join(dir, "package.json")
	text, err := s.files.Read(name)
	if err != nil {
		if hints(script) {
			s.missing(cmd.at, "npm run "+script, name, err)
		}
		return true
	}
	next := document.NewStream(text, document.Options{Bytes: 4 << 20, Nodes: 200_000, Depth: 50})
	root, problems, _ := next.Next()
	if root == nil || len(problems) > 0 {
		s.problem(model.Place{File: name}, "malformed", "package.json cannot be read")
		return true
	}
	found := false
	scripts := root.Get("scripts")
	for _, prefix := range []string{"pre", "", "post"} {
		if scripts == nil {
			break
		}
		for _, f := range scripts.Fields {
			if f.Name == prefix+script && f.Value.Kind == document.String {
				found = found || prefix == ""
				s.line(c, cmd, dir, f.Value.Text, model.Place{File: name, Line: f.Line})
			}
		}
	}
	if !found && hints(script) {
		s.unseen(cmd.at, "script", "npm run "+script, "the script "+script+" in "+name, mayOf(script)...)
	}
	return true
}

// npmCall is the script that npm, yarn or pnpm is asked for.
func npmCall(cmd command, dir string) (string, string, bool) {
	args := cmd.args[1:]
	run, yarn := false, program(cmd.args[0]) == "yarn"
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case (arg == "--prefix" || arg == "-C" || arg == "--cwd" || arg == "--dir") && i+1 < len(args):
			i++
			dir = cleanDir(path.Join(dir, args[i]))
		case arg == "run" || arg == "run-script":
			run = true
		case strings.HasPrefix(arg, "-"):
		case run:
			return dir, arg, true
		case arg == "test" || arg == "start":
			return dir, arg, true
		case yarn && arg != "install" && arg != "add" && arg != "workspace" && arg != "workspaces":
			return dir, arg, true
		default:
			return "", "", false
		}
	}
	return "", "", false
}

// line runs a command line of a file that tells what to run.
func (s *shell) line(c context, cmd command, dir, text string, at model.Place) {
	if !s.enter(cmd.at) {
		return
	}
	defer func() { s.scripts-- }()
	sub := s.child(cmd)
	sub.dir = dir
	inner := s.entering(c).by(cmd.at)
	inner.depth += 2
	sub.runText(inner, "sh", text, func(line int) model.Place { return model.Place{File: at.File, Line: at.Line + line - 1} }, false)
}

// task runs tasks of a Taskfile.
func (s *shell) task(c context, cmd command) {
	dir, names := s.dir, []string{}
	for i := 1; i < len(cmd.args); i++ {
		switch arg := cmd.args[i]; {
		case (arg == "-d" || arg == "--dir") && i+1 < len(cmd.args):
			i++
			dir = cleanDir(path.Join(dir, cmd.args[i]))
		case arg == "--":
			i = len(cmd.args)
		case !strings.HasPrefix(arg, "-") && !strings.Contains(arg, "="):
			names = append(names, arg)
		}
	}
	if len(names) == 0 {
		names = []string{"default"}
	}
	file, tasks := s.taskfile(dir)
	for _, name := range names {
		if tasks == nil || !s.runTask(c, cmd, dir, file, tasks, name, 0) {
			s.unseen(cmd.at, "make", "task "+name, "the Taskfile with the task "+name, mayOfTarget(name)...)
		}
	}
}

func (s *shell) taskfile(dir string) (string, *document.Node) {
	for _, base := range []string{"Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "taskfile.yaml", "Taskfile.dist.yml"} {
		name := path.Join(dir, base)
		text, err := s.files.Read(name)
		if err != nil {
			continue
		}
		root, problems := document.FromYAML(text, document.Options{Bytes: 4 << 20, Nodes: 200_000, Depth: 50})
		if root == nil || len(problems) > 0 {
			s.problem(model.Place{File: name}, "malformed", "the Taskfile cannot be read")
			return name, nil
		}
		return name, root.Get("tasks")
	}
	return "", nil
}

func (s *shell) runTask(c context, cmd command, dir, file string, tasks *document.Node, name string, depth int) bool {
	task := tasks.Get(name)
	if task == nil || depth > 20 || !s.spend(cmd.at, 1, 0) {
		return false
	}
	if deps := task.Get("deps"); deps != nil {
		for _, dep := range deps.Items {
			s.runTask(c, cmd, dir, file, tasks, taskName(dep), depth+1)
		}
	}
	list := task
	if task.Kind == document.Object {
		list = task.Get("cmds")
		if one := task.Get("cmd"); list == nil && one != nil {
			list = one
		}
	}
	if list == nil {
		return true
	}
	items := list.Items
	if list.Kind == document.String {
		items = []*document.Node{list}
	}
	for _, item := range items {
		s.taskCommand(c, cmd, dir, file, tasks, item, depth)
	}
	return true
}

func (s *shell) taskCommand(c context, cmd command, dir, file string, tasks, item *document.Node, depth int) {
	if item.Kind == document.Object {
		if item.Get("ignore_error") != nil {
			c.fate = fails("ignore_error: true")
		}
		if called := item.Get("task"); called != nil {
			s.runTask(c, cmd, dir, file, tasks, called.Text, depth+1)
			return
		}
		if item = item.Get("cmd"); item == nil {
			return
		}
	}
	s.line(c, cmd, dir, mustaches(item.Text), model.Place{File: file, Line: item.Line})
}

func taskName(n *document.Node) string {
	if n.Kind == document.Object {
		if called := n.Get("task"); called != nil {
			return called.Text
		}
		return ""
	}
	return n.Text
}

var mustache = regexp.MustCompile(`\{\{-?\s*\.?([A-Za-z_]\w*)\s*-?\}\}`)

// mustaches makes templates of variables symbols.
func mustaches(text string) string { return mustache.ReplaceAllString(text, "$${$1}") }

var (
	justRecipe = regexp.MustCompile(`^@?([A-Za-z_][\w-]*)((?:\s+[^:=]*)?):([^=].*|)$`)
	justVar    = regexp.MustCompile(`^(?:export\s+)?([A-Za-z_][\w-]*)\s*:=\s*["']([^"']*)["']\s*$`)
)

// just runs recipes of a justfile.
func (s *shell) just(c context, cmd command) {
	name, text := "", ""
	for _, base := range []string{"justfile", "Justfile", ".justfile"} {
		if read, err := s.files.Read(path.Join(s.dir, base)); err == nil {
			name, text = path.Join(s.dir, base), string(read)
			break
		}
	}
	target := ""
	for _, arg := range cmd.args[1:] {
		if !strings.HasPrefix(arg, "-") && !strings.Contains(arg, "=") {
			target = arg
			break
		}
	}
	if name == "" || !s.justTarget(c, cmd, name, strings.Split(text, "\n"), target, map[string]bool{}) {
		s.unseen(cmd.at, "make", "just "+target, "the justfile with the recipe "+target, mayOfTarget(target)...)
	}
}

func (s *shell) justTarget(c context, cmd command, name string, all []string, target string, done map[string]bool) bool {
	if done[target] || len(done) > 200 || len(all) > 20_000 {
		return done[target]
	}
	done[target] = true
	vars := map[string]string{}
	for i := 0; i < len(all); i++ {
		if v := justVar.FindStringSubmatch(all[i]); v != nil {
			vars[v[1]] = v[2]
		}
		r := justRecipe.FindStringSubmatch(all[i])
		if r == nil || target != "" && r[1] != target {
			continue
		}
		for _, dep := range strings.Fields(strings.NewReplacer("(", " ", ")", " ").Replace(withoutComment(r[3]))) {
			s.justTarget(c, cmd, name, all, dep, done)
		}
		for k := i + 1; k < len(all) && (strings.TrimSpace(all[k]) == "" || all[k][0] == ' ' || all[k][0] == '\t'); k++ {
			s.justLine(c, cmd, strings.TrimSpace(all[k]), vars, model.Place{File: name, Line: k + 1})
		}
		return true
	}
	return false
}

func (s *shell) justLine(c context, cmd command, text string, vars map[string]string, at model.Place) {
	for text != "" && (text[0] == '@' || text[0] == '-') {
		if text[0] == '-' {
			c.fate = fails(dashRecipe)
		}
		text = text[1:]
	}
	if text == "" || text[0] == '#' {
		return
	}
	text = mustache.ReplaceAllStringFunc(text, func(found string) string {
		name := mustache.FindStringSubmatch(found)[1]
		if value, ok := vars[name]; ok {
			return value
		}
		return symbol(name)
	})
	s.line(c, cmd, s.dir, text, at)
}
