package parameters

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/cosign"
)

// checkNames reports what a schema cannot say: names that the configuration does
// not hold, patterns that do not compile, numbers that depend on others, days
// that are in no calendar. What is of the wrong type is left to the schema.
func checkNames(cfg *config.Config, value map[string]any, at string, report reporter) {
	checkAuthorities(cfg, value, at, "authorities", report)
	checkAuthorities(cfg, value, at, "exceptions_from", report)
	checkAuthorities(cfg, value, at, "verified_by", report)
	checkAuthorities(cfg, object(value["vex"]), config.Join(at, "vex"), "authorities", report)
	checkRequirements(value, at, report)
	each(value, at, "scanners", func(entry any, at string) {
		checkAuthority(value, object(entry)["authority"], config.Join(at, "authority"), report)
	})
	each(value, at, "exceptions", func(entry any, at string) {
		checkEnd(object(entry)["expires"], config.Join(at, "expires"), report)
	})
}

func checkAuthorities(cfg *config.Config, value map[string]any, at, field string, report reporter) {
	each(value, at, field, func(entry any, at string) {
		authority := object(entry)
		each(authority, at, "keys", func(key any, at string) { checkKey(cfg, key, at, report) })
		each(authority, at, "certificates", func(c any, at string) { checkCertificate(cfg, c, at, report) })
		each(authority, at, "identities", func(id any, at string) { checkIdentity(object(id), at, report) })
		checkTrustRoot(cfg, authority, at, report)
		checkNotation(cfg, authority, at, report)
		checkThreshold(authority, at, report)
	})
}

// each visits the entries of a list in an object.
func each(parent map[string]any, at, field string, visit func(entry any, at string)) {
	list, _ := parent[field].([]any)
	for i, entry := range list {
		visit(entry, fmt.Sprintf("%s[%d]", config.Join(at, field), i))
	}
}

func checkKey(cfg *config.Config, value any, at string, report reporter) {
	key, _ := value.(string)
	switch _, named := cfg.Keys[key]; {
	case key == "" || named:
	case isPEM(key):
		if _, err := cosign.ParseKey("", []byte(key)); err != nil {
			report(at, "not a public key that can be used: "+reason(err))
		}
	default:
		report(at, missing("key", "keys", key, slices.Sorted(maps.Keys(cfg.Keys))))
	}
}

func checkCertificate(cfg *config.Config, value any, at string, report reporter) {
	text, _ := value.(string)
	switch _, named := cfg.Certificates[text]; {
	case text == "" || named:
	case isPEM(text):
		if _, err := cosign.ParseCertificates([]byte(text)); err != nil {
			report(at, "not certificates that can be used: "+reason(err))
		}
	default:
		report(at, missing("certificate", "certificates", text, slices.Sorted(maps.Keys(cfg.Certificates))))
	}
}

func checkTrustRoot(cfg *config.Config, authority map[string]any, at string, report reporter) {
	name, _ := authority["trust_root"].(string)
	if _, named := cfg.TrustRoots[name]; name != "" && !named {
		report(config.Join(at, "trust_root"), missing("trust root", "trust_roots", name, slices.Sorted(maps.Keys(cfg.TrustRoots))))
	}
}

// checkAuthority reports the name of an authority that the parameters do not hold.
func checkAuthority(value map[string]any, name any, at string, report reporter) {
	text, _ := name.(string)
	var known []string
	each(value, "", "authorities", func(entry any, _ string) {
		if named, _ := object(entry)["name"].(string); named != "" {
			known = append(known, named)
		}
	})
	if text != "" && !slices.Contains(known, text) {
		report(at, missing("authority", "authorities", text, known))
	}
}

// missing says that a name is not in the configuration, and what is.
func missing(what, section, name string, known []string) string {
	if len(known) == 0 {
		return fmt.Sprintf("no %s is named %q; add it under %s", what, name, section)
	}
	return fmt.Sprintf("no %s is named %q%s", what, name, hint(name, known))
}

func isPEM(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN") }

func checkIdentity(identity map[string]any, at string, report reporter) {
	for _, field := range []string{"issuer_pattern", "subject_pattern"} {
		pattern, _ := identity[field].(string)
		if pattern == "" {
			continue
		}
		if _, err := cosign.CompilePattern(pattern); err != nil {
			report(config.Join(at, field), "not a pattern that can be used: "+reason(err))
		}
	}
}

func checkThreshold(authority map[string]any, at string, report reporter) {
	number, _ := authority["threshold"].(json.Number)
	wanted, err := number.Int64()
	keys, _ := authority["keys"].([]any)
	identities, _ := authority["identities"].([]any)
	if most := len(keys) + len(identities); err == nil && most > 0 && wanted > int64(most) {
		report(config.Join(at, "threshold"), fmt.Sprintf("wants %d signers, and names %d keys and identities", wanted, most))
	}
}

func checkEnd(value any, at string, report reporter) {
	text, _ := value.(string)
	if text == "" {
		return
	}
	_, day := time.Parse(time.DateOnly, text)
	if _, instant := time.Parse(time.RFC3339, text); day != nil && instant != nil {
		report(at, fmt.Sprintf("%q is not a day such as 2026-12-31", text))
	}
}
