package admit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// plan is what would be denied today, added up by rule and by group.
type plan struct {
	By         string  `json:"by"`
	Objects    int     `json:"objects"`
	Pods       int     `json:"pods"`
	Denied     int     `json:"denied"`      // objects
	CannotTell int     `json:"cannot_tell"` // objects
	DeniedPods int     `json:"denied_pods"`
	Rules      []rule  `json:"rules"`
	Groups     []group `json:"groups"`
}

// rule is a code, and what it is against.
type rule struct {
	Code     string   `json:"code"`
	Severity string   `json:"severity"`
	Title    string   `json:"title"`
	Answered bool     `json:"answered"` // false where nobody can tell
	Objects  int      `json:"objects"`
	Pods     int      `json:"pods"`
	Images   []string `json:"images"`
	Groups   []string `json:"groups"`
}

// group is a namespace, or an owner.
type group struct {
	Name       string   `json:"name"`
	Objects    int      `json:"objects"`
	Pods       int      `json:"pods"`
	Denied     int      `json:"denied"`
	CannotTell int      `json:"cannot_tell"`
	Rules      []string `json:"rules"`
}

// study adds up the decisions about the objects, which are in their order.
func (v *inventory) study(decisions []render.Decision) *render.Study {
	p := &plan{By: v.by, Objects: len(v.objects), Rules: []rule{}, Groups: []group{}}
	rules, groups := map[string]*rule{}, map[string]*group{}
	for i, o := range v.objects {
		g := groups[o.group]
		if g == nil {
			g = &group{Name: o.group, Rules: []string{}}
			groups[o.group] = g
		}
		p.add(o, &decisions[i], g)
		for _, code := range added(rules, o, &decisions[i]) {
			if !slices.Contains(g.Rules, code) {
				g.Rules = append(g.Rules, code)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		slices.Sort(groups[name].Rules)
		p.Groups = append(p.Groups, *groups[name])
	}
	for _, code := range slices.Sorted(maps.Keys(rules)) {
		slices.Sort(rules[code].Images)
		slices.Sort(rules[code].Groups)
		p.Rules = append(p.Rules, *rules[code])
	}
	slices.SortStableFunc(p.Rules, func(a, b rule) int { return cmp.Compare(b.Objects, a.Objects) })
	return &render.Study{Lines: []string{p.line()}, Facts: p, Grids: []render.Grid{p.byRule(), p.byGroup()}}
}

func (p *plan) add(o *object, d *render.Decision, g *group) {
	p.Pods += o.pods
	g.Objects++
	g.Pods += o.pods
	switch d.Verdict {
	case render.Denied:
		p.Denied++
		p.DeniedPods += o.pods
		g.Denied++
	case render.CannotTell:
		p.CannotTell++
		g.CannotTell++
	}
}

// added counts an object for the rules against it, each once, and returns these.
func added(rules map[string]*rule, o *object, d *render.Decision) []string {
	seen := []string{}
	for _, found := range d.Violations {
		r := rules[found.Code]
		if r == nil {
			r = &rule{Code: found.Code, Severity: found.Severity, Title: found.Title, Images: []string{}, Groups: []string{}}
			rules[found.Code] = r
		}
		r.Answered = r.Answered || found.Answered()
		if !slices.Contains(seen, found.Code) {
			seen = append(seen, found.Code)
			r.Objects++
			r.Pods += o.pods
		}
		if found.Image != "" && !slices.Contains(r.Images, found.Image) {
			r.Images = append(r.Images, found.Image)
		}
		if !slices.Contains(r.Groups, o.group) {
			r.Groups = append(r.Groups, o.group)
		}
	}
	return seen
}

func (p *plan) line() string {
	text := fmt.Sprintf("%d of %d objects would be denied today, with %d of %d Pods", p.Denied, p.Objects, p.DeniedPods, p.Pods)
	if p.CannotTell > 0 {
		text += fmt.Sprintf("; of %d nobody can tell", p.CannotTell)
	}
	return text
}

func (p *plan) byRule() render.Grid {
	g := render.Grid{Columns: []string{"rule", "severity", "objects", "pods", "images", "in"}}
	for _, r := range p.Rules {
		verdict := render.CannotTell
		if r.Answered {
			verdict = render.Denied
		}
		g.Rows = append(g.Rows, render.Row{Verdict: verdict, Cells: []string{
			r.Code, r.Severity, strconv.Itoa(r.Objects), strconv.Itoa(r.Pods), strconv.Itoa(len(r.Images)), few(r.Groups),
		}})
	}
	return g
}

func (p *plan) byGroup() render.Grid {
	_, key, keyed := strings.Cut(p.By, ":")
	if !keyed {
		key = p.By
	}
	g := render.Grid{Columns: []string{key, "objects", "pods", "denied", "cannot tell", "rules"}}
	for _, of := range p.Groups {
		verdict := render.Admitted
		switch {
		case of.Denied > 0:
			verdict = render.Denied
		case of.CannotTell > 0:
			verdict = render.CannotTell
		}
		g.Rows = append(g.Rows, render.Row{Verdict: verdict, Cells: []string{
			of.Name, strconv.Itoa(of.Objects), strconv.Itoa(of.Pods), strconv.Itoa(of.Denied), strconv.Itoa(of.CannotTell), few(of.Rules),
		}})
	}
	return g
}

// most bounds the names in one cell; -o json has all.
const most = 8

func few(names []string) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
