package inventory

import (
	"regexp/syntax"
	"strings"
)

// Who says in a sentence who can sign, of an identity as parameters of policies have it.
func Who(identity map[string]any) string { return words(identityOf(identity)) }

// words says in a sentence who can sign.
func words(id Identity) string {
	issuer, subject := readable(id.Issuer, id.IssuerPattern), readable(id.Subject, id.SubjectPattern)
	text := said(issuer, subject)
	if len(id.Extensions) > 0 {
		text += ", with " + strings.Join(sorted(id.Extensions), " and ")
	}
	return text
}

func said(issuer, subject string) string {
	switch {
	case strings.HasPrefix(issuer, "https://token.actions.githubusercontent.com"):
		if text := workflow(subject, "https://github.com/", "/.github/workflows/"); text != "" {
			return text + " (GitHub Actions)"
		}
	case strings.HasPrefix(issuer, "https://gitlab.com"):
		if text := pipeline(subject); text != "" {
			return text + " (GitLab)"
		}
	case strings.HasPrefix(subject, "https://kubernetes.io/namespaces/"):
		namespace, account, found := strings.Cut(strings.TrimPrefix(subject, "https://kubernetes.io/namespaces/"), "/serviceaccounts/")
		if found {
			return "whoever runs as " + some("service account", account) + " in " + some("namespace", namespace) + " of the cluster " + issuer
		}
	case strings.HasPrefix(subject, "spiffe://"):
		return "the workload " + subject + ", as " + issuer + " says"
	case strings.HasSuffix(subject, ".iam.gserviceaccount.com"):
		return "whoever may use the service account " + subject + " of Google Cloud"
	}
	return plainly(issuer, subject)
}

var accounts = map[string]string{
	"https://accounts.google.com": "Google", "https://github.com/login/oauth": "GitHub", "https://login.microsoftonline.com": "Microsoft",
}

func plainly(issuer, subject string) string {
	with := issuer
	if name, known := accounts[issuer]; known {
		with = name
	}
	switch {
	case subject == "*" && issuer == "*":
		return "whoever has an account with anybody"
	case subject == "*":
		return "whoever has an account with " + with
	case strings.Contains(subject, "@") && !strings.Contains(subject, "/"):
		return "who has the account " + subject + " with " + with
	}
	return "who is " + subject + " with " + with
}

// workflow is a subject of GitHub: OWNER/REPO, a file, and a ref.
func workflow(subject, host, folder string) string {
	rest, ours := strings.CutPrefix(subject, host)
	repository, file, found := strings.Cut(rest, folder)
	owner, name, named := strings.Cut(repository, "/")
	if !ours {
		return ""
	}
	if rest == "*" {
		return "any workflow of anybody"
	}
	if !found || !named {
		if owner, _, whole := strings.Cut(rest, "/"); whole && owner != "*" && !strings.Contains(owner, "*") {
			return "any workflow that fits " + subject + " of the GitHub organisation " + owner
		}
		return "any workflow that fits " + subject
	}
	file, ref, _ := strings.Cut(file, "@")
	return some("workflow", file) + " on " + refOf(ref) + " of " + some("repository", name) + " of " + some("GitHub organisation", owner)
}

func pipeline(subject string) string {
	rest, ours := strings.CutPrefix(subject, "https://gitlab.com/")
	project, file, found := strings.Cut(rest, "//")
	if !ours || !found {
		return ""
	}
	file, ref, _ := strings.Cut(file, "@")
	return some("pipeline", file) + " on " + refOf(ref) + " of " + some("project", project)
}

// some is "any workflow", "the workflow release.yml" or "workflows like re*.yml".
func some(thing, text string) string {
	switch {
	case text == "*" || text == "":
		return "any " + thing
	case strings.Contains(text, "*"):
		return "any " + thing + " like " + text
	}
	return "the " + thing + " " + text
}

func refOf(ref string) string {
	for prefix, thing := range map[string]string{"refs/tags/": "tag", "refs/heads/": "branch"} {
		if name, found := strings.CutPrefix(ref, prefix); found {
			return some(thing, name)
		}
	}
	return some("ref", ref)
}

// readable writes a pattern with a star for what it leaves open.
func readable(text string, pattern bool) string {
	if !pattern {
		return text
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil || len(text) > 4096 {
		return text
	}
	var b strings.Builder
	literals(&b, tree.Simplify())
	out := b.String()
	for strings.Contains(out, "**") {
		out = strings.ReplaceAll(out, "**", "*")
	}
	return out
}

func literals(b *strings.Builder, tree *syntax.Regexp) {
	switch tree.Op {
	case syntax.OpLiteral:
		b.WriteString(string(tree.Rune))
	case syntax.OpConcat, syntax.OpCapture:
		for _, part := range tree.Sub {
			literals(b, part)
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL: // most often the dot of a host that nobody has quoted
		b.WriteByte('.')
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine:
	default:
		b.WriteByte('*')
	}
}
