package builtins_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
)

// The clouds of the configuration are the ones that are asked.
func TestCloudsComeFromTheConfiguration(t *testing.T) {
	cfg := config.Default()
	cfg.Credentials.Cloud = []string{"ecr", "gar", "acr"}
	_, err := builtins.New(cfg)
	require.NoError(t, err)
	cfg.Credentials.Cloud = []string{"gcp"}
	_, err = builtins.New(cfg)
	require.EqualError(t, err, `no cloud named "gcp"; there are acr, ecr, gar`)
}
