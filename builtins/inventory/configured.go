package inventory

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/config"
)

// Configured are the places of a waxseal.yaml that trust somebody: the authorities
// of its policies.
func Configured(cfg *config.Config) []Place {
	return authorities("waxseal.yaml policies", cfg.Policies)
}

// authorities are the places of the parameters of policies.
func authorities(where string, policies map[string]any) []Place {
	var out []Place
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		// The names of keys in exemptions trust nobody.
		parameters, _ := policies[name].(map[string]any)
		for _, field := range slices.Sorted(maps.Keys(parameters)) {
			if field != "exempt" {
				out = append(out, within(where+"."+name+"."+field, parameters[field])...)
			}
		}
	}
	return out
}

// within finds authorities at any depth: objects with who is trusted.
func within(where string, value any) []Place {
	var out []Place
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			out = append(out, within(fmt.Sprintf("%s[%d]", where, i), item)...)
		}
	case map[string]any:
		if p, ok := authority(where, v); ok {
			return []Place{p}
		}
		for _, field := range slices.Sorted(maps.Keys(v)) {
			out = append(out, within(where+"."+field, v[field])...)
		}
	}
	return out
}

func authority(where string, v map[string]any) (Place, bool) {
	p := Place{Where: where, Images: texts(v["images"]), Keys: texts(v["keys"]), Certificates: texts(v["certificates"])}
	if name, _ := v["notation"].(string); name != "" {
		p.Notation = []string{name}
	}
	identities, _ := v["identities"].([]any)
	for _, given := range identities {
		if id, ok := given.(map[string]any); ok {
			p.Identities = append(p.Identities, identityOf(id))
		}
	}
	return p, len(p.Keys)+len(p.Identities)+len(p.Notation) > 0
}

func identityOf(v map[string]any) Identity {
	var id Identity
	id.Issuer, id.IssuerPattern = exactOr(v, "issuer")
	id.Subject, id.SubjectPattern = exactOr(v, "subject")
	extensions, _ := v["extensions"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		id.Extensions = append(id.Extensions, name+"="+strings.TrimSpace(fmt.Sprint(extensions[name])))
	}
	return id
}

func exactOr(v map[string]any, name string) (text string, pattern bool) {
	if text, _ = v[name].(string); text != "" {
		return text, false
	}
	text, _ = v[name+"_pattern"].(string)
	return text, text != ""
}

func texts(value any) []string {
	list, _ := value.([]any)
	var out []string
	for _, item := range list {
		if text, _ := item.(string); text != "" {
			out = append(out, text)
		}
	}
	return out
}
