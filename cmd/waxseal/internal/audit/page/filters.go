package page

// choice is a filter: its key in the address, and the values that can be chosen.
type choice struct {
	Key, Label string
	Values     []string
}

func choices(v *view) []choice {
	var verdicts, severities, clusters, namespaces, policies []string
	for _, list := range [][]image{v.Images.Sampled, v.Images.Rest} {
		for _, i := range list {
			verdicts = append(verdicts, i.Verdict)
			clusters = append(clusters, i.Clusters...)
			namespaces = append(namespaces, i.Namespaces...)
			policies = append(policies, i.Policies...)
		}
	}
	for _, g := range v.Groups {
		severities = append(severities, g.Severity)
		for _, row := range g.Rows {
			clusters = append(clusters, row.Clusters...)
			namespaces = append(namespaces, row.Namespaces...)
			policies = append(policies, row.Policy)
		}
	}
	for _, r := range v.LogRows.Rejections {
		verdicts = append(verdicts, r.Verdict)
		namespaces = append(namespaces, r.Namespace)
		policies = append(policies, r.Policy)
	}
	for _, a := range v.Logs.Admissions {
		verdicts = append(verdicts, "admitted")
		namespaces = append(namespaces, a.Namespace)
	}
	return []choice{
		{"verdict", "Verdict", distinct(verdicts)}, {"severity", "Severity", severities}, {"cluster", "Cluster", distinct(clusters)},
		{"namespace", "Namespace", distinct(namespaces)}, {"policy", "Policy", distinct(policies)},
	}
}
