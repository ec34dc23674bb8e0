package judge

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/bundles"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// Settings are what an audit was judged by. They stand in the record.
type Settings struct {
	Version    int            `json:"version"`
	Tool       string         `json:"tool"`
	Bundle     string         `json:"bundle"`  // digest of the policies for images
	Bundles    []report.Named `json:"bundles"` // and of those for everything else
	File       string         `json:"file"`    // the configuration, as it was given
	Config     string         `json:"config"`  // its digest
	Policy     config.Policy  `json:"policy"`
	Parameters map[string]any `json:"parameters"`
	Record     string         `json:"record"`
}

// SettingsVersion is the version of the format.
const SettingsVersion = 1

func settingsOf(cfg *config.Config, opts Options) (Settings, error) {
	s := Settings{
		Version: SettingsVersion, Tool: opts.Tool, File: opts.Config, Policy: cfg.Policy, Record: opts.Record,
		Parameters: cfg.Parameters(), Bundles: []report.Named{},
	}
	if s.File == "" {
		s.File = cfg.File
	}
	var err error
	if s.Config, err = digestOf(cfg); err != nil {
		return s, err
	}
	s.Bundle, s.Bundles, err = Policies()
	return s, err
}

// digestOf is the digest of the configuration's file, "" where there is none.
func digestOf(cfg *config.Config) (string, error) {
	if cfg.File == "" {
		return "", nil
	}
	path := cfg.File
	if !filepath.IsAbs(path) && cfg.Dir != "" {
		path = filepath.Join(cfg.Dir, filepath.Base(path))
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the configuration: %w", err)
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(raw)), nil
}

// Policies are the digests of the policies of this binary: those for images, and
// those for every subject.
func Policies() (images string, all []report.Named, err error) {
	for _, subject := range bundles.Subjects() {
		flavour := bundles.Replay
		if subject == bundles.Images {
			flavour = bundles.CLI
		}
		files, err := bundles.FilesOf(subject, flavour, nil, nil)
		if err != nil {
			return "", nil, err
		}
		revision := bundles.Revision(files)
		if subject == bundles.Images {
			images = revision
		}
		all = append(all, report.Named{Name: string(subject), Digest: revision})
	}
	return images, all, nil
}

// on says whether a policy is on.
func (s Settings) on(policy string) bool {
	_, on := s.Parameters[policy]
	return on
}

// parametersOf are the parameters of a policy, empty where it is off.
func (s Settings) parametersOf(policy string) map[string]any {
	parameters, _ := s.Parameters[policy].(map[string]any)
	return parameters
}

// texts are the texts of a list of JSON.
func texts(list any) []string {
	out := []string{}
	items, _ := list.([]any)
	for _, item := range items {
		if text, isText := item.(string); isText {
			out = append(out, text)
		}
	}
	return out
}

// reperform is the command that makes the report again.
func (s Settings) reperform() string {
	if s.Record == "" {
		return "" // nothing was recorded: nobody can
	}
	return "waxseal audit --offline " + quoted(s.Record) + " --verify"
}

// quoted writes an argument as a shell takes it.
func quoted(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:@=+,", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
