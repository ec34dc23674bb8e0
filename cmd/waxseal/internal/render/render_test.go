package render_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	digest   = "@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
	sign     = "Sign the image in the pipeline that builds it, or use an image that is signed."
	again    = "Try again; if it stays, see that the registry can be reached and that its credentials are configured."
	web      = "registry.example/shop/web:1.4"
	proxy    = "registry.example/platform/proxy:2" + digest
	hostile  = "evil\x1b[2J\x1b]0;owned\x07\n::error::pwned%0A\u202egpj\u2066\u009b31m"
	controls = "NIST-800-53:CM-14"
)

func unsigned(object, kind, container, image, path string) render.Violation {
	ns, name, _ := strings.Cut(object, "/")
	return render.Violation{
		Code: "signed_images.unsigned", Policy: "signed_images", Severity: "high", Title: "The image is not signed",
		Msg:         `image ` + quote(image) + ` of container ` + quote(container) + ` in ` + kind + ` ` + object + `: it is not signed, and a signature of authority "release" was expected (unsigned: no signature was found). ` + sign,
		Remediation: sign, Image: image, Controls: []string{controls},
		Where:  render.Where{Kind: kind, Namespace: ns, Name: name, Path: path, Container: container},
		Errors: []render.Error{{Code: "unsigned", Message: "no signature was found"}},
	}
}

// study is a report about files: one is wrong, of one nobody can tell.
func study() *render.Report {
	at := func(file string, line int) render.Where {
		return render.Where{Kind: "Pipeline", Name: "ci.yml", File: file, Line: line}
	}
	wrong := render.FileDecision("ci.yml")
	snippet := "- run: cosign sign --yes \"$IMAGE@$DIGEST\"\n  env: {DIGEST: x}\n"
	for _, line := range []int{7, 9} {
		wrong.Violations = append(wrong.Violations, render.Violation{
			Code: "pipeline_signs_images.unsigned", Policy: "pipeline_signs_images", Severity: "high", Title: "The pipeline does not sign the image",
			Msg: "image \"" + web + "\" of ci.yml: nothing signs it. " + sign, Remediation: sign, Image: web, Where: at("build/Makefile", line),
			Snippet: snippet, Controls: []string{controls},
		})
	}
	untold := render.FileDecision(hostile)
	untold.Violations = []render.Violation{{
		Code: "pipeline_signs_images.cannot_tell", Policy: "pipeline_signs_images", Severity: "medium", Title: "Nobody can tell", Msg: hostile, Snippet: hostile,
		Where: render.Where{Kind: "Pipeline", Name: hostile, File: hostile, Line: 3}, Errors: []render.Error{{Code: "not_visible", Message: "x", Retryable: true}},
	}}
	r := render.NewReport([]render.Decision{wrong, untold})
	r.Study = &render.Study{
		Lines: []string{"1 of 2 images are signed"}, Facts: map[string]any{"images": 2},
		Grids: []render.Grid{{Columns: []string{"IMAGE", "LINE", "SIGNED"}, Rows: []render.Row{
			{Verdict: render.Denied, Group: "ci.yml", Cells: []string{web, "7", "no"}},
			{Verdict: render.Admitted, Group: "ci.yml", Cells: []string{proxy, "9", "yes, cosign-keyless by digest"}},
			{Verdict: render.CannotTell, Group: hostile, Cells: []string{hostile, "3"}},
		}}, {Columns: []string{"KEY"}, Under: []string{"lives in", "trusted by"}, Rows: []render.Row{
			{Verdict: render.Admitted, Cells: []string{"release", "file cosign.pub", hostile}},
			{Verdict: render.Denied, Cells: []string{"not listed", "", "cluster prod ClusterPolicy verify-image spec.rules[0].verifyImages[0].attestors[0].entries[0].keys.publicKeys"}},
		}}, {Columns: []string{"EMPTY"}}},
	}
	return r
}

func quote(s string) string {
	b, _ := json.Marshal(s) // strings always can be
	return string(b)
}

