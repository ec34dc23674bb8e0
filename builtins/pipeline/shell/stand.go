package shell

import (
	"path"
	"slices"
	"strings"
)

// standIn follows a file that stands in for a program: one of the repository in a
// folder of PATH, or a script that was written under the name of the program.
func (s *shell) standIn(c context, cmd command) bool {
	name := s.inPath(cmd.args[0])
	if name == "" {
		name = s.written(cmd.args[0])
	}
	if name == "" {
		return false
	}
	s.file(s.entering(c), cmd, s.child(cmd), name, cmd.args[1:])
	return true
}

// inPath is the file of the repository that PATH makes of the name of a program,
// or "". What comes behind the folders that are known is asked for nothing.
func (s *shell) inPath(program string) string {
	if strings.Contains(program, "/") || symbolic(program) {
		return ""
	}
	for _, dir := range strings.Split(s.vars["PATH"].text(), ":") {
		file := dir + "/" + program
		if full := s.pathOf(file); dir != "" && !symbolic(full) && !strings.HasPrefix(full, "/") && s.files.Exists(full) {
			return file
		}
	}
	return ""
}

// written is the file that the script has written for a program, where it knows
// what it has written: a download is none of it.
func (s *shell) written(program string) string {
	if symbolic(program) {
		return ""
	}
	if strings.Contains(program, "/") {
		if full := s.pathOf(program); strings.HasPrefix(s.disk[full], "#!") && !s.files.Exists(full) {
			return program
		}
		return ""
	}
	var all []string
	for file, text := range s.disk {
		if strings.HasPrefix(text, "#!") && path.Base(file) == program && strings.HasSuffix(path.Dir(file), "bin") {
			all = append(all, file)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return slices.Min(all)
}
