package guess_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline/guess"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

func TestKinds(t *testing.T) {
	for name, want := range map[string][]model.Kind{
		"Jobs/Build.gitlab-ci.yml":                  {model.Build, model.Push},
		"Security/Container-Scanning.gitlab-ci.yml": {model.Scan},
		"Auto-DevOps.gitlab-ci.yml":                 {model.Build, model.Push, model.Scan},
		"gitlab.com/to-be-continuous/docker@5":      {model.Build, model.Push},
		"ci/buildAndSign.yml":                       {model.Attest, model.Build, model.Push, model.Sign},
		"platform/cosign-sign":                      {model.Attest, model.Sign},
		"circleci/node":                             nil,
		"templates/lint.yml":                        nil,
		"docker-scan":                               {model.Scan},
		"promote.yml":                               {model.Copy, model.Tag},
		"generate-sbom":                             {model.SBOM},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, want, guess.Kinds(name))
		})
	}
}

func TestSecret(t *testing.T) {
	for name, row := range map[string]struct{ name, value, want string }{
		"password":         {"COSIGN_PASSWORD", "hunter22", "password"},
		"token":            {"REGISTRY_TOKEN", "abcdef", "token"},
		"key of an API":    {"SNYK_API_KEY", "0123-4567", "token"},
		"private key":      {"ANY", "-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\nx", "private_key"},
		"known form":       {"X", "glpat-abcdefghij0123456789", "token"},
		"another variable": {"COSIGN_PASSWORD", "$VAULT", ""},
		"nothing":          {"COSIGN_PASSWORD", "", ""},
		"file":             {"COSIGN_PRIVATE_KEY", "cosign.key", ""},
		"path":             {"COSIGN_PASSWORD_FILE", "x", ""},
		"switch":           {"SECRET_DETECTION_ENABLED", "true", ""},
		"key of a cache":   {"CACHE_KEY", "deps-v1", ""},
		"public key":       {"COSIGN_PUBLIC_KEY", "abc", ""},
		"KMS":              {"SIGNING_KEY", "gcpkms://projects/p", ""},
		"placeholder":      {"API_TOKEN", "<token>", ""},
		"no secret":        {"IMAGE", "app", ""},
		"working folder":   {"PWD", "somewhere", ""},
		"compass":          {"COMPASS_MODE", "north", ""},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, row.want, guess.Secret(row.name, row.value))
		})
	}
}
