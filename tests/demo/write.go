package main

import (
	"bytes"
	"os"
	"path/filepath"
	"text/template"
)

// write writes the folder of the demo: configuration, public key, trust root,
// manifests. Registry says how waxseal reaches the host.
func (w *world) write(dir, registry string) error {
	files := map[string]string{
		"cosign.pub": string(w.key.PEM()), "scanner.pub": string(w.scanner.PEM()), "trusted_root.json": string(w.sigstore.TrustedRootJSON()),
	}
	values := map[string]any{"Host": w.registry.Host(), "Registry": registry, "Issuer": issuer, "Subject": subject}
	for name, ref := range w.refs {
		values[name] = ref
	}
	for name, text := range texts {
		t, err := template.New(name).Option("missingkey=error").Parse(text)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := t.Execute(&out, values); err != nil {
			return err
		}
		files[name] = out.String()
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

var texts = map[string]string{
	"waxseal.yaml": `# The demo's configuration. Nothing in it is weakened: signatures need an entry in
# the transparency log, and certificates need certificate transparency.
version: 1
policy: {owner: platform team, approver: security team, version: "1"}

policies:
  pinned_digests: {}
  signed_images:
    authorities:
      - name: release key
        images: ["{{.Host}}/shop/*"]
        keys: [release]
      - name: release workflow
        images: ["{{.Host}}/shop/keyless"]
        identities:
          - {issuer: "{{.Issuer}}", subject: "{{.Subject}}"}
    any: true
  allowed_registries:
    images: ["{{.Host}}"]
  scanned_images:
    authorities:
      - {name: scanner, images: ["{{.Host}}/shop/*"], keys: [scanner]}
    fail_on: [critical, high]
    max_scan_age: 7d
    max_database_age: 60d

keys:
  release: {file: cosign.pub, owner: release team, purpose: images of the shop}
  scanner: {file: scanner.pub, owner: security team, purpose: scan reports}

trust_roots:
  demo: {file: trusted_root.json}

registries:
  {{.Host}}: {{.Registry}}
`,
	"manifests/pod.yaml": `apiVersion: v1
kind: Pod
metadata: {name: debug, namespace: shop}
spec:
  initContainers:
    - {name: migrate, image: "{{.legacy}}"}
  containers:
    - {name: app, image: "{{.bundle}}"}
  ephemeralContainers:
    - {name: shell, image: "{{.unsigned}}"}
`,
	"manifests/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "{{.keyless}}"}
`,
	"manifests/cronjob.yaml": `apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: shop}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - {name: report, image: "{{.stranger}}"}
`,
	"manifests/list.yaml": `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings, namespace: shop}
    data: {colour: red}
  - apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: orders, namespace: shop}
    spec:
      serviceName: orders
      selector: {matchLabels: {app: orders}}
      template:
        metadata: {labels: {app: orders}}
        spec:
          containers:
            - {name: orders, image: "{{.multi}}"}
            - {name: sidecar, image: "{{.copied}}"}
  - apiVersion: batch/v1
    kind: Job
    metadata: {name: import, namespace: shop}
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - {name: import, image: "{{.tagged}}"}
  - apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: agents, namespace: shop}
    spec:
      selector: {matchLabels: {app: agents}}
      template:
        metadata: {labels: {app: agents}}
        spec:
          containers:
            - {name: unscanned, image: "{{.unscanned}}"}
            - {name: critical, image: "{{.critical}}"}
            - {name: stale, image: "{{.stale}}"}
            - {name: olddb, image: "{{.olddb}}"}
`,
}
