package admission

// attestor returns an attestor of which nothing but its kind is known.
func attestor(kind, name string, at node) Attestor {
	return Attestor{Kind: kind, Name: oneLine(name), Identities: []Identity{}, IgnoreTlog: No, IgnoreSCT: No, Place: at.place()}
}

// identity reads who may sign keyless, and says what is wrong with it.
func (r *Rule) identity(at node, globs bool) Identity {
	i := Identity{
		Issuer: at.at("issuer").text(), IssuerRegExp: pattern(at, "issuer"),
		Subject: at.at("subject").text(), SubjectRegExp: pattern(at, "subject"), Place: at.place(),
	}
	return r.judge(i, at, globs)
}

// pattern reads the field of an expression: issuerRegExp, or issuer_pattern of
// Waxseal, which is anchored.
func pattern(at node, name string) string {
	if own := at.at(name + "_pattern").text(); own != "" {
		return "^(?:" + own + ")$"
	}
	return at.first(name+"RegExp", name+"Regex").text()
}

func (r *Rule) judge(i Identity, at node, globs bool) Identity {
	broad := i.judge(globs)
	subject := at.first("subject", "subjectRegExp", "subjectRegex", "subject_pattern")
	switch {
	case i.Any == Yes:
		r.fact(AnyIdentity, subject, "any signer is accepted: %s", i.Why)
	case i.Never == Yes:
		r.fact(IdentityNeverMatches, subject, "the subject %q never matches: %s. Every image is refused", first(i.Subject, i.SubjectRegExp), i.Why)
	case broad != "":
		r.fact(IdentityBroad, subject, "more signers than meant may be accepted: %s", broad)
	}
	for _, field := range []string{"subject", "subjectRegExp", "issuer"} {
		r.example(at.at(field), field, at.at(field).text())
	}
	return i
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// transparency notes that a log is not asked.
func (r *Rule) transparency(a *Attestor, at node) {
	if a.IgnoreTlog == Yes {
		r.fact(TlogIgnored, at, "the transparency log is not asked: when the signature was made is not known")
	}
}

// enough says whether a set can be satisfied.
func (r *Rule) enough(set AttestorSet, at node) {
	if set.Count > len(set.Attestors) && len(set.Attestors) > 0 {
		r.fact(ThresholdImpossible, at, "%d must have signed, and there are %d: every image is refused", set.Count, len(set.Attestors))
	}
	if len(set.Attestors) == 0 {
		r.fact(NoAttestor, at, "nobody is named who must have signed")
	}
}

// exampleKey says that a key is not a secret of the owner.
func (r *Rule) exampleKey(at node, text string) {
	if exampleKey(text) {
		r.fact(Placeholder, at, "the key is one of the documentation, which others have, too")
	}
}
