package cosign

import (
	"slices"
	"strconv"
)

// Threshold says whether the signers satisfy need different entries. Each
// signer counts for at most one entry and each entry once. Signatures by one
// key are one signer, and so are signatures by certificates of one issuer for
// one subject: who signs without a key has a new key each time.
func Threshold(signers []Signer, entries, need int) bool {
	if need < 1 || need > entries {
		return false
	}
	m := matching{wanted: wanted(signers, entries), by: make([]int, entries)}
	for e := range m.by {
		m.by[e] = -1
	}
	count := 0
	for s := range m.wanted {
		if m.place(s, make([]bool, entries)) {
			count++
		}
	}
	return count >= need
}

// wanted lists, for each different signer, the entries it satisfies.
func wanted(signers []Signer, entries int) [][]int {
	groups := map[string]*[]int{} // by what signers have in common
	var all []*[]int
	for _, s := range signers {
		group := &[]int{}
		for _, mark := range s.marks() {
			if other := groups[mark]; other != nil && other != group {
				group = merge(groups, &all, other, group)
			}
		}
		for _, mark := range s.marks() {
			groups[mark] = group
		}
		if !slices.Contains(all, group) {
			all = append(all, group)
		}
		for _, e := range s.Entries {
			if e >= 0 && e < entries {
				*group = append(*group, e)
			}
		}
	}
	out := make([][]int, len(all))
	for i, group := range all {
		out[i] = *group
	}
	return out
}

// merge makes two groups that turn out to be one signer into one.
func merge(groups map[string]*[]int, all *[]*[]int, into, from *[]int) *[]int {
	*into = append(*into, *from...)
	for mark, group := range groups {
		if group == from {
			groups[mark] = into
		}
	}
	*all = slices.DeleteFunc(*all, func(g *[]int) bool { return g == from })
	return into
}

// marks are what tells a signer: the key, and for a certificate who it is for.
func (s Signer) marks() []string {
	marks := []string{"key " + s.KeyID}
	if s.Kind == KindCertificate {
		marks = append(marks, "holder "+strconv.Quote(s.Issuer)+" "+strconv.Quote(s.Subject))
	}
	return marks
}

// matching is a bipartite matching of signers and entries, made as large as
// possible by augmenting paths.
type matching struct {
	wanted [][]int // entries of each signer
	by     []int   // signer that has the entry, -1 for none
}

// place gives signer s an entry, moving others if need be.
func (m *matching) place(s int, tried []bool) bool {
	for _, e := range m.wanted[s] {
		if tried[e] {
			continue
		}
		tried[e] = true
		if m.by[e] < 0 || m.place(m.by[e], tried) {
			m.by[e] = s
			return true
		}
	}
	return false
}
