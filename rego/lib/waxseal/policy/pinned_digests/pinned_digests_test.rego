package lib.waxseal.policy.pinned_digests_test

import data.lib.waxseal.host
import data.lib.waxseal.policy.pinned_digests as policy
import data.lib.waxseal.samples_test as samples

_controls := ["NIST-800-53:CM-14", "NIST-800-53:SI-7", "CWE:494", "CIS-Kubernetes:5.5.1"]

test_deny_tag_only if {
	deny := policy.deny with host.object as samples.one("registry.example/app:1") with host.parameters as {"pinned_digests": {}}
	deny == {{
		"code": "pinned_digests.not_pinned",
		"policy": "pinned_digests",
		"severity": "high",
		"title": "The image is named by a tag only",
		"msg": "image \"registry.example/app:1\" of container \"app\" in Pod shop/web: it is named by the tag \"1\" only, and a digest was expected. Name the image by digest, as in name:tag@sha256:...; `waxseal verify IMAGE` prints the digest of a tag.",
		"remediation": "Name the image by digest, as in name:tag@sha256:...; `waxseal verify IMAGE` prints the digest of a tag.",
		"image": "registry.example/app:1",
		"where": {"kind": "Pod", "namespace": "shop", "name": "web", "path": "spec.containers[0]", "container": "app"},
		"controls": _controls,
		"errors": [],
	}}
	pass := policy.pass with host.object as samples.one("registry.example/app:1") with host.parameters as {"pinned_digests": {}}
	pass == set()
}

test_deny_no_tag if _codes("registry.example/app", {}) == {["pinned_digests.not_pinned", "spec.containers[0]"]}

# A container that names no image is the business of the verdict.
test_deny_nothing_without_an_image if {
	every image in {"", "not valid", "registry.example/App@sha256:aa", 5, null} {
		every parameters in [{}, {"tags": "warn"}] {
			_codes(image, parameters) == set()
			pass := policy.pass with host.object as samples.one(image) with host.operation as "" with host.parameters as {"pinned_digests": parameters}
			pass == set()
			notes := policy.notes with host.object as samples.one(image) with host.operation as "" with host.parameters as {"pinned_digests": parameters}
			notes == set()
		}
	}
}

test_deny_only_what_is_not_pinned if {
	obj := samples.pod([{"name": "a", "image": samples.pinned("x")}, {"name": "b", "image": "x"}])
	deny := policy.deny with host.object as obj with host.parameters as {"pinned_digests": {}}
	{v.where.path | some v in deny} == {"spec.containers[1]"}
	pass := policy.pass with host.object as obj with host.parameters as {"pinned_digests": {}}
	{ctr.path | some ctr in pass} == {"spec.containers[0]"}
}

test_deny_tags_at_admission_whatever_the_parameters if {
	every operation in {"CREATE", "UPDATE", "AUDIT"} {
		deny := policy.deny with host.object as samples.one("x:1") with host.operation as operation with host.parameters as {"pinned_digests": {"tags": "warn"}}
		{v.code | some v in deny} == {"pinned_digests.not_pinned"}
		notes := policy.notes with host.object as samples.one("x:1") with host.operation as operation with host.parameters as {"pinned_digests": {"tags": "warn"}}
		notes == set()
	}
}

test_deny_wrong_parameters if {
	wrong := {parameters: found |
		some [parameters, problem] in [
			[null, "pinned_digests has to be an object"],
			["warn", "pinned_digests has to be an object"],
			[{"tag": "warn"}, "pinned_digests.tag is not a parameter"],
			[{"tags": "allow"}, "pinned_digests.tags has to be deny or warn"],
		]
		found := _codes(samples.pinned("x"), parameters)
		messages := _messages(samples.pinned("x"), parameters)
		[found, messages] != [
			{["pinned_digests.parameters", ""]},
			{sprintf("Pod shop/web: %s. Write pinned_digests: {} or pinned_digests: {tags: warn}.", [problem])},
		]
	}
	wrong == {}
}

# Wrong parameters accept nothing, and where nothing would run they deny nothing.
test_deny_wrong_parameters_accept_nothing if {
	pass := policy.pass with host.object as samples.one(samples.pinned("x")) with host.parameters as {"pinned_digests": {"tag": "warn"}}
	pass == set()
	deny := policy.deny with host.object as {"apiVersion": "v1", "kind": "ConfigMap"} with host.parameters as {"pinned_digests": {"tag": "warn"}}
	deny == set()
}

test_allow_digest if {
	every image in {samples.pinned("x"), samples.pinned("registry.example/x:1")} {
		every parameters in [{}, {"pinned_digests": {}}, {"pinned_digests": {"tags": "warn"}}, {"pinned_digests": {"tags": "deny"}}] {
			deny := policy.deny with host.object as samples.one(image) with host.parameters as parameters
			deny == set()
			pass := policy.pass with host.object as samples.one(image) with host.parameters as parameters
			pass == {samples.ctr(image)}
			notes := policy.notes with host.object as samples.one(image) with host.parameters as parameters
			notes == set()
		}
	}
}

test_allow_tag_with_a_note if {
	deny := policy.deny with host.object as samples.one("x:1") with host.operation as "" with host.parameters as {"pinned_digests": {"tags": "warn"}}
	deny == set()
	pass := policy.pass with host.object as samples.one("x:1") with host.operation as "" with host.parameters as {"pinned_digests": {"tags": "warn"}}
	pass == {samples.ctr("x:1")}
	notes := policy.notes with host.object as samples.one("x:1") with host.operation as "" with host.parameters as {"pinned_digests": {"tags": "warn"}}
	samples.said(notes) == {[
		"pinned_digests.not_pinned", "spec.containers[0]",
		`image "x:1" of container "app" in Pod shop/web: it is named by the tag "1" only, and a digest was expected. Name the image by digest, as in name:tag@sha256:...; a cluster refuses it as it is.`,
	]}
}

# A warning is only where the parameters are right.
test_deny_tag_in_spite_of_a_warning if {
	_codes("x:1", {"tags": "warn", "tag": 1}) == {["pinned_digests.not_pinned", "spec.containers[0]"], ["pinned_digests.parameters", ""]}
}

test_allow_asks_nothing if json.marshal(policy.requests) == "[]"

_codes(image, parameters) := {[v.code, v.where.path] | some v in _deny(image, parameters)}

_messages(image, parameters) := {v.msg | some v in _deny(image, parameters)}

_deny(image, parameters) := deny if {
	deny := policy.deny with host.object as samples.one(image) with host.operation as "" with host.parameters as {"pinned_digests": parameters}
}
