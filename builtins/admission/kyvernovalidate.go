package admission

import (
	"strings"
)

// kyvernoValidate reads a rule that looks at the object itself: about images
// when it names them.
func kyvernoValidate(rule *Rule, at node) {
	if at.at("podSecurity").is() || at.at("manifests").is() {
		rule.About = AboutOther
		return
	}
	var text strings.Builder
	for _, field := range at.fields() {
		switch field.name {
		case "message", "failureAction", "failureActionOverrides", "allowExistingViolations":
		default:
			text.WriteString(field.name + "\n" + words(field))
		}
	}
	l := readText(text.String())
	rule.About = AboutOther
	if !l.image {
		return
	}
	rule.About = AboutImage
	rule.VerifyDigest, rule.MutateDigest = No, No
	rule.values(at)
	if len(rule.Checks) == 0 {
		rule.check(naming(l.checks)...)
	}
	rule.covers(l.lists, at)
	rule.Images.All = Yes
	if rule.checks(CheckDigest) {
		rule.VerifyDigest = Yes
	}
	rule.onlyNames(at)
}

// values reads the patterns that stand for an image: foo.io/* | bar.io/*.
func (r *Rule) values(at node) {
	at.walk(func(n node) {
		if strings.Trim(n.name, "=^<>+()X") != "image" || n.text() == "" || strings.Contains(n.text(), "{{") {
			return
		}
		for _, one := range strings.Split(n.text(), "|") {
			r.value(n, strings.TrimSpace(one))
		}
	})
}

func (r *Rule) value(at node, text string) {
	switch {
	case strings.Contains(text, "@"):
		r.check(CheckDigest)
	case strings.HasPrefix(text, "!"), strings.Contains(text, ":latest"), text == "*:*":
		r.check(CheckTag)
	default:
		r.check(CheckRegistry)
		p := Pattern{Text: text, Reading: Glob, Matches: Yes, Place: at.place()}
		r.Images.Allowed = append(r.Images.Allowed, p)
		r.loose(p)
		r.example(at, "pattern of images", text)
	}
}
