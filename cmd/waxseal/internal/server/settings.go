package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"
)

// settings is plugins.waxseal in OPA's configuration.
type settings struct {
	// Config is the path of waxseal.yaml. Without it $WAXSEAL_CONFIG is used;
	// without both, the defaults: no keys, no trust roots.
	Config string
	// Deadline bounds the evidence of one decision, beside limits.deadline of
	// waxseal.yaml; the smaller one holds. The default is 7 s, because an API
	// server waits for 10 s.
	Deadline time.Duration
	// MaxKeys and MaxBodyBytes bound one request to /v1/collect. The defaults
	// are 2048 and 4 MiB.
	MaxKeys      int
	MaxBodyBytes int64
}

// settingsOf reads the settings. What is not known, or ambiguous, is an error.
func settingsOf(raw []byte, fromEnvironment string) (settings, error) {
	wire := struct {
		Config       string `json:"config"`
		Deadline     string `json:"deadline"`
		MaxKeys      *int   `json:"max_keys"`
		MaxBodyBytes *int64 `json:"max_body_bytes"`
	}{}
	out := settings{Deadline: 7 * time.Second, MaxKeys: 2048, MaxBodyBytes: 4 << 20}
	if len(raw) > 0 {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&wire); err != nil {
			return out, problem("%w; expected {config, deadline, max_keys, max_body_bytes}", err)
		}
	}
	out.Config = wire.Config
	if wire.Deadline != "" {
		d, err := time.ParseDuration(wire.Deadline)
		if err != nil || d <= 0 {
			return out, problem("deadline %q: expected a duration, as in 7s", wire.Deadline)
		}
		out.Deadline = d
	}
	if wire.MaxKeys != nil {
		out.MaxKeys = *wire.MaxKeys
	}
	if wire.MaxBodyBytes != nil {
		out.MaxBodyBytes = *wire.MaxBodyBytes
	}
	if out.MaxKeys < 1 || out.MaxBodyBytes < 1 {
		return out, problem("max_keys and max_body_bytes have to be at least 1")
	}
	return out, out.locate(fromEnvironment)
}

// locate decides which waxseal.yaml is meant.
func (s *settings) locate(fromEnvironment string) error {
	switch {
	case fromEnvironment == "":
	case s.Config == "":
		s.Config = fromEnvironment
	case filepath.Clean(s.Config) != filepath.Clean(fromEnvironment):
		return problem("config is %q and $%s is %q: name one of them", s.Config, variable, fromEnvironment)
	}
	return nil
}

func problem(format string, args ...any) error {
	return fmt.Errorf("plugins."+name+": "+format, args...)
}
