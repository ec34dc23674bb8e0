package page_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/waxseal/waxseal/builtins/audit"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/page"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report/reporttest"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// reports are what pages are made of here, and in the browser (tests/page).
var reports = map[string]func() *report.Report{
	"sample":  reporttest.Sample,
	"bare":    func() *report.Report { return &report.Report{} },
	"hostile": hostile,
	"large":   large,
}

// TestWritesPagesForTheBrowser writes the pages that tests/page opens.
func TestWritesPagesForTheBrowser(t *testing.T) {
	dir := os.Getenv("WAXSEAL_PAGES")
	if dir == "" {
		t.Skip("make test-page says where")
	}
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for name, make := range reports {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".html"), write(t, make()), 0o644))
		data, err := json.Marshal(make())
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".json"), data, 0o644))
	}
}

func write(t *testing.T, r *report.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, page.Write(&b, r))
	return b.Bytes()
}

func parse(t *testing.T, r *report.Report) *html.Node {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(write(t, r)))
	require.NoError(t, err)
	return doc
}

// elements returns the elements of a name ("" for all) below a node.
func elements(n *html.Node, name string) []*html.Node {
	var out []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && (name == "" || d.Data == name) {
			out = append(out, d)
		}
	}
	return out
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// byAttr returns the elements with an attribute of a value.
func byAttr(n *html.Node, key, value string) []*html.Node {
	var out []*html.Node
	for _, e := range elements(n, "") {
		if attr(e, key) == value {
			out = append(out, e)
		}
	}
	return out
}

func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

const attack = `</script><img src=x onerror="alert(1)">'"` + "`" + `{{.}}<style>*{display:none}</style>javascript:alert(2) ` + "\u202eevil\x1b[31m\x00\r\n" + ` </td></table> data:text/html,x`

// hostile is the sample with an attack in every text, and one word that never ends.
func hostile() *report.Report {
	r := copied(reporttest.Sample())
	poison(reflect.ValueOf(r).Elem())
	r.Images[0].Repository = strings.Repeat("long", 200)
	r.Findings[0].Msg = strings.Repeat("x", 5000)
	r.Audit.Title = strings.Repeat("W", 300) + attack
	return r
}

// copied shares nothing with the sample, which shares lists between its findings.
func copied(r *report.Report) *report.Report {
	data, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	out := &report.Report{}
	if err := json.Unmarshal(data, out); err != nil {
		panic(err)
	}
	return out
}

// poison adds the attack to all strings.
func poison(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + attack)
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			if v.Type().Elem().Kind() == reflect.Interface {
				v.SetMapIndex(reflect.ValueOf(key.String()+attack), reflect.ValueOf(attack))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			poison(v.Field(i))
		}
	}
}

// The size that has to stay readable.
const manyImages, manyFindings, manyRows = 400, 2000, 600

func large() *report.Report {
	r := reporttest.Sample()
	images, findings, rejections := r.Images, r.Findings, r.Logs.Rejections
	r.Images, r.Findings, r.Logs.Rejections = nil, nil, nil
	for i := range manyImages {
		img := images[i%len(images)]
		img.Digest = reporttest.Digest(fmt.Sprint(i))
		img.Repository = fmt.Sprintf("registry.example/team-%02d/service-%03d", i%20, i)
		img.Ref = img.Repository + "@" + img.Digest
		img.Findings = nil
		r.Images = append(r.Images, img)
	}
	for i := range manyFindings {
		f := findings[i%len(findings)]
		img := &r.Images[i%manyImages]
		f.ID, f.Image, f.Digest = fmt.Sprintf("f%05d", i), img.Ref, img.Digest
		img.Findings = append(img.Findings, f.ID)
		r.Findings = append(r.Findings, f)
	}
	for i := range manyRows {
		row := rejections[i%len(rejections)]
		row.User = fmt.Sprintf("user-%03d", i)
		r.Logs.Rejections = append(r.Logs.Rejections, row)
	}
	r.Sample.Drawn, r.Sample.Of = manyImages, manyImages
	r.Summary.Images, r.Summary.Judged = manyImages, manyImages
	return r
}

func finding(severity, title string) report.Finding {
	return report.Finding{ID: title, Violation: render.Violation{Severity: severity, Title: title, Code: "policy.code", Policy: "policy"}}
}

func rejected(day, action string, n int) audit.Rejection {
	return audit.Rejection{Day: day, Action: action, Count: n, Rule: "signed_images.unsigned", Registry: "registry.example", Namespace: "shop", User: "alice"}
}
