# Samples that the tests of the library share.
package lib.waxseal.samples_test

digest := "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

pinned(name) := concat("@", [name, digest])

pod(containers) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "web", "namespace": "shop"},
	"spec": {"containers": containers},
}

# A pod with one container, named app.
one(image) := pod([{"name": "app", "image": image}])

# The entry of the workload for that container.
ctr(image) := {"name": "app", "image": image, "path": "spec.containers[0]", "type": "container"}

# A result with its payload, and one without.
ok(payload) := object.union({"ok": true, "errors": [], "ignored": [], "image": {}}, payload)

refused(code) := {"ok": false, "errors": [{"code": code, "message": "so says the test", "retryable": code in {"unavailable", "timeout"}}], "ignored": [], "image": {}}

# What most tests compare: the code, the place and the message.
said(violations) := {[v.code, v.where.path, v.msg] | some v in violations}
