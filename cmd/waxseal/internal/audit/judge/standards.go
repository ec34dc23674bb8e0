package judge

import "github.com/waxseal/waxseal/cmd/waxseal/internal/policy"

// meta is what the METADATA of a policy says of it.
type meta struct {
	title    string
	controls []string
}

// metadata reads what stands above the rules of each policy.
func metadata() (map[string]meta, error) {
	library, err := policy.Library()
	if err != nil {
		return nil, err
	}
	out := map[string]meta{}
	for name, about := range library {
		out[name] = meta{title: about.Title, controls: about.Controls}
	}
	return out, nil
}
