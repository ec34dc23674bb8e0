package github

import (
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/waxseal/waxseal/builtins/fault"
)

// combination is one run of a job with a matrix.
type combination struct {
	label  string // linux/amd64, 3.12
	values value  // of kind open when only the run knows them
}

// matrix expands the matrix of a job. A matrix that only the run knows, or that
// is too large, is one combination without values.
func (w *workflow) matrix(job *actionlint.Job, s *scope) []combination {
	whole := []combination{{}}
	if job.Strategy == nil || job.Strategy.Matrix == nil {
		return whole
	}
	m := job.Strategy.Matrix
	if m.Expression != nil {
		return w.orDynamic(s.text(m.Expression.Value))
	}
	rows, ok := rowsOf(m, s)
	if !ok {
		return whole
	}
	include, ok := combinations(m.Include, s)
	if !ok {
		return whole
	}
	exclude, ok := combinations(m.Exclude, s)
	if !ok {
		return whole
	}
	all, ok := product(rows, exclude)
	if !ok {
		w.problem(w.file.place(m.Pos), fault.TooLarge, "the matrix makes more than %d jobs, and GitHub allows no more: split it", maxCombination)
		return whole
	}
	return expanded(all, include, rows)
}

// orDynamic expands a matrix that is one expression: of a constant text.
func (w *workflow) orDynamic(v value) []combination {
	if v.kind != object || !v.sure {
		return []combination{{}}
	}
	var rows []row
	for _, name := range sorted(v.fields) {
		if name != "include" && name != "exclude" {
			rows = append(rows, row{name, v.fields[name].items})
		}
	}
	all, ok := product(rows, v.fields["exclude"].items)
	if !ok {
		return []combination{{}}
	}
	return expanded(all, v.fields["include"].items, rows)
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// row is a variable of a matrix with its values.
type row struct {
	name   string
	values []value
}

func rowsOf(m *actionlint.Matrix, s *scope) ([]row, bool) {
	names := sorted(m.Rows)
	slices.SortStableFunc(names, func(a, b string) int { return before(rowPos(m.Rows[a]), rowPos(m.Rows[b])) })
	rows := make([]row, 0, len(names))
	for _, name := range names {
		values, ok := rowValues(m.Rows[name], s)
		if !ok {
			return nil, false
		}
		rows = append(rows, row{name, values})
	}
	return rows, true
}

// rowPos is where a row stands: the parser names only rows that are lists.
func rowPos(r *actionlint.MatrixRow) *actionlint.Pos {
	switch {
	case r.Name != nil:
		return r.Name.Pos
	case r.Expression != nil:
		return r.Expression.Pos
	}
	return nil
}

func before(a, b *actionlint.Pos) int {
	if a == nil || b == nil {
		return 0
	}
	if a.Line != b.Line {
		return a.Line - b.Line
	}
	return a.Col - b.Col
}

func rowValues(r *actionlint.MatrixRow, s *scope) ([]value, bool) {
	if r.Expression != nil {
		v := s.text(r.Expression.Value)
		return v.items, v.kind == list && v.sure
	}
	out := make([]value, 0, len(r.Values))
	for _, raw := range r.Values {
		out = append(out, s.raw(raw))
	}
	return out, true
}

// raw is a value of a matrix, with its expressions evaluated.
func (s *scope) raw(raw actionlint.RawYAMLValue) value {
	switch raw := raw.(type) {
	case *actionlint.RawYAMLString:
		v := s.text(raw.Value)
		if v.text == "true" || v.text == "false" {
			v.kind, v.loose = boolean, true
		}
		return v
	case *actionlint.RawYAMLArray:
		v := value{kind: list, sure: true, text: "Array"}
		for _, e := range raw.Elems {
			v.items = append(v.items, s.raw(e))
		}
		return v
	case *actionlint.RawYAMLObject:
		v := value{kind: object, sure: true, text: "Object", fields: map[string]value{}}
		for name, p := range raw.Props {
			v.fields[name] = s.raw(p)
		}
		return v
	}
	return value{kind: null, sure: true}
}

// combinations are the entries of include or exclude.
func combinations(cs *actionlint.MatrixCombinations, s *scope) ([]value, bool) {
	if cs == nil {
		return nil, true
	}
	if cs.Expression != nil {
		v := s.text(cs.Expression.Value)
		return v.items, v.kind == list && v.sure
	}
	out := make([]value, 0, len(cs.Combinations))
	for _, c := range cs.Combinations {
		if c.Expression != nil {
			return nil, false
		}
		v := value{kind: object, sure: true, fields: map[string]value{}, order: sorted(c.Assigns)}
		slices.SortStableFunc(v.order, func(a, b string) int { return before(c.Assigns[a].Key.Pos, c.Assigns[b].Key.Pos) })
		for name, a := range c.Assigns {
			v.fields[name] = s.raw(a.Value)
		}
		out = append(out, v)
	}
	return out, true
}

// product gives all combinations of the rows without those that are excluded.
func product(rows []row, exclude []value) ([]value, bool) {
	if len(rows) == 0 {
		return nil, true
	}
	all := []value{{kind: object, sure: true}}
	for _, r := range rows {
		if len(all)*len(r.values) > 4*maxCombination {
			return nil, false
		}
		var next []value
		for _, c := range all {
			for _, v := range r.values {
				next = append(next, c.with(r.name, v))
			}
		}
		all = next
	}
	all = slices.DeleteFunc(all, func(c value) bool {
		return slices.ContainsFunc(exclude, func(e value) bool { return c.matches(e, sorted(e.fields)) })
	})
	return all, len(all) <= maxCombination
}

func (v value) with(name string, f value) value {
	fields := make(map[string]value, len(v.fields)+1)
	for n, old := range v.fields {
		fields[n] = old
	}
	fields[name] = f
	v.fields = fields
	return v
}

// matches says whether the named fields of two values are equal.
func (v value) matches(other value, names []string) bool {
	for _, n := range names {
		f, ok := v.fields[n]
		if !ok || !equal(f, other.fields[n]) {
			return false
		}
	}
	return true
}

func equal(a, b value) bool {
	if a.kind == object && b.kind == object {
		return a.matches(b, sorted(b.fields))
	}
	if len(a.items) != len(b.items) {
		return false
	}
	for i := range a.items {
		if !equal(a.items[i], b.items[i]) {
			return false
		}
	}
	return a.text == b.text
}

// expanded adds the entries of include: to each combination whose values an
// entry does not change, or as a combination of its own.
func expanded(all, include []value, rows []row) []combination {
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.name
	}
	original := slices.Clone(all)
	for _, entry := range include[:min(len(include), maxCombination)] {
		shared := slices.DeleteFunc(slices.Clone(names), func(n string) bool { _, ok := entry.fields[n]; return !ok })
		added := false
		for i := range original {
			if original[i].matches(entry, shared) {
				added = true
				for n, f := range entry.fields {
					all[i] = all[i].with(n, f)
				}
			}
		}
		if !added {
			all = append(all, entry)
		}
	}
	return labelled(all, names)
}

func labelled(all []value, names []string) []combination {
	out := make([]combination, 0, len(all))
	for _, v := range all {
		order := append(append(slices.Clone(names), v.order...), sorted(v.fields)...)
		order = unique(order)
		var parts []string
		for _, n := range order {
			if f, ok := v.fields[n]; ok && f.kind != object && f.kind != list {
				parts = append(parts, f.text)
			}
		}
		v.kind, v.sure, v.text = object, true, "Object"
		out = append(out, combination{strings.Join(parts[:min(len(parts), 6)], ", "), v})
	}
	if len(out) == 0 {
		return []combination{{}}
	}
	return out
}

// unique keeps the first of equal texts.
func unique(texts []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(texts, func(t string) bool {
		again := seen[t]
		seen[t] = true
		return again
	})
}
