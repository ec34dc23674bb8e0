package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"

	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/builtins/registry"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/gather"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/judge"
	"github.com/waxseal/waxseal/cmd/waxseal/internal/record"
)

// gathering is what the lines of all images come to, beside their decisions.
type gathering struct {
	names record.Names
	roots map[string]json.RawMessage
	trust map[string]map[string]evidence.TrustData
	tags  map[string]map[string]map[string]any // by image
}

func newGathering() *gathering {
	return &gathering{
		names: record.Names{Sizes: map[registry.Digest]int{}, Types: map[registry.Digest]string{}, Tags: map[string]registry.Digest{}},
		roots: map[string]json.RawMessage{}, trust: map[string]map[string]evidence.TrustData{}, tags: map[string]map[string]map[string]any{},
	}
}

func (a *gathering) add(l *line) {
	maps.Copy(a.names.Sizes, l.Names.Sizes)
	maps.Copy(a.names.Types, l.Names.Types)
	maps.Copy(a.names.Tags, l.Names.Tags)
	maps.Copy(a.roots, l.Roots)
	for notary, data := range l.Trust {
		if a.trust[notary] == nil {
			a.trust[notary] = map[string]evidence.TrustData{}
		}
		maps.Copy(a.trust[notary], data)
	}
	if len(l.Judged.Tag) > 0 {
		a.tags[l.Judged.Image] = l.Judged.Tag
	}
}

// finishImages makes the record of the decisions, without holding all of them.
func (s *Store) finishImages(g *gather.Gathered) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := newGathering()
	path := filepath.Join(s.part, imagesDir, "decisions")
	decisions, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(decisions)
	err = s.decisions(g, w, all)
	if err := errors.Join(err, w.Flush(), decisions.Close()); err != nil {
		return err
	}
	if err := s.writeRecord(path, all); err != nil {
		return err
	}
	if err := record.WriteIndex(filepath.Join(s.part, imagesDir, "layout"), all.names); err != nil {
		return err
	}
	raw, err := indented(all.tags)
	if err != nil {
		return err
	}
	return errors.Join(s.write(tagsFile, raw), os.Remove(path))
}

// decisions writes the decisions in their order, as the items of a list.
func (s *Store) decisions(g *gather.Gathered, w io.Writer, all *gathering) error {
	separator := "\n    "
	for _, subject := range judge.Subjects(g) {
		at, has := s.at[subject.Image.Ref]
		if !has {
			return fmt.Errorf("image %q is not judged", subject.Image.Ref)
		}
		l, err := s.lineAt(at)
		if err != nil {
			return err
		}
		all.add(l)
		for _, d := range l.Judged.Decisions {
			raw, err := json.MarshalIndent(d, "    ", "  ")
			if err != nil {
				return err
			}
			if _, err := io.WriteString(w, separator+string(raw)); err != nil {
				return err
			}
			separator = ",\n    "
		}
	}
	return nil
}

// writeRecord writes images/record.json around the decisions, in the order of the
// fields of [record.Record].
func (s *Store) writeRecord(decisions string, all *gathering) error {
	trust := record.TrustOf(s.cfg, all.roots)
	trust.Said(all.trust)
	tags := map[string]string{}
	for ref, d := range all.names.Tags {
		tags[ref] = string(d)
	}
	const mark = `"decisions": null`
	raw, err := json.MarshalIndent(record.Record{
		Version: record.Version, Bundle: s.settings.Bundle, Parameters: s.settings.Parameters, Trust: trust, Tags: tags, Signatures: s.cfg.Signatures,
	}, "", "  ")
	if err != nil {
		return err
	}
	before, after, err := cut(raw, "\n  "+mark)
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(s.part, recordFile))
	if err != nil {
		return err
	}
	in, err := os.Open(decisions)
	if err != nil {
		return errors.Join(err, out.Close())
	}
	_, err = io.Copy(out, io.MultiReader(before, in, after))
	return errors.Join(err, in.Close(), out.Close())
}
