package scope

import "github.com/waxseal/waxseal/builtins/config"

// SchemaID names the published schema.
const SchemaID = "https://raw.githubusercontent.com/waxseal/waxseal/main/docs/audit.yaml.schema.json"

// Schema returns the JSON Schema of audit.yaml.
func Schema() ([]byte, error) { return auditYAML().Schema(SchemaID, "audit.yaml") }

// Formats are the formats of logs.
var formats = []string{"auto", "kubernetes-audit", "eks", "aks", "gke", "gatekeeper", "events", "distribution", "harbor", "registry-access", "opa-decisions"}

// auditYAML is the shape of the whole file: the one place that says what it may hold.
func auditYAML() config.Shape {
	return config.Object("the scope of an audit",
		config.Required("version", config.Version()),
		config.Optional("title", config.Text("of the report", "Payment platform, 2026 Q4")),
		config.Optional("period", config.Object("the time that the audit is about; the default is the last 90 days",
			config.Optional("from", config.Moment("its begin; a date is the begin of that day in UTC", "2026-08-01")),
			config.Optional("to", config.Moment("its end; a date is the end of that day in UTC, and the default is now", "2026-11-01")),
			config.Optional("days", config.Count("its length, in place of from or of to", DefaultDays)),
		)),
		config.Optional("config", config.Text("path of the waxseal.yaml with the policies", "waxseal.yaml")),
		config.Optional("clusters", config.ListOf("the clusters", clusterShape())),
		config.Optional("registries", config.ListOf("the registries, beside those that images are found to run from", config.Text("a host, or a host with a path", "registry.example"))),
		config.Optional("repositories", config.ListOf("the source repositories", config.Object("a source repository",
			config.Optional("name", config.Text("for the report; the default is the name of the folder", "shop")),
			config.Required("dir", config.Text("path of its root", "../shop")),
		))),
		config.Optional("logs", config.ListOf("the logs", config.Object("log files of one format",
			config.Required("files", config.ListOf("paths; * and ? stand for parts of a name", config.Text("a path", "logs/audit-*.log.gz"))),
			config.Optional("format", config.Text("their format; the default is auto", "", formats...)),
			config.Optional("cluster", config.Text("name of the cluster that they are of", "prod-eu")),
			config.Optional("registry", config.Text("host of the registry that they are of, for logs that name none", "registry.example")),
		))),
		config.Optional("sample", config.Object("how many images are judged; the default is all",
			config.Optional("size", config.Count("images", nil)),
			config.Optional("seed", config.Integer("what the sample is drawn with; the same seed draws the same images")),
		)),
		config.Optional("probes", probesShape()),
	)
}

func clusterShape() config.Shape {
	namespace := func(about string) config.Shape { return config.Text(about, "shop") }
	return config.Object("a cluster",
		config.Required("name", config.Text("for the report", "prod-eu")),
		config.Optional("context", config.Text("context of the kubeconfig; the default is its current one", "prod-eu")),
		config.Optional("kubeconfig", config.Text("path of the kubeconfig; the default is $KUBECONFIG, else ~/.kube/config, else the Pod's service account", "")),
		config.Optional("namespaces", config.ListOf("the only namespaces that are looked at; the default is all", namespace("a namespace"))),
		config.Optional("exclude", config.ListOf("namespaces that are left out", namespace("a namespace; * stands for any text"))),
		config.Optional("manifests", config.ListOf("files and folders with the admission configuration, where there is no API server to ask", config.Text("a path", "deploy/"))),
	)
}

func probesShape() config.Shape {
	image := func(about string) config.Shape { return config.Text(about, "") }
	return config.Object("Pods that are tried by server-side dry run",
		config.Optional("namespaces", config.ListOf("where they are tried", config.Text("a namespace", "shop"))),
		config.Optional("images", config.Object("the images of the usual probes",
			config.Optional("unsigned", image("an image that is not signed")),
			config.Optional("unscanned", image("an image that is signed, and not scanned")),
			config.Optional("unapproved_registry", image("an image of a registry that is not approved")),
			config.Optional("acceptable", image("an image that has to be admitted")),
		)),
		config.Optional("more", config.ListOf("probes of your own", config.Object("a probe",
			config.Required("name", config.Text("for the report", "old-scan")),
			config.Required("image", image("what is tried")),
			config.Required("expected", config.Text("what has to happen", "", "refused", "admitted")),
			config.Optional("rule", config.Text("the rule that has to refuse it, or the beginning of its code", "signed_images")),
		))),
	)
}