// everything is a report with one of everything.
func everything() *render.Report {
	deployment := render.Decision{
		File: "deploy/web.yaml", Document: 2, Line: 12, Kind: "Deployment", Namespace: "shop", Name: "web",
		Images: []render.Image{
			{Container: "migrate", Image: proxy, Path: "spec.template.spec.initContainers[0]", Type: "init", Admitted: true},
			{Container: "app", Image: web, Path: "spec.template.spec.containers[0]", Type: "container"},
		},
		LineOf: func(path string) int { return map[string]int{"spec.template.spec.containers[0].image": 27}[path] },
	}
	deployment.Violations = []render.Violation{
		unsigned("shop/web", "Deployment", "app", web, "spec.template.spec.containers[0]"),
		{
			Code: "pinned_digests.not_pinned", Policy: "pinned_digests", Severity: "critical", Title: "The image is named by a tag only",
			Msg:         "The image is named by a tag only",
			Remediation: "Name the image by digest, as in name:tag@sha256:...; `waxseal verify IMAGE` prints the digest of a tag.",
			Image:       web, Where: render.Where{Kind: "Deployment", Namespace: "shop", Name: "web", Path: "spec.template.spec.containers[0]", Container: "app"},
		},
	}
	job := render.Decision{
		File: "-", Document: 1, Item: "items[3]", Line: 4, Kind: "CronJob", Name: "nightly",
		Images: []render.Image{{Container: "job", Image: proxy, Path: "spec.jobTemplate.spec.template.spec.containers[0]", Type: "container"}},
		Violations: []render.Violation{{
			Code: "signed_images.unknown", Policy: "signed_images", Severity: "medium", Title: "Whether the image is signed cannot be told now",
			Msg:         `image "` + proxy + `" of container "job" in CronJob nightly: whether authority "release" signed it cannot be told now (unavailable: connection refused). ` + again,
			Remediation: again, Image: proxy, Controls: []string{controls},
			Where:  render.Where{Kind: "CronJob", Name: "nightly", Path: "spec.jobTemplate.spec.template.spec.containers[0]", Container: "job"},
			Errors: []render.Error{{Code: "unavailable", Message: "connection refused", Retryable: true}},
		}},
	}
	pod := render.Decision{
		File: "pods.yaml", Document: 1, Line: 1, Kind: "Pod", Namespace: "shop", Name: "cart",
		Images: []render.Image{
			{Container: "cart", Image: proxy, Path: "spec.containers[0]", Type: "container", Admitted: true},
			{Container: "log", Image: proxy, Path: "spec.containers[1]", Type: "container", Admitted: true},
		},
		Notes: []render.Violation{{
			Code: "scanned_images.excepted", Policy: "scanned_images", Severity: "low", Title: "An exception was used",
			Msg:   `image "` + proxy + `" of container "cart" in Pod shop/cart: CVE-2026-1234 is excepted until 2026-12-31 by the shop team (no fix yet).`,
			Image: proxy, Where: render.Where{Kind: "Pod", Namespace: "shop", Name: "cart", Path: "spec.containers[0]", Container: "cart"},
		}},
	}
	parameters := render.Decision{
		File: "pods.yaml", Document: 2, Line: 20, Kind: "Pod", Name: "lonely", Warnings: []string{"the object has no namespace"},
		Images: []render.Image{{Container: "main", Image: "nginx", Path: "spec.containers[0]", Type: "container"}},
		Violations: []render.Violation{{
			Code: "signed_images.parameters", Policy: "signed_images", Severity: "high", Title: "The parameters of the policy are wrong",
			Msg:         "Pod lonely: signed_images.authorities is missing or empty: nobody is trusted. The owner of the policy has to correct the parameters.",
			Remediation: "The owner of the policy has to correct the parameters.",
			Where:       render.Where{Kind: "Pod", Name: "lonely"},
		}},
	}
	return render.NewReport([]render.Decision{
		{File: "ok.yaml", Document: 1, Line: 1, Kind: "ConfigMap", Name: "settings"},
		deployment, job, pod, parameters,
		{
			File: "flow.yaml", Document: 1, Line: 1, Kind: "Workflow", Namespace: "ci", Name: "build",
			NotJudged: []render.NotJudged{{Path: "spec.templates[0].container.image", Reason: "Workflow is not a kind whose images are known to be here; name it in the parameter workloads"}},
		},
		{File: "bad.yaml", Document: 3, Line: 44, Err: `bad.yaml: document 3, line 44: the key "image" stands twice, first in line 41`},
		{
			File: "odd.yaml", Document: 1, Line: 1, Kind: "Pod", Name: "silent",
			Images: []render.Image{{Container: "c", Image: "", Path: "spec.containers[0]", Type: "container"}},
		},
	}, render.FileNote{File: "chart/values.yaml", Text: "Helm values, not a manifest: skipped"})
}

