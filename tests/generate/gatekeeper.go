package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"

	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/gatekeeper/template"
)

// gatekeeperFiles adds Gatekeeper's templates, and the samples and suites of the
// flavour of the builtins, which differ in the kind only. That flavour has
// folders of its own, so that nobody applies it with the other.
func gatekeeperFiles(files map[string][]byte) error {
	for flavour, folder := range map[string]string{bundles.Gatekeeper: "gatekeeper/templates", bundles.GatekeeperBuiltin: "gatekeeper/templates/builtin"} {
		rendered, err := template.Library(flavour)
		if err != nil {
			return err
		}
		for name, content := range rendered {
			files[path.Join(folder, name)] = content
		}
	}
	for _, folder := range []string{"gatekeeper/samples", "gatekeeper/suites", "gatekeeper/suites/constraints"} {
		if err := addBuiltin(files, folder); err != nil {
			return err
		}
	}
	return nil
}

var (
	kindLine     = regexp.MustCompile(`(?m)^kind: (Waxseal[A-Za-z]+)$`)
	templateLine = regexp.MustCompile(`(?m)^    template: \.\./templates/([a-z]+)\.yaml$`)
	sampleLine   = regexp.MustCompile(`(?m)^    constraint: \.\./samples/`)
	objectLine   = regexp.MustCompile(`(?m)^        object: objects/`)
)

// addBuiltin adds the files of a folder for the other flavour, in builtin/.
func addBuiltin(files map[string][]byte, folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		text = kindLine.ReplaceAll(text, []byte("kind: ${1}Builtin"))
		text = templateLine.ReplaceAll(text, []byte("    template: ../../templates/builtin/${1}builtin.yaml"))
		text = sampleLine.ReplaceAll(text, []byte("    constraint: ../../samples/builtin/"))
		text = objectLine.ReplaceAll(text, []byte("        object: ../objects/"))
		head := []byte("# Generated. Do not edit. ONLY for a Gatekeeper that has Waxseal's builtins inside.\n")
		files[builtinPath(filepath.ToSlash(name))] = append(head, text...)
	}
	return nil
}

// builtinPath is suites/builtin/constraints/x.yaml for suites/constraints/x.yaml.
func builtinPath(name string) string {
	folder := path.Dir(name)
	if path.Base(folder) == "constraints" {
		return path.Join(path.Dir(folder), "builtin", "constraints", path.Base(name))
	}
	return path.Join(folder, "builtin", path.Base(name))
}
