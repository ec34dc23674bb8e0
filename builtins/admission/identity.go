package admission

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// issuer is what is known of an issuer of the public Fulcio.
type issuer struct {
	prefix   string // of the issuer's address
	name     string
	subjects []string // globs that all its subjects match
	all      []string // subjects that anybody with an account can have
	// free says that what ends the first of them is the name of a branch, which its
	// owner chooses.
	free bool
}

// issuers are those that anybody can get an account with.
var issuers = []issuer{
	{
		prefix: "https://token.actions.githubusercontent.com", name: "GitHub Actions",
		subjects: []string{"https://github.com/*/*@refs/*", "https://github.com/*/*@????????????????????????????????????????"},
		all:      []string{"https://github.com/evil-example/app/.github/workflows/x.yaml@refs/heads/x"}, free: true,
	},
	{
		prefix: "https://gitlab.com", name: "GitLab",
		subjects: []string{"https://gitlab.com/*@refs/*"},
		all:      []string{"https://gitlab.com/evil-example/app//.gitlab-ci.yml@refs/heads/x"}, free: true,
	},
	{
		prefix: "https://agent.buildkite.com", name: "Buildkite",
		subjects: []string{"https://buildkite.com/*"},
		all:      []string{"https://buildkite.com/evil-example/app"},
	},
	{
		prefix: "https://accounts.google.com", name: "Google",
		subjects: []string{"?*@?*.?*"},
		all:      []string{"evil-example@gmail.com"},
	},
	{
		prefix: "https://github.com/login/oauth", name: "GitHub",
		subjects: []string{"?*@?*"},
		all:      []string{"evil-example@gmail.com", "1+evil-example@users.noreply.github.com"},
	},
	{
		prefix: "https://login.microsoftonline.com", name: "Microsoft",
		subjects: []string{"?*@?*"},
		all:      []string{"evil-example@outlook.com"},
	},
}

// judge fills Any, Never and Why, and says whether the identity is broad.
func (i *Identity) judge(globs bool) (broad string) {
	i.Any, i.Never = No, No
	if unresolved(i.Issuer + i.IssuerRegExp + i.Subject + i.SubjectRegExp) {
		i.Any, i.Never, i.Why = Unknown, Unknown, "it is filled in later"
		return ""
	}
	subject, issuer := subjectOf(i, globs), issuerOf(i, globs)
	if i.never(subject, issuer) {
		return ""
	}
	known, public := find(issuer)
	switch {
	case subject.all && issuer.all:
		i.Any, i.Why = Yes, "neither issuer nor subject is fixed: whoever has an account with any issuer meets it"
	case subject.all && public:
		i.Any, i.Why = Yes, "the subject is not fixed: whoever has an account with "+known.name+" meets it"
	case public && subject.everybody(known):
		i.Any, i.Why = Yes, "whoever has an account with "+known.name+" meets it"
	case subject.all:
		return "the subject is not fixed: whoever this issuer knows meets it"
	case issuer.all:
		return "the issuer is not fixed"
	case subject.owner() != "":
		return subject.owner()
	case subject.loose:
		return "the expression is not anchored at the beginning: what is meant may stand anywhere in the subject, as in the name of a branch"
	}
	return ""
}

// Broad says in what way more signers can meet the identity than who wrote it has
// chosen, "" where no way is known. Its expressions may match anywhere in a text.
func (i Identity) Broad() string {
	broad := i.judge(false)
	if i.Any == Yes {
		return i.Why
	}
	return broad
}

func unresolved(text string) bool { return strings.Contains(text, "{{") }

// never says whether no certificate can meet it.
func (i *Identity) never(subject, from want) bool {
	if strings.HasPrefix(subject.glob, "mailto:") {
		i.Never, i.Why = Yes, "a subject is compared without mailto:, and an address of mail is never written with it; the subjects of GitHub Actions are addresses of workflows (https://github.com/OWNER/REPO/.github/workflows/FILE@REF)"
		return true
	}
	known, _ := find(from)
	if known == nil || subject.all {
		return false
	}
	for _, shape := range known.subjects {
		if overlap(subject.glob, shape) {
			return false
		}
	}
	i.Never, i.Why = Yes, "the subjects of "+known.name+" are of the form "+strings.ReplaceAll(known.subjects[0], "?*", "*")+", and this is not"
	return true
}

// find returns what is known of an issuer. It is public if anybody can have an
// account: what stands below its address is that of one enterprise.
func find(from want) (known *issuer, public bool) {
	if from.all {
		return nil, false
	}
	text := strings.TrimRight(from.glob, "/*")
	for k := range issuers {
		if text == issuers[k].prefix {
			return &issuers[k], true
		}
		if strings.HasPrefix(text, issuers[k].prefix+"/") {
			return &issuers[k], issuers[k].name == "Microsoft"
		}
	}
	return nil, false
}

