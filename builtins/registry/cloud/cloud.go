// Package cloud finds credentials for the registries of the clouds: Amazon's
// ECR, Google's Artifact Registry and Container Registry, Azure's ACR. They come
// from where the process runs: the environment, a workload identity, the
// metadata of the machine. None is asked unless the operator's configuration
// names it.
//
// A cloud is asked only about its own hosts, compared in whole: a reference is
// written by anybody, and a token must never go to evil.example because its
// path ends in azurecr.io.
package cloud

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

// The clouds, as waxseal.yaml names them.
const (
	ECR = "ecr"
	GAR = "gar"
	ACR = "acr"
)

// hosts are the registries of each cloud, without a port. Amazon's carry the
// region: a name such as 123456789012.dkr.ecr.s3.amazonaws.com could be a
// bucket's.
var hosts = map[string]*regexp.Regexp{
	ECR: regexp.MustCompile(`\A[0-9]{12}\.dkr[.-]ecr(-fips)?\.([a-z]{2,4}(?:-[a-z]+)+-[0-9]+)\.(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|on\.aws|on\.amazonwebservices\.com\.cn)\z`),
	GAR: regexp.MustCompile(`\A(?:[a-z0-9]+(?:-[a-z0-9]+)*-docker\.pkg\.dev|(?:[a-z0-9-]+\.)?gcr\.io)\z`),
	ACR: regexp.MustCompile(`\A[a-z0-9]+(?:-[a-z0-9]+)*\.azurecr\.(?:io|cn|us)\z`),
}

// Names returns the names of the clouds, sorted.
func Names() []string { return slices.Sorted(maps.Keys(hosts)) }

// Keychain returns the keychain of the clouds that are named. A name that is
// not known is an error. Nothing is asked before a registry wants credentials.
func Keychain(names ...string) (registry.Keychain, error) {
	var list []registry.Keychain
	for _, name := range names {
		sources := map[string]func() registry.Keychain{ECR: newECR, GAR: newGAR, ACR: newACR}
		source, known := sources[name]
		if !known {
			return nil, fmt.Errorf("no cloud named %q; there are %s", name, strings.Join(Names(), ", "))
		}
		list = append(list, Guard(name, source()))
	}
	return registry.Keychains(list...), nil
}

// Guard returns k, asked only about the hosts of one of the clouds.
func Guard(name string, k registry.Keychain) registry.Keychain {
	return guard{hosts[name], k}
}

type guard struct {
	hosts *regexp.Regexp
	inner registry.Keychain
}

// Credentials implements [registry.Keychain].
func (g guard) Credentials(ctx context.Context, r registry.Repository) (user, password, token string, err error) {
	if !g.Holds(r) {
		return "", "", "", nil
	}
	return g.inner.Credentials(ctx, r)
}

// Holds implements [registry.Holder]: a cloud has credentials for its own hosts.
func (g guard) Holds(r registry.Repository) bool {
	return g.hosts != nil && g.hosts.MatchString(r.Registry)
}

// maxMessage bounds what a cloud's library says: it lands in answers.
const maxMessage = 300

// failed is the error of a cloud, on one line. A context's end stays what it is.
func failed(ctx context.Context, name, host string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	if r := []rune(text); len(r) > maxMessage {
		text = string(r[:maxMessage]) + "…"
	}
	return fault.Newf(fault.Unauthorized, "get "+name+" credentials", host, "%s", text)
}
