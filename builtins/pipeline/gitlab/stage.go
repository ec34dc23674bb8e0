package gitlab

import "slices"

// unranked is the rank of a job of which nobody can tell when it runs.
const unranked = -1

// stages are the stages in order. They may be said in a file that is elsewhere.
func (r *reader) stages() []string {
	list := texts(dig(r.root, "stages"))
	if len(list) == 0 {
		list = texts(dig(r.root, "types"))
	}
	if len(list) == 0 && !r.elsewhere {
		list = []string{"build", "test", "deploy"}
	}
	list = slices.DeleteFunc(list, func(s string) bool { return s == ".pre" || s == ".post" })
	return slices.Concat([]string{".pre"}, list, []string{".post"})
}

// rank is the place of a job's stage. A template that is elsewhere may say another one.
func rank(t *template, stages []string) int {
	stage := text(dig(t.node, "stage"))
	if stage == "" && len(t.missing) > 0 {
		return unranked
	}
	if stage == "" {
		stage = "test"
	}
	return slices.Index(stages, stage) // unranked when it is not there
}