// want is what is wanted of a text, as a glob that at least all of it matches.
type want struct {
	glob  string
	all   bool              // it is everything
	loose bool              // an expression without an anchor at its beginning
	match func(string) bool // what it matches, exactly
}

func subjectOf(i *Identity, globs bool) want { return wanted(i.Subject, i.SubjectRegExp, globs) }
func issuerOf(i *Identity, globs bool) want  { return wanted(i.Issuer, i.IssuerRegExp, globs) }

func wanted(exact, expression string, globs bool) want {
	switch {
	case exact != "" && globs:
		return want{glob: exact, all: strings.Trim(exact, "*?") == "", match: func(text string) bool { return glob(exact, text) }}
	case exact != "":
		return want{glob: literal(exact), match: func(text string) bool { return text == exact }}
	case expression != "":
		return fromRegex(expression)
	}
	return want{glob: "*", all: true, match: func(string) bool { return true }}
}

// literal keeps a text that is compared as it is from being read as a glob.
func literal(text string) string { return strings.ReplaceAll(text, "*", "?") }

// fromRegex makes a glob of an expression that matches at least as much.
func fromRegex(expression string) want {
	never := func(string) bool { return false }
	if len(expression) > maxPattern {
		return want{glob: "*", match: never}
	}
	compiled, err := regexp.Compile(expression)
	if err != nil {
		return want{glob: "*", match: never}
	}
	tree, _ := syntax.Parse(expression, syntax.Perl)
	tree = tree.Simplify()
	var b strings.Builder
	anchored, ended := false, false
	parts := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	for _, part := range parts {
		switch part.Op {
		case syntax.OpLiteral:
			b.WriteString(literalOf(part))
		case syntax.OpBeginText:
			anchored = true
		case syntax.OpEndText:
			ended = true
		case syntax.OpAnyCharNotNL, syntax.OpAnyChar, syntax.OpCharClass:
			b.WriteByte('?')
		default:
			b.WriteByte('*')
		}
	}
	pattern := b.String()
	if !anchored {
		pattern = "*" + pattern
	}
	if !ended {
		pattern += "*"
	}
	all := strings.Trim(pattern, "*?") == ""
	return want{glob: pattern, all: all, loose: !anchored && !all, match: compiled.MatchString}
}

func literalOf(part *syntax.Regexp) string {
	if part.Flags&syntax.FoldCase != 0 {
		return strings.Repeat("?", len(part.Rune))
	}
	return literal(string(part.Rune))
}

// everybody says whether anybody with an account can get a subject that matches.
func (w want) everybody(known *issuer) bool {
	subjects := known.all
	if known.free {
		subjects = append(subjects[:len(subjects):len(subjects)], w.owned()...)
	}
	if branch := w.branch(); known.free && branch != "" {
		mine := strings.TrimSuffix(known.all[0], "x")
		subjects = append(subjects[:len(subjects):len(subjects)], mine+branch, mine+branch+"x")
	}
	return slices.ContainsFunc(subjects, w.match)
}

// owned are subjects of an owner whose name its owner chooses, where the glob leaves
// the owner open: whoever may make a repository of the name that follows meets it.
func (w want) owned() []string {
	for _, host := range []string{"https://github.com/", "https://gitlab.com/"} {
		rest, found := w.below(host)
		owner, after, slash := strings.Cut(rest, "/")
		if !found || !slash || !strings.ContainsAny(owner, "*?") {
			continue
		}
		var out []string
		for _, name := range []string{"evil-example", "evil"} {
			owner := strings.NewReplacer("*", name, "?", "x").Replace(owner)
			for _, filler := range []string{"", "x", ".github/workflows/x.yaml@refs/heads/x"} {
				out = append(out, host+owner+"/"+strings.NewReplacer("*", filler, "?", "x").Replace(after))
			}
		}
		return out
	}
	return nil
}

// below is what a glob has after a host, in whose name an expression may have left
// the dot unquoted.
func (w want) below(host string) (string, bool) {
	if rest, found := strings.CutPrefix(w.glob, host); found {
		return rest, true
	}
	return strings.CutPrefix(w.glob, strings.Replace(host, ".com/", "?com/", 1))
}

// branch is the text of a glob, where it may be the name of a branch.
func (w want) branch() string {
	text := strings.NewReplacer("*", "", "?", "").Replace(w.glob)
	if strings.ContainsAny(text, ":^~[\\ \t\n") || strings.Contains(text, "..") || strings.Contains(text, "@{") || strings.Contains(text, "//") {
		return ""
	}
	return text
}

// owner says whether a subject of GitHub or GitLab stops in the middle of the
// owner's name.
func (w want) owner() string {
	for _, host := range []string{"https://github.com/", "https://gitlab.com/"} {
		rest, found := w.below(host)
		owner, _, slash := strings.Cut(rest, "/")
		if found && strings.HasSuffix(owner, "*") && !slash && owner != "*" {
			return "the owner's name is not ended with a slash: owners whose name begins so meet it, too"
		}
	}
	return ""
}
