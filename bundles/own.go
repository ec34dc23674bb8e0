package bundles

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Own are policies of one's own, by name: what [ReadOwn] has read.
type Own map[string]Policy

// Policy is the files of one policy.
type Policy struct {
	Rego       map[string][]byte // by file name
	Parameters []byte            // the JSON Schema of its parameters
}

var policyText = regexp.MustCompile(`\A[a-z][a-z0-9]*(_[a-z0-9]+)*\z`)

// ReadOwn reads the policies of a folder, in the form of those of the library:
// one folder is one policy, with its Rego and its parameters.json. Tests are
// left out. A folder that holds no policy, or one whose name is taken, is
// [fault.InvalidRequest].
func ReadOwn(folders ...fs.FS) (Own, error) {
	taken, err := Policies()
	if err != nil {
		return nil, err
	}
	own := Own{}
	for _, folder := range folders {
		entries, err := fs.ReadDir(folder, ".")
		if err != nil {
			return nil, fmt.Errorf("read policies: %w", err)
		}
		found := 0
		for _, entry := range entries {
			if !entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
				continue
			}
			name := entry.Name()
			if slices.Contains(taken, name) || own[name].Rego != nil {
				return nil, fault.Newf(fault.InvalidRequest, "policy", name, "there is a policy of this name already: rename the folder and the package")
			}
			if own[name], err = readPolicy(folder, name); err != nil {
				return nil, err
			}
			found++
		}
		if found == 0 {
			return nil, fault.Newf(fault.InvalidRequest, "policies", "", "the folder holds no policy: write NAME/NAME.rego and NAME/parameters.json, as `waxseal new policy --dir` does")
		}
	}
	return own, nil
}

func readPolicy(folder fs.FS, name string) (Policy, error) {
	if !policyText.MatchString(name) {
		return Policy{}, fault.Newf(fault.InvalidRequest, "policy", name, "a name is words of lower-case letters and digits, joined by _")
	}
	p := Policy{Rego: map[string][]byte{}}
	entries, err := fs.ReadDir(folder, name)
	if err != nil {
		return p, fmt.Errorf("read policy %s: %w", name, err)
	}
	for _, entry := range entries {
		file := entry.Name()
		if entry.IsDir() || path.Ext(file) != ".rego" || strings.HasSuffix(file, "_test.rego") {
			continue
		}
		if p.Rego[file], err = fs.ReadFile(folder, path.Join(name, file)); err != nil {
			return p, fmt.Errorf("read policy %s: %w", name, err)
		}
	}
	if len(p.Rego) == 0 {
		return p, fault.Newf(fault.InvalidRequest, "policy", name, "the folder holds no Rego: write %s/%s.rego", name, name)
	}
	if p.Parameters, err = fs.ReadFile(folder, path.Join(name, "parameters.json")); err != nil {
		return p, fault.Newf(fault.InvalidRequest, "policy", name, "parameters.json cannot be read: it is the JSON Schema of the parameters: %v", err)
	}
	return p, nil
}
