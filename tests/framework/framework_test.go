package framework_test

import (
	"testing"

	"github.com/open-policy-agent/frameworks/constraint/pkg/client/drivers/rego"
	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/bundles"
)

func TestX(t *testing.T) {
	_, err := rego.New()
	require.NoError(t, err)
	_, err = bundles.Files(bundles.Gatekeeper, nil)
	require.NoError(t, err)
}
