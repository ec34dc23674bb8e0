package admission

// podSecurityPolicies reads what Kubernetes no longer has, and notes what is not
// read yet.
func (r *reader) podSecurityPolicies() {
	for _, group := range []string{"policy", "extensions"} {
		for _, s := range r.of(group, "PodSecurityPolicy") {
			rule := newRule(PodSecurity, "", s.root())
			rule.About = AboutOther
			rule.Action = Action{Effect: Off, Place: rule.Place, Overrides: []Override{}}
			rule.fact(RemovedFromKubernetes, s.root().at("kind"), "PodSecurityPolicy was removed in Kubernetes 1.25, and never looked at images or signatures")
			rule.match = matcher{object: func(*subject) answer { return appliesNot }}
			r.rule(rule)
		}
	}
	for kind, text := range map[Kind]string{
		{Group: "policies.kubewarden.io", Kind: "ClusterAdmissionPolicy"}:  "Kubewarden",
		{Group: "policies.kubewarden.io", Kind: "AdmissionPolicy"}:         "Kubewarden",
		{Group: "config.openshift.io", Kind: "ClusterImagePolicy"}:         "OpenShift",
		{Group: "config.openshift.io", Kind: "ImagePolicy"}:                "OpenShift",
		{Group: "config.ratify.dev", Kind: "Executor"}:                     "Ratify 2",
		{Group: "apiserver.config.k8s.io", Kind: "AdmissionConfiguration"}: "the API server",
	} {
		for _, s := range r.byKind[kind] {
			r.problem(s.root(), "unsupported", "%s %s of %s is not read: say yourself what it enforces", kind.Kind, s.ref.Name, text)
		}
	}
}
