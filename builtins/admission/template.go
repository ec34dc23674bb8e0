package admission

import (
	"regexp"
	"slices"
	"strings"
)

// library is what a ConstraintTemplate does.
type library struct {
	src       *source
	kind      string
	component *Component
	looks     looks
	about     About
	providers []string // that it names
	asks      bool     // external data
	chosen    bool     // its constraints name the provider
	builtins  string   // the first call of a builtin that a plain Gatekeeper does not know
	native    bool     // it has CEL, which the API server can be given
	own       bool     // it has Waxseal's code, not only its name
	broken    bool
}

var (
	providerName   = regexp.MustCompile(`external_data\s*\(\s*\{[^}]*"provider"\s*:\s*"([^"]+)"`)
	externalData   = regexp.MustCompile(`\bexternal_data\s*\(`)
	ownCode        = regexp.MustCompile(`(?m)^\s*package\s+lib\.waxseal\.`)
	providerErrors = regexp.MustCompile(`\bsystem_error\b|\berrors\b`)
	exemptLibrary  = regexp.MustCompile(`(?m)^\s*package\s+[\w.]*exempt\w*\s*$`)
	violationRule  = regexp.MustCompile(`(?m)^\s*violation\b`)
	dottedCall     = regexp.MustCompile(`(?:^|[^\w.\])}])([a-z_]\w*)\.[\w.]+\(`)
	quoted         = regexp.MustCompile("(?s)\"(?:[^\"\\\\\n]|\\\\.)*\"|`[^`]*`")
	regoImport     = regexp.MustCompile(`(?m)^\s*import\s+(?:data|input)\.[\w.]+\.(\w+)\s*$|^\s*import\s+(?:data|input)\S*\s+as\s+(\w+)`)
)

// templates reads ConstraintTemplates, by the kind that they make.
func (r *reader) templates() map[string]*library {
	out := map[string]*library{}
	for _, s := range r.of("templates.gatekeeper.sh", "ConstraintTemplate") {
		l := r.template(s)
		if _, twice := out[l.kind]; !twice {
			out[l.kind] = l
		}
	}
	return out
}

func (r *reader) template(s *source) *library {
	spec := s.root().at("spec")
	l := &library{src: s, kind: spec.at("crd", "spec", "names", "kind").text(), component: r.component(systemOf(spec.at("crd", "spec", "names", "kind").text()), "template", s)}
	rego, native := l.code(spec)
	l.native = native != ""
	l.read(rego, native)
	l.check(spec, rego, native)
	l.component.About = l.about
	l.component.Checks = append(l.component.Checks, l.looks.checks...)
	return l
}

// code returns the modules of Rego and the CEL of a template.
func (l *library) code(spec node) (rego []string, native string) {
	for _, target := range spec.at("targets").list() {
		rego = append(rego, modules(target)...)
		for _, code := range target.at("code").list() {
			source := code.at("source")
			if code.at("engine").text() == "K8sNativeValidation" {
				native += expressions(source) + source.at("matchConditions").allText()
				continue
			}
			rego = append(rego, modules(source)...)
		}
	}
	return rego, native
}

// modules are the Rego of a template and its libraries, but for those that only
// exempt containers by their image: they are in templates about anything.
func modules(at node) []string {
	var out []string
	for _, text := range append(at.at("rego").texts(), at.at("libs").texts()...) {
		if !exemptLibrary.MatchString(text) {
			out = append(out, uncomment(text))
		}
	}
	return out
}

func (l *library) read(modules []string, native string) {
	rego := strings.Join(modules, "\n")
	l.looks = readText(rego + native)
	l.asks = externalData.MatchString(rego)
	for _, found := range providerName.FindAllStringSubmatch(rego, -1) {
		if !slices.Contains(l.providers, found[1]) {
			l.providers = append(l.providers, found[1])
		}
	}
	l.chosen = l.asks && len(l.providers) == 0
	for _, module := range modules {
		l.builtins = first(l.builtins, foreign(module))
	}
	l.about = AboutOther
	if l.looks.image || l.asks {
		l.about = AboutImage
	}
	if l.about == AboutImage && !l.asks && l.builtins == "" {
		l.looks.checks = naming(l.looks.checks)
	}
	l.own = strings.HasPrefix(l.kind, "Waxseal") && ownCode.MatchString(rego)
	if l.own {
		l.about, l.looks = AboutImage, looks{image: true, lists: Lists{Yes, Yes, Yes, Yes}, checks: ownChecks(ownPolicies(l.kind))}
	}
}

const gatekeeperTarget = "admission.k8s.gatekeeper.sh"

// target is the target of a template, of which there is one.
func target(spec node) string {
	targets := spec.at("targets").list()
	if len(targets) != 1 {
		return ""
	}
	return targets[0].at("target").text()
}

