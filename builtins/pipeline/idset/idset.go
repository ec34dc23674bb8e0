// Package idset has sets of names, such as the IDs of the jobs that have
// succeeded before another begins. Joining them is cheap, so that a pipeline
// of a thousand jobs that all wait for each other is too.
package idset

import (
	"math/big"
	"slices"
)

// Names numbers the names of a pipeline. The zero value is ready to use.
type Names struct {
	names   []string
	numbers map[string]int
}

// Set is a set of names. The zero value is empty. Sets of different Names do not mix.
type Set struct{ bits big.Int }

// Add puts a name into a set.
func (n *Names) Add(s *Set, name string) {
	number, known := n.numbers[name]
	if !known {
		if n.numbers == nil {
			n.numbers = map[string]int{}
		}
		number = len(n.names)
		n.names = append(n.names, name)
		n.numbers[name] = number
	}
	s.bits.SetBit(&s.bits, number, 1)
}

// Join puts all names of another set into the set.
func (s *Set) Join(other *Set) {
	s.bits.Or(&s.bits, &other.bits)
}

// List returns the names of a set, sorted.
func (n *Names) List(s *Set) []string {
	out := []string{}
	for i := range s.bits.BitLen() {
		if s.bits.Bit(i) == 1 {
			out = append(out, n.names[i])
		}
	}
	slices.Sort(out)
	return out
}
