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

// Subject is what the policies of a bundle judge. The prefix of its name says what
// a policy judges.
type Subject string

// The subjects.
const (
	Images      Subject = "images"      // images of workloads
	Pipelines   Subject = "pipelines"   // pipelines that build images: pipeline_*
	Enforcement Subject = "enforcement" // admission configuration: enforcement_*
	Audit       Subject = "audit"       // what an audit found beside these: audit_*
)

// Subjects returns the subjects, in the order of the documents.
func Subjects() []Subject { return []Subject{Images, Pipelines, Enforcement, Audit} }

// SubjectOf returns what a policy judges, by its name.
func SubjectOf(policy string) Subject {
	switch {
	case strings.HasPrefix(policy, "pipeline_"):
		return Pipelines
	case strings.HasPrefix(policy, "enforcement_"):
		return Enforcement
	case strings.HasPrefix(policy, "audit_"):
		return Audit
	}
	return Images
}

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

// PoliciesOf returns the names of the policies of the library that judge a
// subject, sorted.
func PoliciesOf(subject Subject) ([]string, error) {
	names, err := Policies()
	return of(subject, names), err
}

func of(subject Subject, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return SubjectOf(name) != subject })
}

// Files returns the Rego of a bundle by its path. Without names all policies of
// the library that judge images are in it; pinned_digests always is, because it is required at
// admission. A name or a flavour that is not known is [fault.InvalidRequest].
func Files(flavour string, policies []string) (map[string][]byte, error) {
	return FilesWith(flavour, policies, nil)
}

// FilesWith is [Files] with policies of one's own among those of the library.
func FilesWith(flavour string, policies []string, own Own) (map[string][]byte, error) {
	return FilesOf(Images, flavour, policies, own)
}

// FilesOf is [FilesWith] for what a subject names. Pipelines are judged by waxseal
// and by conftest, admission configuration and audits by waxseal; another flavour is [fault.InvalidRequest].
func FilesOf(subject Subject, flavour string, policies []string, own Own) (map[string][]byte, error) {
	host, err := hostFile(flavour)
	if err != nil {
		return nil, err
	}
	if err := fits(subject, flavour); err != nil {
		return nil, err
	}
	list, err := selected(subject, policies, own)
	if err != nil {
		return nil, err
	}
	names := list.on
	files := map[string][]byte{
		HostFile:   host,
		PlanFile:   plan(subject, list),
		ReportFile: report(subject, names),
	}
	err = fs.WalkDir(rego.FS, "lib", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !shipped(subject, name, names) {
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

// judges are the flavours that judge more than images. Admission configuration and
// audits are judged as a whole, which conftest, file by file, does not have.
var judges = map[Subject][]string{
	Pipelines:   {CLI, ConftestBuiltin, Data, Replay},
	Enforcement: {CLI, Replay},
	Audit:       {CLI, Replay},
}

// fits says whether a flavour judges a subject.
func fits(subject Subject, flavour string) error {
	switch {
	case !slices.Contains(Subjects(), subject):
		return fault.Newf(fault.InvalidRequest, "bundle subject", string(subject), "there are %s, %s, %s and %s", Images, Pipelines, Enforcement, Audit)
	case subject == Images || slices.Contains(judges[subject], flavour):
		return nil
	}
	return fault.Newf(fault.InvalidRequest, "bundle flavour", flavour, "the flavours that judge %s are %s", subject, strings.Join(judges[subject], ", "))
}

// list is the policies of a bundle, and those of the library that judge other
// subjects: their parameters may stand beside those of the bundle. Sorted, each once.
type list struct{ on, others []string }

func selected(subject Subject, policies []string, own Own) (list, error) {
	all, err := Policies()
	if err != nil {
		return list{}, err
	}
	if err := misnamed(subject, own); err != nil {
		return list{}, err
	}
	all = slices.Sorted(slices.Values(slices.AppendSeq(all, maps.Keys(own))))
	here := of(subject, all)
	found := list{on: here, others: slices.DeleteFunc(slices.Clone(all), func(name string) bool { return slices.Contains(here, name) })}
	if len(policies) == 0 {
		return found, nil
	}
	found.on = slices.Clone(policies)
	if subject == Images {
		found.on = append(found.on, always)
	}
	slices.Sort(found.on)
	found.on = slices.Compact(found.on)
	var unknown []error
	for _, name := range found.on {
		if !slices.Contains(here, name) {
			unknown = append(unknown, fault.Newf(fault.InvalidRequest, "bundle policy", name, "there are %s", strings.Join(here, ", ")))
		}
	}
	return found, errors.Join(unknown...)
}

// misnamed refuses policies of one's own that judge something else by their names:
// a bundle without them would admit what they refuse, and nobody would notice.
func misnamed(subject Subject, own Own) error {
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if judges := SubjectOf(name); judges != subject {
			wrong = append(wrong, fault.Newf(fault.InvalidRequest, "bundle policy", name,
				"its name says that it judges %s, and this bundle judges %s: build it with --for %s, or give it another name", judges, subject, judges))
		}
	}
	return errors.Join(wrong...)
}

// libraries are the folders and files of the library that belong to some subjects.
var libraries = map[string][]Subject{
	libraryRoot + "/exemptions":                {Pipelines, Audit},
	libraryRoot + "/pipelines":                 {Pipelines},
	libraryRoot + "/enforcement":               {Enforcement},
	libraryRoot + "/audit":                     {Audit},
	libraryRoot + "/evidence/audit.rego":       {Audit},
	libraryRoot + "/evidence/pipelines.rego":   {Pipelines},
	libraryRoot + "/evidence/enforcement.rego": {Enforcement},
}

// shipped says whether a file of the library belongs to a bundle of these policies.
func shipped(subject Subject, name string, policies []string) bool {
	if path.Ext(name) != ".rego" || strings.HasSuffix(name, "_test.rego") {
		return false
	}
	folder := path.Dir(name)
	for _, place := range []string{folder, name} {
		if only, ok := libraries[place]; ok && !slices.Contains(only, subject) {
			return false
		}
	}
	policy, isPolicy := strings.CutPrefix(folder, policyRoot+"/")
	return !isPolicy || slices.Contains(policies, policy)
}
