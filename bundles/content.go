package bundles

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"

	"github.com/waxseal/waxseal/conftest"
)

// Options says what is in a bundle beside the host file of its flavour.
type Options struct {
	// Subject is what the policies judge. The default is [Images].
	Subject Subject
	// Policies are the names of policies, of the library or one's own. The
	// default is all of them; pinned_digests always is in it.
	Policies []string
	// Own are policies of one's own.
	Own Own
	// Data is the operator's: what stands at data.waxseal, such as parameters,
	// server (flavour http) and max_evidence_age (flavour data).
	Data map[string]any
}

// DataFile is the place of [Options.Data] in a bundle.
const DataFile = "data.json"

//go:embed server
var server embed.FS

// entries are the places of what only servers ask for.
var entries = map[string]string{
	libraryRoot + "/decision.rego":            "decision.rego",
	libraryRoot + "/admission/admission.rego": "admission.rego",
	"system/main/main.rego":                   "main.rego",
	"system/log/mask.rego":                    "mask.rego",
}

// served are the entries of a bundle: servers are asked about images only.
func served(subject Subject) map[string]string {
	if subject != Images {
		return nil
	}
	return entries
}

//go:embed guard.rego
var guard []byte

// guardFile says in its name, which conftest prints, what is wrong.
const guardFile = libraryRoot + "/guard/not_for_conftest__build_flavour_data_or_conftest-builtin.rego"

// Content returns everything that stands in a bundle but its manifest, by path:
// the Rego of [Files], the rules that the host itself asks for, and the data. The
// host file has a name that says, when it does not compile, where it belongs.
func Content(flavour string, o Options) (map[string][]byte, error) {
	if o.Subject == "" {
		o.Subject = Images
	}
	files, err := FilesOf(o.Subject, flavour, o.Policies, o.Own)
	if err != nil {
		return nil, err
	}
	host := files[HostFile]
	delete(files, HostFile)
	files[path.Join(path.Dir(HostFile), hostNames[flavour])] = host
	switch flavour {
	case CLI, HTTP:
		for place, name := range served(o.Subject) {
			if files[place], err = server.ReadFile("server/" + name); err != nil {
				return nil, err
			}
		}
		files[guardFile] = guard
	case Gatekeeper, GatekeeperBuiltin:
		files[guardFile] = guard
	case Data, ConftestBuiltin:
		for place, name := range map[string]string{"lib/waxseal/conftest/conftest.rego": "conftest.rego", "main/main.rego": "main.rego"} {
			if files[place], err = conftest.Rego.ReadFile(name); err != nil {
				return nil, err
			}
		}
	}
	if len(o.Data) > 0 {
		data, err := json.Marshal(map[string]any{"waxseal": o.Data})
		if err != nil {
			return nil, fmt.Errorf("bundle data: %w", err)
		}
		files[DataFile] = data
	}
	return files, nil
}

// hostNames are the names of the host file in a bundle, by flavour. OPA puts the
// name of the file before what it says of it, such as `undefined function evidence.collect`.
var hostNames = map[string]string{
	CLI:               "host_for_waxseal_only__for_a_plain_OPA_build_flavour_http.rego",
	ConftestBuiltin:   "host_for_conftest_with_waxseal_builtins_only__for_a_plain_conftest_build_flavour_data.rego",
	Data:              "host.rego",
	Gatekeeper:        "host_for_Gatekeeper_only__for_OPA_build_flavour_http__for_conftest_flavour_data.rego",
	GatekeeperBuiltin: "host_for_Gatekeeper_with_waxseal_builtins_only__for_a_plain_Gatekeeper_build_flavour_gatekeeper.rego",
	HTTP:              "host.rego",
	Replay:            "host.rego",
}
