package admission

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// newRule returns a rule of which nothing is known but where it stands.
func newRule(system System, name string, at node) *Rule {
	place := at.place()
	r := &Rule{
		ID: identifier(at.src.ref, name), System: system, Object: at.src.ref, Name: name, Place: place,
		About: AboutUnknown, Checks: []Check{},
		Action:    Action{Effect: EffectUnknown, Place: place, Overrides: []Override{}},
		OnFailure: OnFailure{Effect: "unknown", Place: place},
		Timeout:   Timeout{Place: place},
		Scope: Scope{
			Kinds: []Kind{}, Operations: []string{}, Pods: Unknown, Ephemeral: Unknown, Names: []string{}, Conditions: []Condition{},
			Containers: Lists{Unknown, Unknown, Unknown, Unknown},
			Namespaces: NamespacesScope{Include: []string{}, Exclude: []string{}},
		},
		Images:    Images{All: Unknown, Include: []Pattern{}, Exclude: []Pattern{}, Allowed: []Pattern{}},
		Attestors: []AttestorSet{}, Required: Unknown, MutateDigest: Unknown, VerifyDigest: Unknown, at: at,
		Depends: []Dependency{}, Exceptions: []Exception{}, Facts: []Fact{},
	}
	return r
}

func identifier(object Ref, name string) string {
	parts := []string{object.Kind}
	if object.Namespace != "" {
		parts = append(parts, object.Namespace)
	}
	id := strings.Join(append(parts, object.Name), "/")
	if object.Name == "" {
		id += "(" + object.File + ":" + strconv.Itoa(object.Line) + ")"
	}
	if name != "" {
		id += "#" + name
	}
	return id
}

func (r *Rule) fact(code Code, at node, format string, args ...any) {
	r.factAt(code, at.place(), format, args...)
}

func (r *Rule) factAt(code Code, at Place, format string, args ...any) {
	r.note(Fact{Code: code, Text: fmt.Sprintf(format, args...), Place: at})
}

// leftOut is a fact about namespaces that are left out by their names.
func (r *Rule) leftOut(code Code, at node, names []string) {
	text := fmt.Sprintf("the namespaces %s are left out", strings.Join(names, ", "))
	r.note(Fact{Code: code, Text: text, Place: at.place(), Names: strings.Join(names, " ")})
}

// takes notes a fact of another object, which holds of the rule too.
func (r *Rule) takes(f Fact, of string) {
	f.Text = of + ": " + f.Text
	r.note(f)
}

func (r *Rule) note(f Fact) {
	if r.said[f] {
		return
	}
	if r.said == nil {
		r.said = map[Fact]bool{}
	}
	r.said[f] = true
	r.Facts = append(r.Facts, f)
}

// forget takes facts back that hold of other systems' rules.
func (r *Rule) forget(codes ...Code) {
	r.Facts = slices.DeleteFunc(r.Facts, func(f Fact) bool {
		if !slices.Contains(codes, f.Code) {
			return false
		}
		delete(r.said, f)
		return true
	})
}

func (r *Rule) check(checks ...Check) {
	for _, c := range checks {
		if !r.checks(c) {
			r.Checks = append(r.Checks, c)
		}
	}
}

func (r *Rule) checks(c Check) bool {
	for _, old := range r.Checks {
		if old == c {
			return true
		}
	}
	return false
}

// verifies says whether the rule fetches evidence of the image.
func (r *Rule) verifies() bool {
	for _, c := range []Check{CheckSignature, CheckAttestation, CheckSBOM, CheckScan, CheckProvenance} {
		if r.checks(c) {
			return true
		}
	}
	return false
}

func (r *Rule) ref() string { return strings.TrimSpace(r.Object.Kind + " " + r.Object.Name) }

// act sets the effect, and says what is weaker than to deny.
func (r *Rule) act(effect Effect, configured string, at node) {
	r.Action.Effect, r.Action.Configured, r.Action.Place = effect, configured, at.place()
	said := configured
	if said == "" {
		said = "nothing, and the default is " + string(effect)
	}
	switch effect {
	case Audit:
		r.fact(AuditOnly, at, "%s says %s: what violates is reported, and admitted", at.name, said)
	case Warn:
		r.fact(WarnOnly, at, "%s says %s: what violates is admitted with a warning", at.name, said)
	case DryRun:
		r.fact(DryRunOnly, at, "%s says %s: what violates is counted, and admitted", at.name, said)
	case Off:
		r.fact(TurnedOff, at, "%s: it is not asked at all", said)
	case EffectUnknown:
		r.fact(ActionUnknown, at, "%s says %q, and it is not known what that does", at.name, said)
	}
}

// failure reads a failurePolicy, which is Fail or Ignore.
func (r *Rule) failure(at node, by, missing string) {
	r.OnFailure = OnFailure{Configured: at.text(), By: by, Place: at.place()}
	said := at.text()
	if said == "" {
		said = missing
	}
	switch said {
	case "Fail":
		r.OnFailure.Effect = "deny"
	case "Ignore":
		r.OnFailure.Effect = "allow"
		r.fact(FailurePolicyIgnore, at, "%s is Ignore: everything is admitted while it cannot be asked, or is slow", at.name)
	case "":
		r.OnFailure.Effect = "unknown"
		r.fact(FailurePolicyUnknown, at, "nothing says what happens when it cannot be asked")
	default:
		r.OnFailure.Effect = "unknown"
		r.fact(ActionUnknown, at, "%s is %q, which is filled in later or not known", at.name, said)
	}
}

// shortest is the least time, in seconds, in which evidence can be fetched from
// registries and logs.
const shortest = 5

// wait reads a timeout.
func (r *Rule) wait(at node, missing int) {
	r.Timeout = Timeout{Seconds: missing, Place: at.place()}
	if seconds, ok := at.number(); ok {
		r.Timeout.Seconds, r.Timeout.Configured = seconds, true
	} else if at.is() {
		r.Timeout.Seconds = 0
	}
}

// hurry says whether the time is short, when all else of the rule is known.
func (r *Rule) hurry() {
	if r.verifies() && r.Timeout.Seconds > 0 && r.Timeout.Seconds < shortest {
		r.factAt(TimeoutShort, r.Timeout.Place, "it has %d s to fetch evidence from registries and logs: with less than %d s slow registries decide", r.Timeout.Seconds, shortest)
	}
}

// known says which fields of an object are not of its kind: what they are meant
// to say is not said.
func (r *Rule) known(at node, fields ...string) {
	for _, name := range at.names() {
		if !slices.Contains(fields, name) && !strings.HasPrefix(name, "x-") {
			r.fact(UnknownField, at.at(name), "%s is no field here: the API server drops or refuses it, and what it is to say does not count", name)
		}
	}
}
