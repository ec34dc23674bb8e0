package vex

import (
	"slices"

	"github.com/waxseal/waxseal/builtins/fault"
)

// csafTree says which products there are (product_tree). Branches nest; a
// relationship makes a product of two others.
type csafTree struct {
	Branches      []csafBranch       `json:"branches"`
	Names         []csafName         `json:"full_product_names"`
	Relationships []csafRelationship `json:"relationships"`
	Groups        []struct {
		ID       string   `json:"group_id"`
		Products []string `json:"product_ids"`
	} `json:"product_groups"`
}

type csafBranch struct {
	Product  *csafName    `json:"product"`
	Branches []csafBranch `json:"branches"`
}

type csafName struct {
	ID     string `json:"product_id"`
	Name   string `json:"name"`
	Helper struct {
		Purl   string   `json:"purl"`
		Purls  []string `json:"purls"` // in place of purl since 2.1
		Hashes []struct {
			Files []struct {
				Algorithm string `json:"algorithm"`
				Value     string `json:"value"`
			} `json:"file_hashes"`
		} `json:"hashes"`
	} `json:"product_identification_helper"`
}

type csafRelationship struct {
	Category  string   `json:"category"`
	Name      csafName `json:"full_product_name"`
	Reference string   `json:"product_reference"`
	RelatesTo string   `json:"relates_to_product_reference"`
}

// inside are the categories that say that one product is in the other.
var inside = []string{"default_component_of", "optional_component_of", "installed_on"}

// products resolves the ids. What is a component of a product is a subcomponent;
// a component of a component keeps its name only, because it is not found by
// what it is inside of.
func (t *csafTree) products() (map[string]Product, error) {
	out := map[string]Product{}
	add := func(n csafName, p Product) error {
		if _, twice := out[n.ID]; twice || n.ID == "" {
			return fault.Newf(fault.Malformed, opCSAF, "product_id", "%.100q is missing or stands for two products", n.ID)
		}
		out[n.ID] = p
		return nil
	}
	for _, n := range append(named(t.Branches), t.Names...) {
		if err := add(n, Product{Component: n.component()}); err != nil {
			return nil, err
		}
	}
	plain := make(map[string]Product, len(out))
	for id, p := range out {
		plain[id] = p
	}
	for _, r := range t.Relationships {
		if err := add(r.Name, r.product(plain)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r csafRelationship) product(plain map[string]Product) Product {
	part, knownPart := plain[r.Reference]
	whole, knownWhole := plain[r.RelatesTo]
	if !knownPart || !knownWhole || !slices.Contains(inside, r.Category) {
		return Product{Component: Component{Name: r.Name.Name}}
	}
	return Product{Component: whole.Component, Subcomponents: []Component{part.Component}}
}

// named goes as deep as branches are nested, which strictjson bounds.
func named(branches []csafBranch) []csafName {
	var out []csafName
	for _, b := range branches {
		if b.Product != nil {
			out = append(out, *b.Product)
		}
		out = append(out, named(b.Branches)...)
	}
	return out
}

// component takes a purl, and hashes where they are those of one file: of two
// files or two purls, nobody can tell which one would be the product.
func (n csafName) component() Component {
	out := Component{Name: n.Name, Purl: n.Helper.Purl}
	if out.Purl == "" && len(n.Helper.Purls) == 1 {
		out.Purl = n.Helper.Purls[0]
	}
	if len(n.Helper.Hashes) == 1 {
		for _, h := range n.Helper.Hashes[0].Files {
			if d := digest(h.Algorithm, h.Value); d != "" {
				out.Digests = append(out.Digests, d)
			}
		}
	}
	return out
}

func (t *csafTree) groups() map[string][]string {
	out := map[string][]string{}
	for _, g := range t.Groups {
		out[g.ID] = append(out[g.ID], g.Products...)
	}
	return out
}
