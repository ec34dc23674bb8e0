package forms_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/forms"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report/reporttest"
)

func rows(t *testing.T, r *report.Report, format string) []map[string]string {
	t.Helper()
	text := written(t, r, format, forms.Options{})
	require.Equal(t, strings.Count(text, "\n"), strings.Count(text, "\r\n"), "every line ends as RFC 4180 says")
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	var out []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		out = append(out, row)
	}
	return out
}

func TestCSV(t *testing.T) {
	sample := reporttest.Sample()
	sample.Images[1].Sampled = false
	images := rows(t, sample, "csv")
	require.Len(t, images, 11, "one for each image of the sample")
	require.Equal(t, "denied", images[1]["verdict"])
	require.Equal(t, "signed_images.unsigned", images[1]["codes"])
	require.Equal(t, "", images[1]["signers"])
	require.Equal(t, "key release", images[0]["signers"])
	require.Equal(t, "", images[7]["critical"], "without a scan there is no number")
	require.Equal(t, "0", images[0]["critical"])
	require.Equal(t, "allowed_registries.not_approved | scanned_images.no_report | signed_images.no_authority", images[7]["codes"])

	findings := rows(t, sample, "csv-findings")
	require.Len(t, findings, len(sample.Findings))
	require.Equal(t, "41", findings[10]["line"])
	require.Equal(t, "false", findings[2]["answered"])
	require.Len(t, rows(t, sample, "csv-controls"), 23)
	require.Equal(t, "fail", rows(t, sample, "csv-controls")[1]["status"])
	require.Len(t, rows(t, sample, "csv-rejections"), 24)
	require.Equal(t, "allowed_registries.not_approved", rows(t, sample, "csv-rejections")[0]["rule"])
	require.Len(t, rows(t, sample, "csv-keys"), 3)
	require.Equal(t, "waxseal.yaml policies.signed_images.authorities[0] for registry.example/shop/**", rows(t, sample, "csv-keys")[0]["trusted"])
}

func TestCSVIsNoFormula(t *testing.T) {
	for _, format := range []string{"csv", "csv-findings", "csv-controls", "csv-rejections", "csv-keys"} {
		all := rows(t, attacked(), format)
		require.NotEmpty(t, all)
		for _, row := range all {
			for name, cell := range row {
				require.NotRegexp(t, `^\s*[=+\-@\t\r]`, cell, name)
				require.NotRegexp(t, `[;|]["'\s]*[=+\-@]`, strings.ReplaceAll(cell, "'=", ""), name)
			}
		}
	}
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", " =1": "' =1", "＝1": "'＝1",
		"\t=1": `\t=1`, "\r=1": `\r=1`, "a;=1": "a;'=1", "a; \"=1": "a; \"'=1", "a-b@c=d": "a-b@c=d", "registry.example/a:1": "registry.example/a:1",
	} {
		r := reporttest.Sample()
		r.Images[0].Tag = text
		require.Equal(t, want, rows(t, r, "csv")[0]["tag"], text)
	}
}
