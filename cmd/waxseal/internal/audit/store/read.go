package store

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/judge"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
)

// kept is a record that was read, but for its decisions, which may be many.
type kept struct {
	dir      string
	gathered *gather.Gathered
	settings judge.Settings
	tags     map[string]map[string]map[string]any
	report   []byte
	record   record.Record // without decisions
	odd      []string      // files that say the same otherwise than an audit writes it
}

func read(dir string) (*kept, error) {
	k := &kept{dir: dir}
	raw, err := os.ReadFile(filepath.Join(dir, gatheredFile))
	if err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	if k.gathered, err = judge.ReadGathered(raw); err != nil {
		return nil, err
	}
	k.written(gatheredFile, raw, k.gathered)
	for name, into := range map[string]any{settingsFile: &k.settings, tagsFile: &k.tags} {
		raw, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("read the record: %w", err)
		}
		if err := judge.Decode(raw, into); err != nil {
			return nil, fmt.Errorf("read the record: %s: %w", name, err)
		}
		k.written(name, raw, into)
	}
	slices.Sort(k.odd)
	if k.settings.Version != judge.SettingsVersion {
		return nil, fmt.Errorf("read the record: %s: version %d, expected %d", settingsFile, k.settings.Version, judge.SettingsVersion)
	}
	if k.report, err = os.ReadFile(filepath.Join(dir, reportFile)); err != nil {
		return nil, fmt.Errorf("read the record: %w", err)
	}
	return k, nil
}

// written notes a file that an audit would not have written so: a key that stands there
// twice, or in capitals, says something else to another reader.
func (k *kept) written(name string, raw []byte, value any) {
	if again, err := indented(value); err != nil || !bytes.Equal(again, raw) {
		k.odd = append(k.odd, name)
	}
}

// decisions reads the decisions of the record one after another, and fills in the rest
// of it.
func (k *kept) decisions(each func(record.Decision) error) error {
	f, err := os.Open(filepath.Join(k.dir, recordFile))
	if err != nil {
		return fmt.Errorf("read the record: %w", err)
	}
	defer f.Close()
	dec := json.NewDecoder(bufio.NewReaderSize(f, 1<<16))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err := k.fields(dec, each); err != nil {
		return fmt.Errorf("read the record: %s: %w", recordFile, err)
	}
	if k.record.Version != record.Version {
		return fmt.Errorf("read the record: %s: version %d, expected %d", recordFile, k.record.Version, record.Version)
	}
	return nil
}

func (k *kept) fields(dec *json.Decoder, each func(record.Decision) error) error {
	if err := delimiter(dec, '{'); err != nil {
		return err
	}
	r := &k.record
	*r = record.Record{}
	into := map[string]any{
		"version": &r.Version, "bundle": &r.Bundle, "parameters": &r.Parameters, "trust": &r.Trust, "tags": &r.Tags, "signatures": &r.Signatures,
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if seen[name] {
			return fmt.Errorf("%s stands there twice", name)
		}
		seen[name] = true
		switch {
		case name == "decisions":
			err = list(dec, each)
		case into[name] != nil:
			err = dec.Decode(into[name])
		default:
			err = fmt.Errorf("unknown field %q", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func list(dec *json.Decoder, each func(record.Decision) error) error {
	if err := delimiter(dec, '['); err != nil {
		return err
	}
	for dec.More() {
		var d record.Decision
		if err := dec.Decode(&d); err != nil {
			return err
		}
		if err := each(d); err != nil {
			return err
		}
	}
	return delimiter(dec, ']')
}

func delimiter(dec *json.Decoder, want json.Delim) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("expected %s, got %v", want, token)
	}
	return nil
}