func attack() *render.Report {
	v := unsigned("shop/web", "Pod", hostile, hostile, "spec.containers[0]")
	v.Title, v.Remediation, v.Where.Name = hostile, hostile, hostile
	v.Msg = hostile + ": " + v.Msg
	v.Errors[0].Message = hostile
	return render.NewReport([]render.Decision{
		{
			File: "a,b:c%\n.yaml", Document: 1, Line: 1, Kind: hostile, Namespace: hostile, Name: hostile, Warnings: []string{hostile},
			Images:     []render.Image{{Container: hostile, Image: hostile, Path: "spec.containers[0]", Type: hostile}},
			Violations: []render.Violation{v}, Notes: []render.Violation{v},
			NotJudged: []render.NotJudged{{Path: hostile, Reason: hostile}},
		},
		{File: hostile, Document: 1, Err: hostile},
	}, render.FileNote{File: hostile, Text: hostile})
}

func written(t *testing.T, r *render.Report, format string, opts render.Options) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.Write(&b, format, opts))
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, row := range map[string]struct {
		report *render.Report
		format string
		opts   render.Options
	}{
		"everything-80.txt":     {everything(), render.Table, render.Options{Width: 80}},
		"everything-120.txt":    {everything(), render.Table, render.Options{Width: 120}},
		"everything-colour.txt": {everything(), render.Table, render.Options{Width: 80, Colour: true}},
		"everything.json":       {everything(), render.JSON, render.Options{}},
		"everything.yaml":       {everything(), render.YAML, render.Options{}},
		"everything.xml":        {everything(), render.JUnit, render.Options{}},
		"everything.sarif":      {everything(), render.SARIF, render.Options{Version: "1.2.3"}},
		"everything.github":     {everything(), render.GitHub, render.Options{}},
		"everything.md":         {everything(), render.Markdown, render.Options{}},
		"hostile.md":            {attack(), render.Markdown, render.Options{}},
		"study-60.txt":          {study(), render.Table, render.Options{Width: 60}},
		"study-120.txt":         {study(), render.Table, render.Options{Width: 120}},
		"study-colour.txt":      {study(), render.Table, render.Options{Width: 80, Colour: true}},
		"study.json":            {study(), render.JSON, render.Options{}},
		"study.md":              {study(), render.Markdown, render.Options{}},
		"study.sarif":           {study(), render.SARIF, render.Options{Version: "1.2.3"}},
		"study.github":          {study(), render.GitHub, render.Options{}},
		"hostile.txt":           {attack(), render.Table, render.Options{Width: 80}},
		"hostile.github":        {attack(), render.GitHub, render.Options{}},
		"nothing.txt":           {render.NewReport(nil), render.Table, render.Options{}},
		"nothing.sarif":         {render.NewReport(nil), render.SARIF, render.Options{}},
		"nothing.json":          {render.NewReport(nil), render.JSON, render.Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := written(t, row.report, row.format, row.opts)
			path := filepath.Join("testdata", name)
			if *update {
				require.NoError(t, os.MkdirAll("testdata", 0o755))
				require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), got)
		})
	}
}

func TestWidth(t *testing.T) {
	for _, width := range []int{40, 60, 80, 120} {
		for _, r := range []*render.Report{everything(), attack()} {
			for _, line := range strings.Split(written(t, r, render.Table, render.Options{Width: width}), "\n") {
				require.LessOrEqual(t, len([]rune(line)), width, line)
			}
		}
	}
}

// Nothing of an attacker's reaches a terminal or a log as anything but text.
func TestHostileText(t *testing.T) {
	for _, format := range render.Formats() {
		t.Run(format, func(t *testing.T) {
			got := written(t, attack(), format, render.Options{Width: 80})
			for _, r := range got {
				require.True(t, r == '\n' || unicode.IsPrint(r), "%U in %q", r, got)
			}
			for _, line := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
				if strings.HasPrefix(line, "::") {
					require.Equal(t, render.GitHub, format)
					require.Regexp(t, `^::(error|notice|warning) file=[^,:]+,(line=1,)?title=[^,:]+::`, line)
					require.NotContains(t, line, "%0A", "a newline that GitHub would decode")
				}
			}
		})
	}
}

// What was written as JSON, YAML and JUnit says what the report says.
func TestMachineReadable(t *testing.T) {
	for _, r := range []*render.Report{everything(), attack()} {
		var fromJSON, fromYAML any
		require.NoError(t, json.Unmarshal([]byte(written(t, r, render.JSON, render.Options{})), &fromJSON))
		require.NoError(t, yaml.Unmarshal([]byte(written(t, r, render.YAML, render.Options{})), &fromYAML))
		again, err := json.Marshal(fromYAML)
		require.NoError(t, err)
		straight, err := json.Marshal(r)
		require.NoError(t, err)
		require.JSONEq(t, string(straight), string(again))
		require.JSONEq(t, string(straight), written(t, r, render.JSON, render.Options{}))

		var suites struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
			Cases    []struct {
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
			} `xml:"testsuite>testcase"`
		}
		require.NoError(t, xml.Unmarshal([]byte(written(t, r, render.JUnit, render.Options{})), &suites))
		failures, errs := 0, 0
		for _, c := range suites.Cases {
			if c.Failure != nil {
				failures++
			}
			if c.Error != nil {
				errs++
			}
		}
		require.Equal(t, [3]int{len(suites.Cases), failures, errs}, [3]int{suites.Tests, suites.Failures, suites.Errors})
	}
}

