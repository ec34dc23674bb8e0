package inventory

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/admission"
	"github.com/waxseal/waxseal/builtins/audit"
)

// identified is an identity with what can be said of it.
func identified(id Identity) audit.Identity {
	out := audit.Identity{
		Issuer: id.Issuer, Subject: id.Subject, IssuerPattern: id.IssuerPattern, SubjectPattern: id.SubjectPattern,
		Pattern: id.IssuerPattern || id.SubjectPattern, Extensions: sorted(id.Extensions), Trusted: []audit.Trust{},
	}
	out.Words = words(id)
	if out.Why = wide(id); out.Why != "" {
		out.Wide = true
	}
	return out
}

// Meets says whether a signer, of a certificate that was verified, is who an identity
// means; extensions are left to who has verified it.
func Meets(id audit.Identity, issuer, subject string) bool {
	return issuer != "" && is(id.Issuer, id.IssuerPattern, issuer) && is(id.Subject, id.SubjectPattern, subject)
}

// maxPattern bounds patterns that are tried; a longer one counts as wide.
const maxPattern = 4096

func is(want string, pattern bool, text string) bool {
	if !pattern || len(want) > maxPattern {
		return want == text
	}
	form, err := regexp.Compile(`\A(?:` + want + `)\z`)
	return err == nil && form.MatchString(text)
}

// narrowing are extensions that name an owner, a repository or what builds, so that
// strangers have others.
var narrowing = []string{
	"sourceRepositoryURI", "sourceRepositoryOwnerURI", "sourceRepositoryIdentifier", "sourceRepositoryOwnerIdentifier",
	"buildSignerURI", "buildSignerDigest", "buildConfigURI", "buildConfigDigest", "githubWorkflowRepository",
}

// stranger is somebody whom nobody has chosen, as an issuer calls him.
type stranger struct{ issuer, subject string }

// strangers have subjects in the forms of the issuers that anybody can have an
// account with. Two of them beside each other: one that a pattern matches may be meant.
var strangers = []stranger{
	{"https://token.actions.githubusercontent.com", "https://github.com/stranger/app/.github/workflows/release.yml@refs/heads/main"},
	{"https://token.actions.githubusercontent.com", "https://github.com/another-one/tool/.github/workflows/ci.yaml@refs/tags/v1.0.0"},
	{"https://gitlab.com", "https://gitlab.com/stranger/app//.gitlab-ci.yml@refs/heads/main"},
	{"https://gitlab.com", "https://gitlab.com/another-one/group/tool//.gitlab-ci.yml@refs/tags/v1.0.0"},
	{"https://accounts.google.com", "stranger@gmail.com"},
	{"https://accounts.google.com", "builder@another-one.iam.gserviceaccount.com"},
	{"https://github.com/login/oauth", "stranger@gmail.com"},
	{"https://github.com/login/oauth", "another-one@users.noreply.github.com"},
	{"https://login.microsoftonline.com", "stranger@outlook.com"},
	{"https://login.microsoftonline.com", "another-one@hotmail.com"},
	{"https://agent.buildkite.com", "https://buildkite.com/stranger/app"},
	{"https://agent.buildkite.com", "https://buildkite.com/another-one/tool"},
	{"https://oidc.circleci.com/org/6f1f0f7e-0000-4000-8000-000000000001", "https://circleci.com/api/v2/projects/6f1f0f7e-0000-4000-8000-000000000002/pipeline-definitions/6f1f0f7e-0000-4000-8000-000000000003"},
	{"https://oidc.circleci.com/org/7a2f0f7e-0000-4000-8000-000000000001", "https://circleci.com/api/v2/projects/7a2f0f7e-0000-4000-8000-000000000002/pipeline-definitions/7a2f0f7e-0000-4000-8000-000000000003"},
	{"https://oidc.eks.eu-central-1.amazonaws.com/id/STRANGER", "https://kubernetes.io/namespaces/default/serviceaccounts/default"},
	{"https://container.googleapis.com/v1/projects/another-one/locations/x/clusters/x", "https://kubernetes.io/namespaces/build/serviceaccounts/builder"},
}

// wide says in what way an identity is met by who was not chosen, "" where it is not.
// What a pattern matches is tried out, because its text does not show it.
func wide(id Identity) string {
	for _, extension := range id.Extensions {
		name, _, _ := strings.Cut(extension, "=")
		if slices.Contains(narrowing, name) {
			return ""
		}
	}
	if id.IssuerPattern && len(id.Issuer) > maxPattern || id.SubjectPattern && len(id.Subject) > maxPattern {
		return "a pattern is too long to be tried out"
	}
	asked := audit.Identity{Issuer: id.Issuer, IssuerPattern: id.IssuerPattern, Subject: id.Subject, SubjectPattern: id.SubjectPattern}
	var met []string
	for _, s := range strangers {
		if Meets(asked, s.issuer, s.subject) {
			met = append(met, s.subject)
		}
	}
	if len(met) > 1 {
		return "it matches identities that strangers have, such as " + met[0]
	}
	if !id.IssuerPattern && !id.SubjectPattern {
		return ""
	}
	if subject := domain(asked); subject != "" {
		return "it matches addresses of mail in domains that anybody can register, such as " + subject
	}
	return expressed(id).Broad()
}

// mailers are issuers whose subjects are addresses of mail.
var mailers = []string{"https://accounts.google.com", "https://github.com/login/oauth", "https://login.microsoftonline.com"}

// domain is an address of mail that meets a pattern although its domain only begins or
// ends as the pattern says; "" where the pattern fixes both ends.
func domain(id audit.Identity) string {
	if !id.SubjectPattern {
		return ""
	}
	said := fixed(id.Subject)
	for _, subject := range []string{"stranger@x-" + said, "stranger@x" + said, "stranger" + said + ".stranger.example", "stranger@x-" + said + ".stranger.example"} {
		for _, issuer := range mailers {
			if strings.Count(subject, "@") == 1 && Meets(id, issuer, subject) {
				return subject
			}
		}
	}
	return ""
}

// fixed is the text that an expression fixes, without what it leaves open.
func fixed(expression string) string {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return ""
	}
	var out strings.Builder
	var add func(*syntax.Regexp)
	add = func(e *syntax.Regexp) {
		switch e.Op {
		case syntax.OpLiteral:
			out.WriteString(string(e.Rune))
		case syntax.OpAlternate:
			add(e.Sub[0])
		case syntax.OpConcat, syntax.OpCapture, syntax.OpPlus:
			for _, sub := range e.Sub {
				add(sub)
			}
		}
	}
	add(parsed)
	return out.String()
}

// expressed is an identity as clusters have them.
func expressed(id Identity) admission.Identity {
	var out admission.Identity
	if out.Issuer = id.Issuer; id.IssuerPattern {
		out.Issuer, out.IssuerRegExp = "", "^(?:"+id.Issuer+")$"
	}
	if out.Subject = id.Subject; id.SubjectPattern {
		out.Subject, out.SubjectRegExp = "", "^(?:"+id.Subject+")$"
	}
	return out
}
