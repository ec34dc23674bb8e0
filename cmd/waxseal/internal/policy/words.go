package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/inventory"
	"github.com/waxseal/waxseal/rego"
)

// Words are what a policy asks for with its parameters, in sentences: who is trusted
// for what, and every other parameter that is given, by the title that its schema
// has; without any parameter the demand itself. A policy that is not of the library
// has no titles.
func Words(policy string, parameters map[string]any) []string {
	s := schemaOf(policy)
	out := append([]string{}, s.words(policy, "", parameters)...)
	if len(out) == 0 && s.Description != "" {
		out = append(out, ended(s.Description))
	}
	return out
}

// schema is what is read of the schema of parameters.
type schema struct {
	Title, Description string
	Properties         map[string]*schema
	Items              *schema
}

func schemaOf(policy string) *schema {
	s := &schema{}
	if raw, err := rego.FS.ReadFile(path.Join(folder(policy), "parameters.json")); err == nil {
		_ = json.Unmarshal(raw, s) // a schema that is none has no titles
	}
	return s
}

func (s *schema) property(name string) *schema {
	if s != nil && s.Properties[name] != nil {
		return s.Properties[name]
	}
	return &schema{}
}

// titled is the title of a parameter, or its name.
func (s *schema) titled(name string) string {
	if title := s.property(name).Title; title != "" {
		return title
	}
	return strings.ReplaceAll(name, "_", " ")
}

// words are the sentences of an object of parameters; above is what it is about.
func (s *schema) words(policy, above string, values map[string]any) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list, isList := values[name].([]any)
		object, isObject := values[name].(map[string]any)
		title := above + s.titled(name)
		switch {
		case isList && leads[name] != "":
			out = append(out, authorities(policy, above, name, list)...)
		case isObject && len(object) > 0:
			out = append(out, s.property(name).words(policy, title+": ", object)...)
		case isList && len(list) > 0 && isMap(list[0]):
			for _, item := range list {
				out = append(out, title+": "+s.property(name).Items.value(item))
			}
		default:
			out = append(out, title+": "+s.property(name).value(values[name]))
		}
	}
	return out
}

// value is a value in words.
func (s *schema) value(value any) string {
	switch v := value.(type) {
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	case []any:
		texts := make([]string, len(v))
		for i, item := range v {
			texts[i] = s.value(item)
		}
		if len(texts) == 0 {
			return "none"
		}
		return strings.Join(texts, ", ")
	case map[string]any:
		var texts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			texts = append(texts, strings.ToLower(s.titled(name))+" "+s.property(name).value(v[name]))
		}
		if len(texts) == 0 {
			return "nothing"
		}
		return strings.Join(texts, "; ")
	}
	return fmt.Sprint(value)
}

func isMap(value any) bool {
	_, ok := value.(map[string]any)
	return ok
}

// leads are the parameters that say who is trusted, with how that reads: for which
// images, what has to be made, and by whom.
var leads = map[string]string{
	"authorities":     "Images that match %s have to %s by %s",
	"exceptions_from": "Exceptions for images that match %s may be attested by %[3]s",
	"verified_by":     "For images that match %s a verification summary stands in that is signed by %[3]s",
}

// deeds are what authorities have to have done to images, by policy.
var deeds = map[string]string{
	"signed_images": "be signed", "scanned_images": "have a report of a scan that is signed", "attested_build": "have provenance that is signed",
	"sbom_attached": "have an SBOM that is signed", "denied_packages": "have an SBOM that is signed", "base_image": "have provenance that is signed",
}

func authorities(policy, above, field string, list []any) []string {
	deed := deeds[policy]
	if deed == "" {
		deed = "have an attestation that is signed"
	}
	if above != "" && field == "authorities" { // VEX of scanned_images
		deed = "have a statement that is signed"
	}
	var out []string
	for _, item := range list {
		trusted, _ := item.(map[string]any)
		text := fmt.Sprintf(leads[field], images(trusted), deed, signers(trusted))
		if name, _ := trusted["name"].(string); name != "" {
			text += " (" + name + ")"
		}
		out = append(out, above+text+conditions(trusted)+".")
	}
	return out
}

func images(trusted map[string]any) string {
	if all := texts(trusted["images"]); len(all) > 0 {
		return strings.Join(all, ", ")
	}
	return "nothing"
}

// signers are who is trusted, and how many of them have to have signed.
func signers(trusted map[string]any) string {
	var who []string
	for _, key := range texts(trusted["keys"]) {
		if strings.HasPrefix(strings.TrimSpace(key), "-----BEGIN") {
			who = append(who, "a key that is given in PEM")
			continue
		}
		who = append(who, "the key "+key)
	}
	identities, _ := trusted["identities"].([]any)
	for _, item := range identities {
		if identity, ok := item.(map[string]any); ok {
			who = append(who, inventory.Who(identity))
		}
	}
	if name, _ := trusted["notation"].(string); name != "" {
		who = append(who, "whom the trust policy "+name+" of notation names")
	}
	switch threshold := fmt.Sprint(trusted["threshold"]); {
	case len(who) == 0:
		return "nobody"
	case trusted["threshold"] != nil && threshold != "1":
		return "at least " + threshold + " of: " + strings.Join(who, "; ")
	}
	return strings.Join(who, ", or ")
}

// conditions are what else a signature has to be, or need not be.
func conditions(trusted map[string]any) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(trusted)) {
		switch name {
		case "name", "images", "keys", "identities", "notation", "threshold":
		case "insecure_ignore_tlog":
			out = append(out, flag(trusted[name], "no transparency log is asked")...)
		case "insecure_ignore_sct":
			out = append(out, flag(trusted[name], "no proof is asked that certificates were logged")...)
		case "certificates":
			out = append(out, "with a certificate of a private PKI")
		default:
			out = append(out, strings.ReplaceAll(name, "_", " ")+" "+(&schema{}).value(trusted[name]))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "; " + strings.Join(out, "; ")
}

func flag(value any, text string) []string {
	if value == true {
		return []string{text}
	}
	return nil
}

func texts(value any) []string {
	list, _ := value.([]any)
	var out []string
	for _, item := range list {
		if text, ok := item.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

func ended(text string) string { return strings.TrimRight(text, ". ") + "." }
