package github

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
)

// occasion is what is known of every run of a workflow from what starts it ("on:").
// A workflow that others call may be started by anything.
type occasion struct {
	events []string // names of all events; empty when any may be
	// tags are how the names of the tags begin that start it, where nothing but a tag
	// does: "" is any tag. branch is the one branch that does.
	onlyTags bool
	tags     []string
	branch   string
}

func occasionOf(w *actionlint.Workflow) occasion {
	o := occasion{events: triggers(w), onlyTags: true}
	if slices.Contains(o.events, "workflow_call") {
		return occasion{}
	}
	for _, e := range w.On {
		hook, ok := e.(*actionlint.WebhookEvent)
		switch {
		case ok && hook.EventName() == "push" && filtered(hook.Tags) && hook.Branches == nil && hook.BranchesIgnore == nil:
			for _, pattern := range hook.Tags.Values {
				o.tags = append(o.tags, beginning(pattern.Value))
			}
		case ok && hook.EventName() == "release":
			o.tags = append(o.tags, "")
		default:
			o.onlyTags = false
		}
		if ok && len(w.On) == 1 && hook.EventName() == "push" && filtered(hook.Branches) && hook.Tags == nil && hook.TagsIgnore == nil {
			o.branch = single(hook.Branches.Values)
		}
	}
	return o
}

func filtered(f *actionlint.WebhookEventFilter) bool { return f != nil && len(f.Values) > 0 }

// wild are the characters that mean something in a pattern of branches or tags.
const wild = "*?+[]!"

// beginning is how all names begin that a pattern matches.
func beginning(pattern string) string {
	if at := strings.IndexAny(pattern, wild); at >= 0 {
		if at > 0 && pattern[at] != '*' && pattern[at] != '[' && pattern[at] != '!' {
			at-- // the character before ? and + need not be there
		}
		return pattern[:at]
	}
	return pattern
}

// single is the one name that patterns match, or "".
func single(patterns []*actionlint.String) string {
	if len(patterns) != 1 || strings.ContainsAny(patterns[0].Value, wild) {
		return ""
	}
	return patterns[0].Value
}

// tells says what is known of a condition: that it always holds, that it never
// does, or neither.
func (o occasion) tells(condition string) (holds, never bool) {
	if len(o.events) == 0 {
		return false, false
	}
	if name, ok := quoted(condition, "github.event_name == '", "'"); ok {
		there := o.starts(name)
		return there && len(o.events) == 1, !there
	}
	if name, ok := quoted(condition, "github.event_name != '", "'"); ok {
		there := o.starts(name)
		return !there, there && len(o.events) == 1
	}
	return o.ofTags(condition) || o.ofBranch(condition), false
}

// starts says whether an event starts the workflow. GitHub ignores case when it
// compares texts (docs, "Evaluate expressions in workflows and actions").
func (o occasion) starts(event string) bool {
	return slices.ContainsFunc(o.events, func(name string) bool { return strings.EqualFold(name, event) })
}

func (o occasion) ofTags(condition string) bool {
	if !o.onlyTags || len(o.tags) == 0 {
		return false
	}
	if condition == "github.ref_type == 'tag'" {
		return true
	}
	begin, ok := quoted(condition, "startsWith(github.ref, 'refs/tags", "')")
	if !ok || begin != "" && begin[0] != '/' {
		return false
	}
	begin = strings.TrimPrefix(begin, "/")
	return !slices.ContainsFunc(o.tags, func(tag string) bool { return !strings.HasPrefix(tag, begin) })
}

func (o occasion) ofBranch(condition string) bool {
	return o.branch != "" && slices.Contains([]string{
		"github.ref == 'refs/heads/" + o.branch + "'", "github.ref_name == '" + o.branch + "'", "github.ref_type == 'branch'",
	}, condition)
}

// quoted is what stands between the beginning and the end of a text, if it holds no quote.
func quoted(text, begin, end string) (string, bool) {
	inner, starts := strings.CutPrefix(text, begin)
	inner, ends := strings.CutSuffix(inner, end)
	return inner, starts && ends && !strings.Contains(inner, "'")
}
