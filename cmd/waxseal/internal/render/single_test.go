package render_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// alone is the decision about an image that was named on the command line. The
// Pod that the policies judged is in it.
func alone() render.Decision {
	v := unsigned("verify", "Pod", "image", web, "spec.containers[0]")
	v.Where.Namespace, v.Where.Name = "", "verify"
	return render.Decision{
		File: render.CommandLine, Document: 1, Kind: "Pod", Name: "verify",
		Images:     []render.Image{{Container: "image", Image: web, Path: "spec.containers[0]", Type: "container"}},
		Violations: []render.Violation{v},
	}
}

func TestSingleImagesShowNoPod(t *testing.T) {
	r := render.NewReport([]render.Decision{alone()})
	for _, format := range render.Formats() {
		text := written(t, r, format, render.Options{})
		require.NotContains(t, text, "Pod", format)
		require.NotContains(t, text, "spec.containers", format)
		require.Contains(t, text, web, format)
	}
	v := r.Decisions[0].Violations[0]
	require.Equal(t, render.Where{}, v.Where)
	require.Equal(t, `image "`+web+`": it is not signed, and a signature of authority "release" was expected (unsigned: no signature was found). `+sign, v.Msg)
	require.Equal(t, `DENIED       registry.example/shop/web:1.4
      The image is not signed [signed_images.unsigned, high]
      It is not signed, and a signature of authority "release" was expected
      (unsigned: no signature was found).
      → Sign the image in the pipeline that builds it, or use an image that is
        signed.

0 of 1 image admitted, 1 denied, 0 could not be judged
`, written(t, r, render.Table, render.Options{}))
}

// A digest that fits beside the name on no line stands whole on its own, to be copied.
func TestDigestsStayWhole(t *testing.T) {
	d := render.Decision{File: render.CommandLine, Verdict: render.Admitted, Images: []render.Image{{Image: proxy, Type: "container", Admitted: true}}}
	require.Contains(t, written(t, render.NewReport([]render.Decision{d}), render.Table, render.Options{}), "ADMITTED     registry.example/platform/proxy:2\n    "+digest+"\n")
	require.Contains(t, written(t, render.NewReport([]render.Decision{d}), render.Table, render.Options{Width: 140}), "ADMITTED     "+proxy+"\n")
}

func TestExplain(t *testing.T) {
	d := alone()
	d.Notes = []render.Violation{{Code: "scanned_images.suppressed"}}
	d.Evidence = map[string]map[string]any{
		`{"fn":"cosign.verify","opts":{"keys":["release"],"threshold":1},"ref":"` + web + `"}`: {
			"ok": false, "errors": []any{map[string]any{"code": "unsigned", "message": "no signature was found \x1b[2J"}},
		},
		`{"fn":"scan.findings","opts":{},"ref":"` + web + `"}`: {
			"ok": true, "image": map[string]any{"digest": "sha256:2c26"}, "ignored": []any{1, 2},
			"reports": []any{map[string]any{}}, "signers": []any{map[string]any{"key": "release"}, map[string]any{"subject": "https://ci.example"}},
		},
		"no key \x1b": {"ok": true},
	}
	r := render.NewReport([]render.Decision{d, {Kind: "Pod", Name: "fine"}})
	r.Requests = []render.Request{
		{Method: "HEAD", Kind: "manifest", Registry: "registry.example", Repository: "shop/web", Reference: "1.4", Status: 200},
		{Method: "GET", Kind: "token", Registry: "registry.example", Repository: "shop/web", Status: 200, Bytes: 1},
		{Method: "GET", Kind: "referrers", Registry: "registry.example", Repository: "shop/web", Reference: "sha256:2c26", Bytes: 1234},
		{Method: "GET", Kind: "manifest", Registry: "registry.example", Repository: "shop/web", Reference: "1.4", Status: 404, Bytes: 1234},
	}
	var b bytes.Buffer
	r.Explain(&b)
	require.Equal(t, `
registry.example/shop/web:1.4: denied
  evidence  no key \x1b
            → yes
  evidence  cosign.verify registry.example/shop/web:1.4, keys ["release"], threshold 1
            → no: unsigned: no signature was found \x1b[2J
  evidence  scan.findings registry.example/shop/web:1.4
            → yes, for sha256:2c26, 2 signers (release, https://ci.example), 1 report, 2 set aside
  rule      signed_images.unsigned refuses registry.example/shop/web:1.4
  rule      scanned_images.suppressed notes the object

Pod fine: admitted
  rule      none refuses anything

4 requests to registries
   1  HEAD manifest  registry.example/shop/web 1.4 → 200, 0 bytes
   2  GET  token     registry.example/shop/web → 200, 1 byte
   3  GET  referrers registry.example/shop/web sha256:2c26 → no answer
   4  GET  manifest  registry.example/shop/web 1.4 → 404, 1234 bytes
`, b.String())
}
