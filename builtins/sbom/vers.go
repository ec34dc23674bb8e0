package sbom

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// versions is a range of versions in the notation of VERS (package-url/vers-spec):
// vers:npm/>=1.0.0|<1.4.2, where * is any version.
type versions struct {
	compare comparator
	any     bool
	equal   []string
	unequal []string
	bounds  []bound // sorted, lower and upper ones by turns
}

type bound struct {
	op      string // <, <=, > or >=
	version string
}

func (b bound) lower() bool { return b.op[0] == '>' }

// operators, the longer ones first.
var operators = []string{">=", "<=", "!=", ">", "<", "="}

// parseVersions reads a range. Its versioning scheme has to be that of the
// packages' type, or semver.
func parseVersions(text, purlType string) (*versions, error) {
	rest, ok := strings.CutPrefix(text, "vers:")
	scheme, list, parted := strings.Cut(rest, "/")
	if !ok || !parted || list == "" {
		return nil, fmt.Errorf("%q is no range of versions: vers:%s/>=1.0|<2.0 was expected", text, purlType)
	}
	if scheme != purlType && scheme != "semver" {
		return nil, fmt.Errorf("the range %q is of %q, and the package of %q", text, scheme, purlType)
	}
	v := &versions{compare: comparatorOf(scheme)}
	if list == "*" {
		v.any = true
		return v, nil
	}
	if v.compare == nil {
		return nil, fmt.Errorf("versions of %q cannot be compared; known are %s", scheme, strings.Join(schemes(), ", "))
	}
	for _, constraint := range strings.Split(list, "|") {
		if err := v.add(constraint); err != nil {
			return nil, fmt.Errorf("the range %q: %w", text, err)
		}
	}
	if err := v.order(); err != nil {
		return nil, fmt.Errorf("the range %q: %w", text, err)
	}
	return v, nil
}

func (v *versions) add(constraint string) error {
	op := "="
	for _, o := range operators {
		if rest, ok := strings.CutPrefix(constraint, o); ok {
			op, constraint = o, rest
			break
		}
	}
	version, err := url.PathUnescape(constraint)
	if err != nil {
		return err
	}
	if _, err := v.compare(version, version); err != nil {
		return fmt.Errorf("%q is no version: %w", version, err)
	}
	switch op {
	case "=":
		v.equal = append(v.equal, version)
	case "!=":
		v.unequal = append(v.unequal, version)
	default:
		v.bounds = append(v.bounds, bound{op, version})
	}
	return nil
}

// order sorts the bounds, and refuses those that do not follow each other as
// lower and upper ones: such a range means nothing.
func (v *versions) order() error {
	slices.SortStableFunc(v.bounds, func(a, b bound) int {
		n, _ := v.compare(a.version, b.version) // each was compared with itself: both are versions
		return n
	})
	for i := 1; i < len(v.bounds); i++ {
		if v.bounds[i-1].lower() == v.bounds[i].lower() {
			return fmt.Errorf("%s%s and %s%s follow each other", v.bounds[i-1].op, v.bounds[i-1].version, v.bounds[i].op, v.bounds[i].version)
		}
		if n, _ := v.compare(v.bounds[i-1].version, v.bounds[i].version); n == 0 {
			return fmt.Errorf("the version %s stands twice", v.bounds[i].version)
		}
	}
	if len(v.equal)+len(v.bounds) == 0 {
		return errors.New("it only says which versions are not in it")
	}
	return nil
}

// contains says whether a version is in the range. An error says that it
// cannot be told.
func (v *versions) contains(version string) (bool, error) {
	if v.any {
		return true, nil
	}
	for _, list := range []struct {
		versions []string
		in       bool
	}{{v.unequal, false}, {v.equal, true}} {
		for _, other := range list.versions {
			if n, err := v.compare(version, other); err != nil || n == 0 {
				return list.in, err
			}
		}
	}
	return v.between(version)
}

// between looks at the bounds in their order: the first one that the version is
// not above decides.
func (v *versions) between(version string) (bool, error) {
	in := false // what holds above all bounds that were looked at
	for i, b := range v.bounds {
		n, err := v.compare(version, b.version)
		if err != nil {
			return false, err
		}
		if n == 0 {
			return strings.HasSuffix(b.op, "="), nil
		}
		if n < 0 {
			if i == 0 {
				return !b.lower(), nil
			}
			return in, nil
		}
		in = b.lower()
	}
	return in, nil
}
