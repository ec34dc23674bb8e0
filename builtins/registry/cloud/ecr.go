package cloud

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"github.com/waxseal/waxseal/builtins/registry"
)

// ecrKeychain asks Amazon's SDK. A token is the caller's own and holds for a
// region, whichever account the registry is of.
type ecrKeychain struct{ kept kept }

func newECR() registry.Keychain { return &ecrKeychain{} }

// Credentials implements [registry.Keychain].
func (e *ecrKeychain) Credentials(ctx context.Context, r registry.Repository) (user, password, token string, err error) {
	m := hosts[ECR].FindStringSubmatch(r.Registry)
	if m == nil {
		return "", "", "", nil
	}
	fips, region := m[1] != "", m[2]
	s, err := e.kept.get(ctx, m[1]+region, func(ctx context.Context) (secret, error) { return authorize(ctx, region, fips) })
	if err != nil {
		return "", "", "", failed(ctx, "ECR", r.Registry, err)
	}
	return s.user, s.password, "", nil
}

func authorize(ctx context.Context, region string, fips bool) (secret, error) {
	options := []func(*config.LoadOptions) error{config.WithRegion(region)}
	if fips {
		options = append(options, config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return secret{}, err
	}
	out, err := ecr.NewFromConfig(cfg).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return secret{}, err
	}
	if len(out.AuthorizationData) == 0 || out.AuthorizationData[0].ExpiresAt == nil {
		return secret{}, errors.New("the answer holds no token")
	}
	granted := out.AuthorizationData[0]
	raw, err := base64.StdEncoding.DecodeString(aws.ToString(granted.AuthorizationToken))
	if err != nil {
		return secret{}, errors.New("the token is not base64")
	}
	user, password, _ := strings.Cut(string(raw), ":")
	return secret{user, password, *granted.ExpiresAt}, nil
}
