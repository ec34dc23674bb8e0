package cosign

// Threshold says whether the signers satisfy need different entries. Each
// signature counts for at most one entry and each entry once; signatures by
// one key, or by certificates for one key, are one signature.
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

// wanted lists, for each different key that signed, the entries it satisfies.
func wanted(signers []Signer, entries int) [][]int {
	var out [][]int
	index := map[string]int{}
	for _, s := range signers {
		i, known := index[s.KeyID]
		if !known {
			i = len(out)
			index[s.KeyID], out = i, append(out, nil)
		}
		for _, e := range s.Entries {
			if e >= 0 && e < entries {
				out[i] = append(out[i], e)
			}
		}
	}
	return out
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
