package pipeline

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// tidy sorts what the adapters have read, and gives every action its ID. Jobs
// and steps keep the order in which they run.
func tidy(r *model.Repository) {
	slices.SortStableFunc(r.Pipelines, func(a, b model.Pipeline) int { return byPlace(a.Place, b.Place) })
	slices.SortStableFunc(r.Keys, func(a, b model.Secret) int { return byPlace(a.Place, b.Place) })
	taken := map[string]int{}
	for i := range r.Pipelines {
		p := &r.Pipelines[i]
		slices.SortStableFunc(p.References, func(a, b model.Reference) int {
			return cmp.Or(byPlace(a.Place, b.Place), cmp.Compare(a.Text, b.Text))
		})
		slices.SortStableFunc(p.Secrets, func(a, b model.Secret) int {
			return cmp.Or(byPlace(a.Place, b.Place), cmp.Compare(a.Name, b.Name), cmp.Compare(a.To, b.To))
		})
		slices.SortStableFunc(p.Unseen, func(a, b model.Unseen) int {
			return cmp.Or(byPlace(a.Place, b.Place), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Job, b.Job))
		})
		identify(p, taken)
	}
}

func sortProblems(r *model.Repository) {
	slices.SortStableFunc(r.Problems, func(a, b model.Problem) int {
		return cmp.Or(byPlace(a.Place, b.Place), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Text, b.Text))
	})
	// A file that several pipelines lead to has its problem once.
	r.Problems = slices.Compact(r.Problems)
}

func byPlace(a, b model.Place) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
}

// identify gives the actions of a pipeline their IDs: file#job/step/n. A file
// may hold several pipelines with equal jobs; then a number follows.
func identify(p *model.Pipeline, taken map[string]int) {
	for j := range p.Jobs {
		for s := range p.Jobs[j].Steps {
			step := &p.Jobs[j].Steps[s]
			for a := range step.Actions {
				id := fmt.Sprintf("%s#%s/%s/%d", p.File, p.Jobs[j].ID, step.ID, a+1)
				if taken[id]++; taken[id] > 1 {
					id = fmt.Sprintf("%s~%d", id, taken[id])
				}
				step.Actions[a].ID = id
			}
		}
	}
}

// fill makes every list of the model a list, so that it is one in JSON. The model
// is data through and through, so its types tell where the lists are.
func fill(r *model.Repository) { fillValue(reflect.ValueOf(r).Elem()) }

func fillValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(v.Field(i))
		}
	case reflect.Slice:
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		if k := v.Type().Elem().Kind(); k == reflect.Struct || k == reflect.Slice {
			for i := range v.Len() {
				fillValue(v.Index(i))
			}
		}
	}
}
