package template

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/rego"
)

// Library returns the templates of the library for a flavour, by file name: one
// with all policies, one that says their notes, and one for each policy, which
// requires digests as well.
func Library(flavour string) (map[string][]byte, error) { return LibraryWith(flavour, nil) }

// LibraryWith is [Library] with policies of one's own among those of the library.
func LibraryWith(flavour string, own bundles.Own) (map[string][]byte, error) {
	names, err := bundles.PoliciesOf(bundles.Images)
	if err != nil {
		return nil, err
	}
	for name := range own {
		if bundles.SubjectOf(name) == bundles.Images {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	images := Template{
		Kind: Kind(flavour, "images"), Flavour: flavour, Title: "Images", Entry: bundles.Entry(),
		Description: "Judges the images of all containers by the policies whose keys stand in the parameters. Digests are always required.",
	}
	notes := Template{
		Kind: Kind(flavour, "notes"), Flavour: flavour, Title: "Notes on images", Entry: bundles.NotesEntry(),
		Description: "Says what the policies note and do not deny, such as exceptions that were used. Give it the parameters of the constraint that denies, and the action warn.",
	}
	out := map[string][]byte{}
	for _, t := range []Template{images, notes} {
		if err := add(out, t, names, own); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		t := Template{Kind: Kind(flavour, name), Flavour: flavour, Entry: bundles.Entry()}
		if err := add(out, t, []string{name}, own); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// add renders the template with these policies. Of a single one it takes the
// title and the description.
func add(out map[string][]byte, t Template, policies []string, own bundles.Own) (err error) {
	if t.Files, err = bundles.FilesWith(t.Flavour, policies, own); err != nil {
		return err
	}
	t.Parameters = map[string][]byte{}
	for name := range t.Files {
		policy, ok := strings.CutPrefix(path.Dir(name), "lib/waxseal/policy/")
		if !ok {
			continue
		}
		if t.Parameters[policy] = own[policy].Parameters; t.Parameters[policy] != nil {
			continue
		}
		if t.Parameters[policy], err = rego.FS.ReadFile(path.Join(path.Dir(name), "parameters.json")); err != nil {
			return err
		}
	}
	if t.Title == "" {
		var about struct{ Description string }
		if err := json.Unmarshal(t.Parameters[policies[0]], &about); err != nil {
			return err
		}
		t.Title = strings.ReplaceAll(policies[0], "_", " ")
		t.Description = about.Description + " Digests are always required."
	}
	out[strings.ToLower(t.Kind)+".yaml"], err = Render(t)
	return err
}
