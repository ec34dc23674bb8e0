package sbom

// Alternatives shows the tests how an expression is read.
func Alternatives(expression string) ([][]string, error) {
	choices, err := alternatives(expression)
	var out [][]string
	for _, choice := range choices {
		var ids []string
		for _, l := range choice {
			text := l.String()
			if !l.known {
				text = "?" + text
			}
			ids = append(ids, text)
		}
		out = append(out, ids)
	}
	return out, err
}

// Contains shows the tests whether a version is in a range.
func Contains(vers, purlType, version string) (bool, error) {
	v, err := parseVersions(vers, purlType)
	if err != nil {
		return false, err
	}
	return v.contains(version)
}

// Compare shows the tests the comparators.
func Compare(scheme, a, b string) (int, error) { return comparatorOf(scheme)(a, b) }