func TestSARIFSchema(t *testing.T) {
	raw, err := os.ReadFile("../../../../../shared/data/scans/grype/grype/presenter/sarif/testdata/sarif-schema-2.1.0.json")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the schema is not at hand")
	}
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("sarif.json", doc))
	schema, err := c.Compile("sarif.json")
	require.NoError(t, err)
	for _, r := range []*render.Report{everything(), attack(), render.NewReport(nil)} {
		log, err := jsonschema.UnmarshalJSON(strings.NewReader(written(t, r, render.SARIF, render.Options{Version: "1"})))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(log))
	}
}

func TestSARIFFingerprintsStay(t *testing.T) {
	prints := func(line int) []string {
		d := render.Decision{File: "a.yaml", Line: line, Violations: []render.Violation{unsigned("shop/web", "Pod", "a", "x", "spec.containers[0]")}}
		var log struct {
			Runs []struct {
				Results []struct {
					Fingerprints map[string]string `json:"partialFingerprints"`
				}
			}
		}
		require.NoError(t, json.Unmarshal([]byte(written(t, render.NewReport([]render.Decision{d}), render.SARIF, render.Options{})), &log))
		return []string{log.Runs[0].Results[0].Fingerprints["waxseal/v1"]}
	}
	require.Equal(t, prints(1), prints(99))
}

func TestExit(t *testing.T) {
	answer := render.Violation{Code: "a"}
	no := render.Violation{Code: "b", Errors: []render.Error{{Code: "unsigned"}}}
	mixed := render.Violation{Code: "c", Errors: []render.Error{{Code: "unavailable", Retryable: true}, {Code: "unsigned"}}}
	later := render.Violation{Code: "d", Errors: []render.Error{{Code: "unavailable", Retryable: true}}}
	misuse := render.Violation{Code: "e", Errors: []render.Error{{Code: "invalid_request"}}}
	with := func(v ...render.Violation) render.Decision { return render.Decision{Violations: v} }
	for name, row := range map[string]struct {
		decisions []render.Decision
		want      int
		verdict   render.Verdict
	}{
		"nothing":             {[]render.Decision{{}}, 0, render.Admitted},
		"admitted":            {[]render.Decision{{Images: []render.Image{{Admitted: true}}}}, 0, render.Admitted},
		"notes deny nothing":  {[]render.Decision{{Notes: []render.Violation{answer}}}, 0, render.Admitted},
		"warnings":            {[]render.Decision{{Warnings: []string{"x"}}}, 0, render.Admitted},
		"without asking":      {[]render.Decision{with(answer)}, 1, render.Denied},
		"the answer is no":    {[]render.Decision{with(no)}, 1, render.Denied},
		"one answer is no":    {[]render.Decision{with(mixed)}, 1, render.Denied},
		"later":               {[]render.Decision{with(later)}, 2, render.CannotTell},
		"later and no":        {[]render.Decision{with(later, no)}, 1, render.Denied},
		"misuse":              {[]render.Decision{with(misuse)}, 2, render.CannotTell},
		"not judged":          {[]render.Decision{{NotJudged: []render.NotJudged{{Path: "x"}}}}, 2, render.CannotTell},
		"not read":            {[]render.Decision{{Err: "x"}}, 2, render.CannotTell},
		"not read, later no":  {[]render.Decision{{Err: "x"}, with(no)}, 1, render.CannotTell},
		"silently refused":    {[]render.Decision{{Images: []render.Image{{}}}}, 2, render.CannotTell},
		"admitted, then late": {[]render.Decision{{}, with(later), {}}, 2, render.Admitted},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, row.want, render.Exit(row.decisions))
			r := render.NewReport(row.decisions)
			require.Equal(t, row.want, r.Exit)
			require.Equal(t, row.verdict, r.Decisions[0].Verdict)
		})
	}
}

func TestSummary(t *testing.T) {
	r := everything()
	require.Equal(t, render.Summary{Objects: 7, Images: 7, Admitted: 3, Denied: 2, CannotTell: 2, NotJudged: 1, Unreadable: 1}, r.Summary)
	require.Equal(t, "3 of 7 images admitted, 2 denied, 2 could not be judged; 1 place not understood, 1 document not read", r.Summary.String())
	require.Equal(t, "1 of 1 image admitted, 0 denied, 0 could not be judged",
		render.NewReport([]render.Decision{{Images: []render.Image{{Admitted: true}}}}).Summary.String())
}