func (l *library) check(spec node, modules []string, native string) {
	rego := strings.Join(modules, "\n")
	switch {
	case strings.TrimSpace(rego) == "" && native == "":
		l.broken = true
		l.component.fact(TemplateBroken, spec, "it has no code: it rejects nothing")
	case target(spec) != gatekeeperTarget:
		l.broken = true
		l.component.fact(TemplateBroken, spec.at("targets"), "its target is %q and has to be %s: Gatekeeper refuses it", oneLine(target(spec)), gatekeeperTarget)
	case native == "" && !violationRule.MatchString(rego):
		l.broken = true
		l.component.fact(TemplateBroken, spec.at("targets"), "its Rego has no rule violation: Gatekeeper does not load it")
	case l.kind != "" && l.src.ref.Name != strings.ToLower(l.kind):
		l.broken = true
		l.component.fact(TemplateBroken, l.src.root().at("metadata", "name"), "its name is %s and has to be %s, its kind in lower case: Gatekeeper refuses it", l.src.ref.Name, strings.ToLower(l.kind))
	}
	if l.builtins != "" {
		l.component.fact(UnknownBuiltin, spec.at("targets"), "it calls %s, which a plain Gatekeeper does not know and refuses", l.builtins)
	}
	if slices.ContainsFunc(l.providers, func(name string) bool { return strings.Contains(name, "ratify") }) && !strings.Contains(rego, "isSuccess") {
		l.component.fact(ProviderUnsafe, spec.at("targets"), "it does not look at isSuccess of Ratify's answer, which is where it says that an image is not verified")
	}
	if l.asks && !providerErrors.MatchString(rego) {
		l.component.fact(ProviderUnsafe, spec.at("targets"), "it looks at neither errors nor system_error of the provider's answer: what cannot be verified may pass")
	}
}

// ofOPA are the names before the dot of OPA's own builtins.
var ofOPA = []string{
	"array", "base64", "base64url", "bits", "crypto", "data", "glob", "graph", "graphql", "hex", "http", "input", "io", "json", "net",
	"numbers", "object", "opa", "providers", "rand", "regex", "rego", "semver", "strings", "time", "units", "uri", "urlquery", "uuid", "yaml",
}

// foreign returns the first builtin that OPA does not have. What is imported,
// or a package of the template, is none.
func foreign(rego string) string {
	rego = quoted.ReplaceAllString(rego, `""`)
	imported := map[string]bool{}
	for _, m := range regoImport.FindAllStringSubmatch(rego, -1) {
		imported[m[1]], imported[m[2]] = true, true
	}
	for _, m := range dottedCall.FindAllStringSubmatch(rego, -1) {
		if !imported[m[1]] && !slices.Contains(ofOPA, m[1]) {
			call := m[0][strings.Index(m[0], m[1]+"."):]
			return strings.TrimSuffix(call, "(")
		}
	}
	return ""
}

// uncomment takes comments out of Rego.
func uncomment(rego string) string {
	var b strings.Builder
	for line := range strings.Lines(rego) {
		quote := byte(0)
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case quote == 0 && c == '#':
				line = line[:i] + "\n"
			case quote == 0 && (c == '"' || c == '`'):
				quote = c
			case quote == '"' && c == '\\':
				i++
			case c == quote:
				quote = 0
			}
		}
		b.WriteString(line)
	}
	return b.String()
}

func systemOf(kind string) System {
	if strings.HasPrefix(kind, "Waxseal") {
		return Waxseal
	}
	return Gatekeeper
}

// policyChecks is what each policy of Waxseal verifies.
var policyChecks = map[string]Check{
	"signed_images": CheckSignature, "scanned_images": CheckScan, "sbom_attached": CheckSBOM, "denied_packages": CheckSBOM,
	"required_attestations": CheckAttestation, "attested_build": CheckProvenance, "allowed_registries": CheckRegistry,
	"pinned_digests": CheckDigest, "base_image": CheckProvenance, "privileged_images": CheckSignature,
}

// ownPolicies are the policies that a kind of Waxseal is for; none when its
// constraints say it.
func ownPolicies(kind string) []string {
	name := strings.TrimSuffix(strings.TrimPrefix(kind, "Waxseal"), "Builtin")
	for policy := range policyChecks {
		if strings.ReplaceAll(policy, "_", "") == strings.ToLower(name) {
			return []string{policy}
		}
	}
	return nil
}

func ownChecks(policies []string) []Check {
	var out []Check
	for _, policy := range policies {
		if check, known := policyChecks[policy]; known && !slices.Contains(out, check) {
			out = append(out, check)
		}
	}
	return out
}
