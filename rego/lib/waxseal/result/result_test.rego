package lib.waxseal.result_test

import data.lib.waxseal.host
import data.lib.waxseal.result
import data.lib.waxseal.samples_test as samples

_chain := [{"path": ["lib", "x"], "annotations": {
	"title": "It is bad",
	"custom": {"code": "x.bad", "severity": "low", "remediation": "Mend it.", "controls": ["CWE:494"]},
}}]

_new(chain, details, obj) := v if v := result.new(chain, details) with host.object as obj with host.namespace as "default"

test_new_whole if {
	_new(_chain, {"container": samples.ctr("a:1"), "why": "it is mouldy", "errors": [{"code": "malformed"}]}, samples.one("a:1")) == {
		"code": "x.bad",
		"policy": "x",
		"severity": "low",
		"title": "It is bad",
		"msg": `image "a:1" of container "app" in Pod shop/web: it is mouldy. Mend it.`,
		"remediation": "Mend it.",
		"image": "a:1",
		"where": {"kind": "Pod", "namespace": "shop", "name": "web", "path": "spec.containers[0]", "container": "app"},
		"controls": ["CWE:494"],
		"errors": [{"code": "malformed"}],
	}
	_new(_chain, {"container": samples.ctr("a:1")}, samples.one("a:1")).msg == `image "a:1" of container "app" in Pod shop/web: It is bad. Mend it.`
}

test_new_is_total if {
	wrong := {[chain, details, obj] |
		some chain in [[], [{}], [{"annotations": {}}], [{"annotations": {"custom": {}}}]]
		some details in [{}, {"container": {}}, {"container": {"name": "", "image": "", "path": "x", "type": "?"}}]
		some obj in [null, 5, [], {}, {"kind": 5, "metadata": "x"}, {"metadata": {"name": 7, "namespace": null}}]
		not _complete(_new(chain, details, obj))
	}
	wrong == set()
	_new([], {}, null) == {
		"code": "waxseal.unnamed",
		"policy": "waxseal",
		"severity": "high",
		"title": "refused",
		"msg": "object default: refused.",
		"remediation": "",
		"image": "",
		"where": {"kind": "", "namespace": "default", "name": "", "path": "", "container": ""},
		"controls": [],
		"errors": [],
	}
}

_complete(v) if {
	object.keys(v) == {"code", "policy", "severity", "title", "msg", "remediation", "image", "where", "controls", "errors"}
	object.keys(v.where) == {"kind", "namespace", "name", "path", "container"}
	v.msg != ""
	every field in ["kind", "namespace", "name", "path", "container"] {
		is_string(v.where[field])
	}
}

test_new_subjects if {
	subjects := {trim_suffix(_new(_chain, {"container": object.union(samples.ctr("a:1"), patch)}, samples.one("a:1")).msg, " in Pod shop/web: It is bad. Mend it.") |
		some patch in [{"type": "init"}, {"type": "ephemeral"}, {"type": "volume", "name": ""}, {"type": "odd"}]
	}
	subjects == {
		`image "a:1" of init container "app"`,
		`image "a:1" of ephemeral container "app"`,
		`image "a:1" of volume`,
		`image "a:1" of container "app"`,
	}

	# Without an image it is about the object.
	_new(_chain, {"container": samples.ctr("")}, samples.one("")).msg == "Pod shop/web: It is bad. Mend it."
	_new(_chain, {}, {"kind": "Job", "metadata": {"generateName": "x-"}}).where == {"kind": "Job", "namespace": "default", "name": "x-", "path": "", "container": ""}
}

test_note_has_the_same_shape if {
	note := result.note(_chain, {}) with host.object as samples.one("a")
	note == _new(_chain, {}, samples.one("a"))
}

test_undecided if {
	undecided := result.undecided("x", samples.ctr("a:1")) with host.object as samples.one("a:1")
	_complete(undecided)
	undecided.code == "x.undecided"
	undecided.image == "a:1"
	undecided.where.path == "spec.containers[0]"
	undecided.msg == `image "a:1" of container "app" in Pod shop/web: the policy x neither accepts nor refuses it, and silence denies. This is a mistake in the policy; tell its owner.`
}

test_container if {
	result.container(samples.ctr("a:1")) == `container "app"`
	result.container({"name": "m", "type": "init"}) == `init container "m"`
	result.container({"name": "", "type": "volume"}) == "volume"
	result.container({}) == "container"
}

_details := {
	"pipeline": "ci.yml", "path": "jobs.build", "file": "Makefile", "line": 7, "subject": `image "a:1"`,
	"image": "a:1", "why": "it is mouldy", "snippet": "- run: mend\n", "errors": [{"code": "malformed"}],
}

test_at_whole if {
	result.at(_chain, _details) == {
		"code": "x.bad",
		"policy": "x",
		"severity": "low",
		"title": "It is bad",
		"msg": `image "a:1": it is mouldy. Mend it.`,
		"remediation": "Mend it.",
		"image": "a:1",
		"where": {"kind": "Pipeline", "namespace": "", "name": "ci.yml", "path": "jobs.build", "container": "", "file": "Makefile", "line": 7},
		"controls": ["CWE:494"],
		"errors": [{"code": "malformed"}],
		"snippet": "- run: mend\n",
	}
	result.note_at(_chain, _details) == result.at(_chain, _details)
}

# Without details it has all of its fields too, and a subject.
test_at_is_total if {
	result.at([], {}) == {
		"code": "waxseal.unnamed",
		"policy": "waxseal",
		"severity": "high",
		"title": "refused",
		"msg": "repository: refused.",
		"remediation": "",
		"image": "",
		"where": {"kind": "Pipeline", "namespace": "", "name": "", "path": "", "container": "", "file": "", "line": 0},
		"controls": [],
		"errors": [],
		"snippet": "",
	}
	[v.msg | some details in [{"file": "ci.yml"}, {"file": "ci.yml", "line": 3}, {"subject": "key a"}]; v := result.at([], details)] == ["ci.yml: refused.", "ci.yml:3: refused.", "key a: refused."]
	result.at([], {"file": "ci.yml", "line": 3}).where.name == "ci.yml"
}

test_undecided_at if {
	v := result.undecided_at("x", object.remove(_details, ["why"]))
	object.keys(v) == object.keys(result.at(_chain, _details))
	[v.code, v.policy, v.severity, v.image, v.where.line, v.snippet] == ["x.undecided", "x", "high", "a:1", 7, ""]
	v.msg == `image "a:1": the policy x neither accepts nor refuses it, and silence denies. This is a mistake in the policy; tell its owner.`
}
