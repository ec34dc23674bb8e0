package bundles_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
)

// What stands in a bundle beside the files that all flavours have.
// A policy of one's own is never left out for its name without a word.
func TestOwnPolicyOfAnotherSubject(t *testing.T) {
	own := bundles.Own{"pipeline_mine": {Rego: map[string][]byte{"pipeline_mine.rego": []byte("package lib.waxseal.policy.pipeline_mine\n")}}}
	_, err := bundles.FilesWith(bundles.CLI, nil, own)
	require.ErrorContains(t, err, `"pipeline_mine": its name says that it judges pipelines, and this bundle judges images: build it with --for pipelines, or give it another name`)
	files, err := bundles.FilesOf(bundles.Pipelines, bundles.CLI, nil, own)
	require.NoError(t, err)
	require.Contains(t, string(files[bundles.PlanFile]), `"pipeline_mine"`)
}

func TestContentByFlavour(t *testing.T) {
	serving := []string{
		"lib/waxseal/admission/admission.rego", "lib/waxseal/decision.rego", "system/log/mask.rego", "system/main/main.rego",
	}
	guard := "lib/waxseal/guard/not_for_conftest__build_flavour_data_or_conftest-builtin.rego"
	conftest := []string{"lib/waxseal/conftest/conftest.rego", "main/main.rego"}
	for flavour, want := range map[string][]string{
		bundles.CLI:               append([]string{guard}, serving...),
		bundles.HTTP:              append([]string{guard}, serving...),
		bundles.Data:              conftest,
		bundles.ConftestBuiltin:   conftest,
		bundles.Gatekeeper:        {guard},
		bundles.GatekeeperBuiltin: {guard},
		bundles.Replay:            {},
	} {
		files, err := bundles.Files(flavour, nil)
		require.NoError(t, err)
		content, err := bundles.Content(flavour, bundles.Options{})
		require.NoError(t, err)
		got := []string{}
		for name := range content {
			if files[name] == nil && !strings.HasPrefix(name, "lib/waxseal/host/") {
				got = append(got, name)
			}
		}
		require.ElementsMatch(t, want, got, flavour)
		require.Len(t, content, len(files)+len(want), "%s: the host file is there once, under its name", flavour)
		require.Empty(t, compile(t, content).Errors, flavour)
	}
}

// The bundle owns what it holds, and no more.
func TestManifest(t *testing.T) {
	content, err := bundles.Content(bundles.Data, bundles.Options{
		Policies: []string{"signed_images"},
		Data:     map[string]any{"max_evidence_age": "2h", "parameters": map[string]any{}},
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"waxseal": {"max_evidence_age": "2h", "parameters": {}}}`, string(content[bundles.DataFile]))
	require.Equal(t, bundles.Manifest{
		Revision:    bundles.Revision(content),
		Roots:       []string{"lib/waxseal", "main", "waxseal/max_evidence_age", "waxseal/parameters"},
		RegoVersion: 1,
		Metadata: map[string]bundles.Description{"waxseal": {
			Flavour: bundles.Data, Version: "v1", Policies: []string{"pinned_digests", "signed_images"}, Builtins: []string{"abs", "walk"},
		}},
	}, bundles.NewManifest(content, bundles.Description{Flavour: bundles.Data, Version: "v1", Builtins: []string{"walk", "abs"}}))
}

func TestArchiveHoldsTheContent(t *testing.T) {
	content := map[string][]byte{"b": []byte("two"), "a/c": []byte("one"), ".manifest": []byte("{}")}
	archive, err := bundles.Archive(content)
	require.NoError(t, err)
	again, err := bundles.Archive(maps.Clone(content))
	require.NoError(t, err)
	require.Equal(t, archive, again)
	zipped, err := gzip.NewReader(bytes.NewReader(archive))
	require.NoError(t, err)
	got, names := map[string][]byte{}, []string{}
	for files := tar.NewReader(zipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		require.True(t, header.ModTime.Unix() == 0, "no time is in it")
		names = append(names, header.Name)
		got[header.Name], err = io.ReadAll(files)
		require.NoError(t, err)
	}
	require.Equal(t, content, got)
	require.True(t, slices.IsSorted(names))
}

// own is a folder with one policy of one's own.
func own(name string) fstest.MapFS {
	return fstest.MapFS{
		name + "/" + name + ".rego":      {Data: []byte("package lib.waxseal.policy." + name + "\n\nrequests := set()\n\ndeny := set()\n\npass := set()\n\nnotes := set()\n")},
		name + "/" + name + "_test.rego": {Data: []byte("package x")},
		name + "/parameters.json":        {Data: []byte("{}")},
		".git/config":                    {Data: []byte("no policy")},
		"README.md":                      {Data: []byte("no policy")},
	}
}

func TestOwnPoliciesStandBesideTheLibrarys(t *testing.T) {
	read, err := bundles.ReadOwn(own("no_latest"), own("no_root"))
	require.NoError(t, err)
	require.Equal(t, []string{"no_latest", "no_root"}, slices.Sorted(maps.Keys(read)))
	require.Equal(t, []string{"no_latest.rego"}, slices.Collect(maps.Keys(read["no_latest"].Rego)), "tests are left out")
	content, err := bundles.Content(bundles.Data, bundles.Options{Own: read, Policies: []string{"no_latest"}})
	require.NoError(t, err)
	require.Empty(t, compile(t, content).Errors)
	require.Equal(t, []string{"no_latest", "pinned_digests"},
		bundles.NewManifest(content, bundles.Description{}).Metadata["waxseal"].Policies)
	require.Contains(t, string(content[bundles.PlanFile]), "verdict.planned(\"no_latest\", no_latest.requests)")
	require.Contains(t, string(content[bundles.ReportFile]), "verdict.on(\"no_latest\")")
	all, err := bundles.Files(bundles.CLI, nil)
	require.NoError(t, err)
	with, err := bundles.FilesWith(bundles.CLI, nil, read)
	require.NoError(t, err)
	require.Len(t, with, len(all)+2)
}

func TestOwnPoliciesThatAreRefused(t *testing.T) {
	without := func(file string) fstest.MapFS {
		folder := own("mine")
		delete(folder, "mine/"+file)
		return folder
	}
	for want, folders := range map[string][]fstest.MapFS{
		`policy "signed_images": there is a policy of this name already: rename the folder and the package`:                                      {own("signed_images")},
		`policy "mine": there is a policy of this name already: rename the folder and the package`:                                               {own("mine"), own("mine")},
		`policy "No-Root": a name is words of lower-case letters and digits, joined by _`:                                                        {own("No-Root")},
		`policy "mine": the folder holds no Rego: write mine/mine.rego`:                                                                          {without("mine.rego")},
		`policy "mine": parameters.json cannot be read: it is the JSON Schema of the parameters: open mine/parameters.json: file does not exist`: {without("parameters.json")},
		"policies: the folder holds no policy: write NAME/NAME.rego and NAME/parameters.json, as `waxseal new policy --dir` does":                {{"README.md": {}}},
	} {
		var given []fs.FS
		for _, folder := range folders {
			given = append(given, folder)
		}
		_, err := bundles.ReadOwn(given...)
		require.EqualError(t, err, want)
	}
}
