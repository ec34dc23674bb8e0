// Package sample draws the images that an audit judges: the same seed and the same
// images always give the same sample, whatever the version of Go.
package sample

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Member is what can be drawn. It is drawn for its stratum.
type Member struct{ Ref, Stratum string }

// Sample is what was drawn.
type Sample struct {
	Refs       []string // drawn, sorted
	Of         int      // members
	Population string   // sha256: of the sorted references, one a line
	Strata     []Stratum
	Method     string
}

// Stratum is a part of the population.
type Stratum struct {
	Name    string
	Members int
	Drawn   int
}

const (
	everything = "Every image that runs was judged; none was left out."
	drawn      = "Stratified by namespace: each namespace (cluster/namespace, an image counts in the first of its namespaces by name) gives one image, " +
		"and the rest of the sample is shared in proportion to the images that are left, by largest remainder. Within a namespace those images are drawn " +
		"whose SHA-256 of seed, namespace and reference, each ended by a line feed, is lowest. Where there are more namespaces than the sample is large, " +
		"those with the lowest SHA-256 of seed and namespace give one image each."
)

// Draw draws size members; 0, or more than there are, is all of them. Of members
// with one reference the first counts.
func Draw(members []Member, size int, seed int64) Sample {
	strata := map[string][]string{}
	seen := map[string]bool{}
	for _, m := range members {
		if !seen[m.Ref] {
			seen[m.Ref] = true
			strata[m.Stratum] = append(strata[m.Stratum], m.Ref)
		}
	}
	out := Sample{Refs: []string{}, Of: len(seen), Population: population(slices.Sorted(maps.Keys(seen))), Strata: []Stratum{}, Method: drawn}
	if size <= 0 || size >= len(seen) {
		size, out.Method = len(seen), everything
	}
	quotas := quotas(strata, size, seed)
	for _, name := range slices.Sorted(maps.Keys(strata)) {
		refs := strata[name]
		slices.SortFunc(refs, func(a, b string) int {
			return cmp.Or(cmp.Compare(rank(seed, name, a), rank(seed, name, b)), cmp.Compare(a, b))
		})
		out.Refs = append(out.Refs, refs[:quotas[name]]...)
		out.Strata = append(out.Strata, Stratum{Name: name, Members: len(refs), Drawn: quotas[name]})
	}
	slices.Sort(out.Refs)
	return out
}

// quotas says how many each stratum gives; together they are size.
func quotas(strata map[string][]string, size int, seed int64) map[string]int {
	names := slices.Sorted(maps.Keys(strata))
	out := map[string]int{}
	if size < len(names) {
		slices.SortFunc(names, func(a, b string) int {
			return cmp.Or(cmp.Compare(rank(seed, a), rank(seed, b)), cmp.Compare(a, b))
		})
		for _, name := range names[:size] {
			out[name] = 1
		}
		return out
	}
	left, rest := 0, size-len(names)
	for _, name := range names {
		out[name] = 1
		left += len(strata[name]) - 1
	}
	remainders := map[string]int{}
	shared := rest
	for _, name := range names {
		if left > 0 {
			share := shared * (len(strata[name]) - 1)
			out[name] += share / left
			remainders[name] = share % left
			rest -= share / left
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(remainders[b], remainders[a]) })
	for _, name := range names[:rest] {
		out[name]++
	}
	return out
}

// rank orders what may be drawn.
func rank(seed int64, of ...string) string {
	return digest(strconv.FormatInt(seed, 10) + "\n" + strings.Join(of, "\n") + "\n")
}

func population(refs []string) string {
	text := ""
	if len(refs) > 0 {
		text = strings.Join(refs, "\n") + "\n"
	}
	return "sha256:" + digest(text)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
