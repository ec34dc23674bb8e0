package registry_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/registry"
)

const diffID = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

const imageConfig = `{"architecture":"arm64","os":"linux","variant":"v8","created":"2026-06-01T12:00:00.5+02:00","author":"x",
	"config":{"Env":["A=b"],"Labels":{"Os":"free","created":"x"}},"history":[{"created":"2020-01-01T00:00:00Z"}],"rootfs":{"type":"layers","diff_ids":["` + diffID + `"]}}`

func TestParseConfig(t *testing.T) {
	c, err := registry.ParseConfig([]byte(imageConfig), 1)
	require.NoError(t, err)
	require.Equal(t, registry.ImageConfig{
		Platform: registry.Platform{OS: "linux", Architecture: "arm64", Variant: "v8"},
		Created:  time.Date(2026, 6, 1, 10, 0, 0, 5e8, time.UTC),
		Labels:   map[string]string{"Os": "free", "created": "x"},
		DiffIDs:  []registry.Digest{diffID},
	}, c)
}

// TestParseConfigCreated is about dates that builds write which are none.
func TestParseConfigCreated(t *testing.T) {
	for _, text := range []string{`null`, `""`, `"1970-01-01T00:00:00Z"`, `"0001-01-01T00:00:00Z"`, `"yesterday"`, `"2026-06-01"`} {
		c, err := registry.ParseConfig(fmt.Appendf(nil, `{"created":%s,"rootfs":{"diff_ids":[]}}`, text), 0)
		require.NoError(t, err, text)
		require.True(t, c.Created.IsZero(), text)
	}
}

// TestParseConfigTwoReadings refuses what two readers would take for two things.
func TestParseConfigTwoReadings(t *testing.T) {
	for name, raw := range map[string]string{
		"another case":         strings.Replace(imageConfig, `"author"`, `"Created":"1999-01-01T00:00:00Z","author"`, 1),
		"labels, another case": strings.Replace(imageConfig, `"Env"`, `"labels":{"a":"b"},"Env"`, 1),
		"diff_ids, another":    strings.Replace(imageConfig, `"type"`, `"DIFF_IDS":[],"type"`, 1),
		"twice":                strings.Replace(imageConfig, `"author":"x"`, `"rootfs":{"diff_ids":[]}`, 1),
		"a label twice":        strings.Replace(imageConfig, `"Os":"free"`, `"created":"free"`, 1),
		"two documents":        imageConfig + imageConfig,
		"no JSON":              imageConfig[:40],
		"a list":               `[]`,
		"a number for a date":  `{"created":7,"rootfs":{"diff_ids":["` + diffID + `"]}}`,
		"nested":               strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 100),
		"no diff_ids":          `{}`,
		"another number":       strings.Replace(imageConfig, `["`+diffID+`"]`, `["`+diffID+`","`+diffID+`"]`, 1),
		"no digest":            strings.Replace(imageConfig, diffID, "sha256:5f", 1),
	} {
		_, err := registry.ParseConfig([]byte(raw), 1)
		code, _ := fault.CodeOf(err)
		require.Equal(t, fault.Malformed, code, "%s: %v", name, err)
	}
	_, err := registry.ParseConfig([]byte(strings.Replace(imageConfig, "free", strings.Repeat("x", 64<<10), 1)), 1)
	code, _ := fault.CodeOf(err)
	require.Equal(t, fault.TooLarge, code)
}
