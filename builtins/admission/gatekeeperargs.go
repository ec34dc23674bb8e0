package admission

import (
	"strings"

	"k8s.io/apimachinery/pkg/selection"
)

// unasked is where it is said that Gatekeeper does not do what constraints need.
type unasked struct {
	by   Ref
	at   Place
	code Code
	text string
	of   func(*Rule) bool
}

// notIgnored selects the namespaces that Gatekeeper's webhook is asked of as it is installed.
func notIgnored() selector {
	var s selector
	s.require(ignoreLabel, selection.DoesNotExist, nil)
	return s
}

func asksProvider(rule *Rule) bool {
	for _, d := range rule.Depends {
		if d.Role == "provider" {
			return true
		}
	}
	return false
}

func (r *reader) noExternalData(by Ref, at node) {
	r.unasked = append(r.unasked, unasked{
		by: by, at: at.place(), code: ProviderMissing, of: asksProvider,
		text: "external data is switched off: no Provider is asked, and nothing is verified",
	})
}

// gatekeeperArguments reads what Gatekeeper is started with.
func (r *reader) gatekeeperArguments() {
	for _, s := range r.of("apps", "Deployment") {
		if !strings.Contains(s.ref.Name, "gatekeeper") || strings.Contains(s.ref.Name, "audit") {
			continue
		}
		asked, operations := false, node{}
		for _, container := range s.root().at("spec", "template", "spec", "containers").list() {
			for _, argument := range container.at("args").list() {
				name, value, _ := strings.Cut(strings.TrimLeft(argument.text(), "-"), "=")
				switch {
				case name == "enable-external-data" && value == "false":
					r.noExternalData(s.ref, argument)
				case name == "operation":
					operations = argument
					asked = asked || value == "webhook"
				}
			}
		}
		if operations.is() && !asked {
			r.unasked = append(r.unasked, unasked{
				by: s.ref, at: operations.place(), code: TurnedOff, of: func(*Rule) bool { return true },
				text: "it is not started with --operation=webhook: it is asked of nothing that is admitted",
			})
		}
	}
}

// unaskedOf puts into a constraint what Gatekeeper does not do for it.
func (r *reader) unaskedOf(rule *Rule) {
	for _, u := range r.unasked {
		if !u.of(rule) {
			continue
		}
		rule.factAt(u.code, u.at, "%s %s: %s", u.by.Kind, u.by.Name, u.text)
		if u.code == TurnedOff {
			rule.Action.Effect = Off
		}
	}
}
