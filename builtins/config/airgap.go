package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/registry"
)

// Signatures name a repository that holds the signatures and attestations of
// images, as cosign writes them with COSIGN_REPOSITORY.
type Signatures struct {
	Images     []string `json:"images"` // patterns, as policies write them
	Repository string   `json:"repository"`
}

func originsField() field {
	return field{"origins", false, &shape{
		kind: dictionary, names: placeText, naming: placeNaming,
		about: "what images of mirrors are judged as, by policies and by signatures: the place of the mirror, and that of the origin",
		elem:  &shape{kind: text, about: "a host, or a host with a path", example: "docker.io"},
	}}
}

func signaturesField() field {
	return field{"signatures", false, &shape{
		kind: listOf, about: "repositories that hold the signatures and attestations of images, in place of the image's own (COSIGN_REPOSITORY); the first entry that matches counts",
		elem: &shape{kind: object, about: "images, and where their signatures are", fields: []field{
			{"images", true, &shape{kind: listOf, about: "patterns of images, as in policies", elem: &shape{kind: text, about: "a pattern", example: "registry.example/team/**"}}},
			{"repository", true, &shape{kind: text, about: "host/path, without a tag", example: "registry.example/signatures"}},
		}},
	}}
}

func (l *loader) mirrors(field string, w wireRegistry) []string {
	if w.MirrorsOnly && len(w.Mirrors) == 0 {
		l.failAt(field+".mirrors_only", "allows only the mirrors of this host, and none is listed; add mirrors")
	}
	if w.Layout != "" && len(w.Mirrors) > 0 {
		l.failAt(field+".mirrors", "a host that is a folder has no use for mirrors; keep one of them")
	}
	for i, text := range w.Mirrors {
		if _, err := registry.ParsePlace(text); err != nil || !placeText.MatchString(text) {
			l.failAt(fmt.Sprintf("%s.mirrors[%d]", field, i), "%q is not %s", clip(text), placeNaming)
		}
	}
	return w.Mirrors
}

func (l *loader) origins(w *wire) map[string]string {
	sound := true
	for _, place := range slices.Sorted(maps.Keys(w.Origins)) {
		of := w.Origins[place]
		if _, err := registry.ParsePlace(place); err != nil {
			l.failAt(Join("origins", place), "%q is not %s", clip(place), placeNaming)
			sound = false
		}
		if _, err := registry.ParsePlace(of); err != nil {
			l.failAt(Join("origins", place), "%q is not %s", clip(of), placeNaming)
			sound = false
		}
	}
	if _, err := registry.NewOrigins(w.Origins); err != nil && sound {
		l.failAt("origins", "%s", err)
	}
	return w.Origins
}

func (l *loader) signatures(w *wire) []Signatures {
	for i, s := range w.Signatures {
		at := fmt.Sprintf("signatures[%d]", i)
		if len(s.Images) == 0 {
			l.failAt(at+".images", "names no image; write at least one pattern")
		}
		for n, pattern := range s.Images {
			if _, err := registry.ParsePattern(pattern); err != nil {
				l.failAt(fmt.Sprintf("%s.images[%d]", at, n), "%q is not a pattern: write host/path, with * for any characters of one segment and a last ** for the rest", clip(pattern))
			}
		}
		repository, err := registry.ParseRepository(s.Repository)
		switch {
		case err != nil || !strings.Contains(s.Repository, "/"):
			l.failAt(at+".repository", "%q is not a repository; write host/path, without a tag and without https://", clip(s.Repository))
		case (w.Offline || w.HostsOnly) && !listed(w, repository.Registry):
			l.failAt(at+".repository", "only the hosts in registries may be contacted; add %s there", repository.Registry)
		}
	}
	return w.Signatures
}

// listed says whether a host is one of registries, or a mirror of one.
func listed(w *wire, host string) bool {
	for name, r := range w.Registries {
		for _, text := range append([]string{name}, r.Mirrors...) {
			if place, err := registry.ParsePlace(text); err == nil && place.Registry == host {
				return true
			}
		}
	}
	return false
}

// local are the schemes of keys that are read on this machine.
var local = []string{"pkcs11:"}

// sealed refuses what would have to make a call where offline forbids it. All
// that is refused is said at once, before anything is asked.
// It returns the names of keys that are left out.
func (l *loader) sealed(w *wire) (forbidden []string) {
	if !w.Offline {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(w.Keys)) {
		uri := w.Keys[name].KMS
		if uri == "" || slices.ContainsFunc(local, func(scheme string) bool { return strings.HasPrefix(uri, scheme) }) {
			continue
		}
		l.failAt(Join("keys", name)+".kms", "offline: true forbids the call to %s; export the public key where it may be called (cosign public-key --key %s) and name it with file", uri, uri)
		delete(w.Keys, name)
		forbidden = append(forbidden, name)
	}
	for i, cloud := range w.Credentials.Cloud {
		l.failAt(fmt.Sprintf("credentials.cloud[%d]", i), "offline: true forbids the calls that get credentials of %s; name a docker_config or pull_secrets that hold them", cloud)
	}
	w.Credentials.Cloud = nil
	return forbidden
}

// helpers refuses programs that get credentials: what they call is theirs.
func (l *loader) helpers(offline bool, dockerConfig string) {
	if !offline || dockerConfig == "" {
		return
	}
	names, err := registry.Helpers(dockerConfig)
	if err == nil && len(names) > 0 { // what cannot be read is refused when it is used
		l.failAt("credentials.docker_config", "offline: true cannot keep the credential helpers of %s (%s) from making calls; name a config.json that has only auths, or write false", dockerConfig, list(names))
	}
}
