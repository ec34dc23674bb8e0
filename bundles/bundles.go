// Package bundles puts the Rego of a bundle together: the library, the policies
// that are asked for, the host file of a flavour, and the two files that are
// generated from the list of policies, plan and report.
//
// The library is the same in every flavour. Only the host file differs, and it
// is chosen here, never guessed at run time.
package bundles

import (
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/conftest"
	"github.com/waxseal/waxseal/gatekeeper"
	"github.com/waxseal/waxseal/rego"
)

// The flavours: one for each way in which a policy meets the world.
const (
	CLI               = "cli"                // the waxseal binary: input.object, evidence by builtin
	ConftestBuiltin   = "conftest-builtin"   // a conftest with the builtins inside: input is the object
	Data              = "data"               // an unmodified conftest: evidence from a file
	Gatekeeper        = "gatekeeper"         // an unmodified Gatekeeper: evidence by external_data
	GatekeeperBuiltin = "gatekeeper-builtin" // a Gatekeeper with the builtins inside
	HTTP              = "http"               // an unmodified OPA server: evidence by http.send to a waxseal server
	Replay            = "replay"             // a recorded decision: everything is data
)

const (
	libraryRoot = "lib/waxseal"
	policyRoot  = libraryRoot + "/policy"

	// HostFile, PlanFile and ReportFile are the places of what [Files] adds to the library.
	HostFile   = libraryRoot + "/host/host.rego"
	PlanFile   = libraryRoot + "/plan/plan.rego"
	ReportFile = libraryRoot + "/report.rego"

	// always is the policy that every bundle holds: digests are required at admission.
	always = "pinned_digests"
)

//go:embed cli/host.rego http/host.rego replay/host.rego
var hosts embed.FS

// Flavours returns the names of the flavours, sorted.
func Flavours() []string {
	return []string{CLI, ConftestBuiltin, Data, Gatekeeper, GatekeeperBuiltin, HTTP, Replay}
}

// Policies returns the names of all policies of the library, sorted.
func Policies() ([]string, error) {
	entries, err := fs.ReadDir(rego.FS, policyRoot)
	if err != nil {
		return nil, fmt.Errorf("list policies: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// Files returns the Rego of a bundle by its path. Without names all policies of
// the library are in it; pinned_digests always is, because it is required at
// admission. A name or a flavour that is not known is [fault.InvalidRequest].
func Files(flavour string, policies []string) (map[string][]byte, error) {
	return FilesWith(flavour, policies, nil)
}

// FilesWith is [Files] with policies of one's own among those of the library.
func FilesWith(flavour string, policies []string, own Own) (map[string][]byte, error) {
	host, err := hostFile(flavour)
	if err != nil {
		return nil, err
	}
	names, err := selected(policies, own)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		HostFile:   host,
		PlanFile:   plan(names),
		ReportFile: report(names),
	}
	err = fs.WalkDir(rego.FS, "lib", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !shipped(name, names) {
			return err
		}
		files[name], err = rego.FS.ReadFile(name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read library: %w", err)
	}
	for name, policy := range own {
		if slices.Contains(names, name) {
			for file, content := range policy.Rego {
				files[path.Join(policyRoot, name, file)] = content
			}
		}
	}
	return files, nil
}

// Revision names the content of a bundle: the digest of its files and their paths.
func Revision(files map[string][]byte) string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(sum, "%d %s %d ", len(name), name, len(files[name]))
		sum.Write(files[name])
	}
	return fmt.Sprintf("sha256:%x", sum.Sum(nil))
}

func hostFile(flavour string) ([]byte, error) {
	switch flavour {
	case CLI, HTTP, Replay:
		return hosts.ReadFile(path.Join(flavour, "host.rego"))
	case Data:
		return conftest.Rego.ReadFile("host.rego")
	case ConftestBuiltin:
		return conftest.Rego.ReadFile("host_builtin.rego")
	case Gatekeeper:
		return gatekeeper.Hosts.ReadFile("host.rego")
	case GatekeeperBuiltin:
		return gatekeeper.Hosts.ReadFile("host_builtin.rego")
	}
	return nil, fault.Newf(fault.InvalidRequest, "bundle flavour", flavour, "there are %s", strings.Join(Flavours(), ", "))
}

// selected returns the policies of a bundle, sorted, each once.
func selected(policies []string, own Own) ([]string, error) {
	all, err := Policies()
	if err != nil {
		return nil, err
	}
	all = slices.Sorted(slices.Values(slices.AppendSeq(all, maps.Keys(own))))
	if len(policies) == 0 {
		return all, nil
	}
	names := append([]string{always}, policies...)
	slices.Sort(names)
	names = slices.Compact(names)
	var unknown []error
	for _, name := range names {
		if !slices.Contains(all, name) {
			unknown = append(unknown, fault.Newf(fault.InvalidRequest, "bundle policy", name, "there are %s", strings.Join(all, ", ")))
		}
	}
	return names, errors.Join(unknown...)
}

// shipped says whether a file of the library belongs to a bundle of these policies.
func shipped(name string, policies []string) bool {
	if path.Ext(name) != ".rego" || strings.HasSuffix(name, "_test.rego") {
		return false
	}
	policy, isPolicy := strings.CutPrefix(path.Dir(name), policyRoot+"/")
	return !isPolicy || slices.Contains(policies, policy)
}
