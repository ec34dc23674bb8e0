package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

func (v *view) config() string {
	if v.s.File == "" || v.s.File == "waxseal.yaml" {
		return ""
	}
	return " -c " + quoted(v.s.File)
}

func commandPolicy(v *view) string { return "waxseal policy show" + v.config() }

// commandAgain makes the report of the record again, or looks at the same where there
// is no record.
func commandAgain(v *view) string {
	if again := v.s.reperform(); again != "" {
		return again
	}
	out := "waxseal audit"
	for _, c := range v.g.Clusters {
		switch {
		case c.Context != "":
			out += " --context " + quoted(c.Context)
		case c.Server != "":
			out += " --cluster"
		}
	}
	for _, r := range v.g.Repositories {
		out += " --repository " + quoted(r.Name)
	}
	for _, name := range first(v.g.LogFiles, 3) {
		out += " --log " + quoted(name)
	}
	if out == "waxseal audit" {
		out += " --cluster"
	}
	return out + v.config()
}

func commandProbe(v *view) string {
	for _, c := range v.g.Clusters {
		if c.Context != "" {
			return "waxseal probe --context " + quoted(c.Context)
		}
	}
	return "waxseal probe"
}

func commandEnforcement(v *view) string {
	var out []string
	for _, c := range v.g.Clusters {
		if c.Context == "" {
			continue
		}
		out = append(out, "waxseal enforcement --cluster --context "+quoted(c.Context)+v.config())
	}
	return cmp.Or(strings.Join(out, "; "), "waxseal enforcement --cluster"+v.config())
}

func commandPipelines(v *view) string {
	var out []string
	for _, r := range v.g.Repositories {
		out = append(out, "waxseal pipeline"+v.config()+" "+quoted(r.Name))
	}
	return cmp.Or(strings.Join(out, "; "), "waxseal pipeline"+v.config())
}

func commandImages(v *view) string {
	var refs []string
	for _, img := range v.sampled() {
		refs = append(refs, quoted(img.Ref))
	}
	const most = 20 // a command that people can read
	if len(refs) == 0 || len(refs) > most {
		return commandAgain(v)
	}
	return v.verify(refs)
}

func (v *view) commandImage(img report.Image) string { return v.verify([]string{quoted(img.Ref)}) }

// verify is the command that judges images. Who writes a Pod chooses what stands there:
// it is no flag.
func (v *view) verify(refs []string) string {
	if slices.ContainsFunc(refs, func(ref string) bool { return strings.HasPrefix(strings.TrimLeft(ref, "'"), "-") }) {
		refs = append([]string{"--"}, refs...)
	}
	return "waxseal verify" + v.config() + " " + strings.Join(refs, " ")
}
