package gitlab

import (
	"maps"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/builtins/config/document"
)

// variant is one job of a matrix.
type variant struct {
	suffix string // as GitLab names it: ": [amd64, debug]"
	vars   *variables
}

// matrix returns the jobs of a matrix: of each of its objects all combinations
// of the values.
func matrix(n *document.Node, vars *variables) []variant {
	var out []variant
	taken := map[string]int{}
	for _, object := range items(n) {
		for _, combination := range combinations(object) {
			v := vars.clone()
			var values []string
			for _, f := range combination {
				v.raw[f.name] = f.value
				values = append(values, f.value)
			}
			suffix := ": [" + strings.Join(values, ", ") + "]"
			if taken[suffix]++; taken[suffix] > 1 {
				suffix += " #" + strconv.Itoa(taken[suffix])
			}
			if out = append(out, variant{suffix, v}); len(out) >= maxMatrix {
				return out
			}
		}
	}
	return out
}

type pair struct{ name, value string }

func combinations(object *document.Node) [][]pair {
	out := [][]pair{nil}
	for _, f := range object.Fields {
		var next [][]pair
		for _, before := range out {
			for _, value := range texts(f.Value) {
				if len(next) >= maxMatrix {
					break
				}
				next = append(next, append(before[:len(before):len(before)], pair{f.Name, value}))
			}
		}
		out = next
	}
	if len(object.Fields) == 0 {
		return nil
	}
	return out
}

// clone copies variables before they are expanded; those that were set stay set.
func (v *variables) clone() *variables {
	c := newVariables()
	c.raw, c.literal = maps.Clone(v.raw), maps.Clone(v.literal)
	return c
}
