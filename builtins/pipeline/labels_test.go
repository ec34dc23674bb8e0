package pipeline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline"
	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

// label is what people have read in a pipeline.
type label struct {
	Repo       string  `json:"repo"`
	Path       string  `json:"path"`
	File       string  `json:"file"`
	Builds     bool    `json:"builds_images"`
	Signs      string  `json:"signs_images"`
	SignRef    *string `json:"sign_ref"`
	Scans      bool    `json:"scans_built_image"`
	Gates      *bool   `json:"scan_gates_pipeline"`
	Confidence string  `json:"label_confidence"`
}

// fields are what is compared, in the order of the table.
var fields = []string{"builds_images", "signs_images", "sign_ref", "scans_built_image", "scan_gates_pipeline"}

func (l label) answers() map[string]string {
	signs, _, _ := strings.Cut(l.Signs, "(")
	ref, gates := "-", "-"
	if l.SignRef != nil {
		ref = *l.SignRef
	}
	if l.Gates != nil {
		gates = fmt.Sprint(*l.Gates)
	}
	return map[string]string{
		"builds_images": fmt.Sprint(l.Builds), "signs_images": signs, "sign_ref": ref,
		"scans_built_image": fmt.Sprint(l.Scans), "scan_gates_pipeline": gates,
	}
}

// right are the answers to labels that proved wrong, with the lines that show it.
var right = map[string]map[string]string{
	// Lines 73 to 82 sign with notation (notaryproject/notation-action/sign) what line 72 has pushed, by
	// the same output of the step "prepare", which line 54 makes REPOSITORY:VERSION. The label looked for cosign.
	"pipelines/ratify-project+ratify/.github/workflows/publish-package.yml": {"signs_images": "all", "sign_ref": "tag"},
	// Line 7 of test/ci.mk signs ${KO_PREFIX}/cosign:$(GIT_HASH) alone. Its target needs "ko", which by lines
	// 169 and 181 to 187 of the Makefile also pushes an image with another base, as …-dev: nothing signs that one.
	"pipelines/sigstore+cosign/.github/workflows/build.yaml": {"signs_images": "some"},
}

// mayBuild says whether a part that nobody can see builds images, as far as the
// names of it and of its job tell.
func mayBuild(r *model.Repository) bool {
	for _, p := range r.Pipelines {
		for _, u := range p.Unseen {
			if slices.Contains(u.May, model.Build) || len(u.May) == 0 && slices.Contains(guess.Kinds(u.Name+" "+u.Job), model.Build) {
				return true
			}
		}
	}
	return false
}

// answers derives the same fields from the model.
func answers(r *model.Repository) map[string]string {
	var built []model.Image
	for _, i := range r.Images {
		if i.Built {
			built = append(built, i)
		}
	}
	gates := gate(built)
	return map[string]string{
		"builds_images":       fmt.Sprint(len(built) > 0 || mayBuild(r)),
		"signs_images":        signs(built, r),
		"sign_ref":            signRef(built),
		"scans_built_image":   fmt.Sprint(gates != "-"),
		"scan_gates_pipeline": gates,
	}
}

// leaving are the images that leave the machine; all, when none does.
func leaving(built []model.Image) []model.Image {
	out := slices.DeleteFunc(slices.Clone(built), func(i model.Image) bool { return len(i.Pushed) == 0 })
	if len(out) == 0 {
		return built
	}
	return out
}

func signs(built []model.Image, r *model.Repository) string {
	signed, hidden := 0, false
	images := leaving(built)
	for _, i := range images {
		if len(i.Signed) > 0 {
			signed++
		}
	}
	for _, p := range r.Pipelines {
		for _, u := range p.Unseen {
			hidden = hidden || u.Kind == "signer"
		}
	}
	switch {
	case signed > 0 && signed == len(images):
		return "all"
	case signed > 0:
		return "some"
	case hidden:
		return "none-visible"
	}
	return "none"
}

// signRef is how signatures name the images: by the least that all have.
func signRef(built []model.Image) string {
	kinds := []string{model.ByDigest, model.ByTagAndDigest, model.ByTag, model.ByName, model.ByUnknown}
	worst := -1
	for _, i := range built {
		for _, u := range i.Signed {
			worst = max(worst, slices.Index(kinds, u.By))
		}
	}
	switch {
	case worst < 0:
		return "-"
	case kinds[worst] == model.ByName: // which is the tag latest
		return model.ByTag
	}
	return kinds[worst]
}

// gate says whether findings fail the run, for the scans of images that are built.
func gate(built []model.Image) string {
	answer := "-"
	for _, i := range built {
		for _, u := range i.Scanned {
			switch {
			case u.Gates == model.GatesYes && u.Optional == "" && u.Known:
				return "true"
			case u.Gates == model.GatesUnknown && answer == "-":
				answer = "unknown"
			case u.Gates == model.GatesNo || u.Optional != "":
				answer = "false"
			}
		}
	}
	return answer
}

func TestLabels(t *testing.T) {
	shared := sharedFolder()
	text, err := os.ReadFile(filepath.Join(shared, "data/pipelines/labels.json"))
	if err != nil {
		t.Skip("no labels at hand")
	}
	var all struct{ Labels []label }
	require.NoError(t, json.Unmarshal(text, &all))

	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "file\t"+strings.Join(fields, "\t")+"\tconfidence")
	equal, high := map[string]int{}, 0
	for _, l := range all.Labels {
		root := filepath.Join(shared, "data", strings.TrimSuffix(l.File, "/"+l.Path))
		r, err := pipeline.ReadFile(context.Background(), os.DirFS(root), source.Limits{}, l.Path)
		require.NoError(t, err)
		got, want := answers(r), l.answers()
		for field, answer := range right[l.File] {
			want[field] = answer
		}
		row := []string{l.Repo + " " + l.Path}
		for _, f := range fields {
			cell := got[f]
			if got[f] != want[f] {
				cell += " (label: " + want[f] + ")"
			}
			row = append(row, cell)
			if l.Confidence == "high" && got[f] == want[f] {
				equal[f]++
			}
		}
		if l.Confidence == "high" {
			high++
		}
		fmt.Fprintln(w, strings.Join(append(row, l.Confidence), "\t"))

		if got["signs_images"] == "all" && want["signs_images"] != "all" || got["signs_images"] == "some" && strings.HasPrefix(want["signs_images"], "none") {
			t.Errorf("%s: we say that it signs %s, the label says %s", l.File, got["signs_images"], want["signs_images"])
		}
		if got["scan_gates_pipeline"] == "true" && want["scan_gates_pipeline"] != "true" {
			t.Errorf("%s: we say that findings fail it, the label says %s", l.File, want["scan_gates_pipeline"])
		}
	}
	require.NoError(t, w.Flush())
	t.Log("\n" + table.String())
	for _, f := range fields {
		share := float64(equal[f]) / float64(high)
		t.Logf("%s: %d of %d", f, equal[f], high)
		if share < 0.95 {
			t.Errorf("%s: %.1f %% of the labels with high confidence are equal; at least 95 are expected", f, 100*share)
		}
	}
}

// sharedFolder is where the labelled files are, if they are at hand.
func sharedFolder() string {
	if dir := os.Getenv("WAXSEAL_SHARED"); dir != "" {
		return dir
	}
	return "../../../shared"
}