// A violation outweighs an image that calls itself admitted.
func TestSummaryFailsClosed(t *testing.T) {
	v := unsigned("shop/web", "Pod", "a", "x", "spec.containers[0]")
	image := render.Image{Container: "a", Image: "x", Path: "spec.containers[0]", Admitted: true}
	r := render.NewReport([]render.Decision{{Images: []render.Image{image}, Violations: []render.Violation{v}}})
	require.Equal(t, 1, r.Summary.Denied)
	require.Zero(t, r.Summary.Admitted)
}

func TestUnknownFormat(t *testing.T) {
	err := everything().Write(&bytes.Buffer{}, "csv", render.Options{})
	require.EqualError(t, err, `unknown format "csv": expected one of table, json, yaml, junit, sarif, github, markdown`)
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriterBreaks(t *testing.T) {
	for _, format := range render.Formats() {
		require.ErrorContains(t, everything().Write(broken{}, format, render.Options{}), "disk full", format)
	}
}

// Under a name of its own, an image of a mirror is said to be judged as another.
func TestJudgedAs(t *testing.T) {
	report := render.NewReport([]render.Decision{{
		File: "web.yaml", Document: 1, Line: 1, Kind: "Pod", Name: "web", Images: []render.Image{{Container: "app", Image: web, Type: "container"}},
		Violations: []render.Violation{{
			Code: "signed_images.unsigned", Title: "The image is not signed", Image: web, Where: render.Where{Kind: "Pod", Name: "web", Container: "app"},
			Msg: `image "` + web + `" (judged as docker.io/library/nginx) of container "app" in Pod web: it is not signed.`,
		}},
	}})
	text := written(t, report, render.Table, render.Options{Width: 80})
	require.Contains(t, text, "Judged as docker.io/library/nginx: it is not signed.\n")
	require.NotContains(t, text, "in Pod web:")
}

func TestWriteSuitsThePlace(t *testing.T) {
	t.Setenv("COLUMNS", "60")
	var b bytes.Buffer
	require.NoError(t, render.Write(&b, render.Table, everything()))
	require.Equal(t, written(t, everything(), render.Table, render.Options{Width: 60}), b.String())
	require.True(t, render.Known("sarif"))
	require.False(t, render.Known("csv"))
}

// What is long is put on lines of its own, and no word is broken: people copy digests.
func TestHang(t *testing.T) {
	opts := render.Options{Width: 40}
	digest := "sha256:" + strings.Repeat("5e", 16)
	require.Equal(t, "VERIFIED     app.tgz\n", render.Hang("VERIFIED     ", "app.tgz", opts))
	require.Equal(t, "  ✗ the bundle is about another file,\n    and not this\n", render.Hang("  ✗ ", "the bundle is about another file, and not this", opts))
	require.Equal(t, "  signed by  key "+digest+"\n", render.Hang("  signed by  ", "key "+digest, opts), "it fits nowhere")
	require.Equal(t, "\\x1b[31mred\n", render.Hang("", "\x1b[31mred", opts))
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"registry.example/a:b":     "registry.example/a:b",
		"a\nb\r\tc":                `a\nb\r\tc`,
		"\x1b[31mred\x7f\x00":      `\x1b[31mred\x7f\x00`,
		"\u202e\u200b\u00a0\u2028": `\u202e\u200b\u00a0\u2028`,
		"\xff\xfe":                 `\xff\xfe`,
		"é → 日本":                   "é → 日本",
	} {
		require.Equal(t, want, render.Clean(text))
	}
}

func TestTerminal(t *testing.T) {
	env := func(values map[string]string) func(string) string {
		return func(name string) string { return values[name] }
	}
	require.Equal(t, render.Options{Width: 80}, render.Terminal(&bytes.Buffer{}, env(nil)))
	require.Equal(t, render.Options{Width: 100}, render.Terminal(&bytes.Buffer{}, env(map[string]string{"COLUMNS": "100"})))
	require.Equal(t, render.Options{Width: 40}, render.Terminal(&bytes.Buffer{}, env(map[string]string{"COLUMNS": "1"})))
	require.Equal(t, render.Options{Width: 140}, render.Terminal(&bytes.Buffer{}, env(map[string]string{"COLUMNS": "999"})))
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer f.Close()
	require.False(t, render.Terminal(f, env(nil)).Colour, "a file is no terminal")
}
