package lib.waxseal.enforcement

# What a fact of a rule means for it: broken, because it was meant to enforce and
# the text does not express it; advisory, because what violates it is admitted; gap, because
# something in its scope passes; note, because it limits the scope, or is only worth knowing.
_weights := {
	"advisory": {
		"action_unknown", "audit_only", "dryrun_only", "failure_policy_ignore", "static_pass", "turned_off", "warn_only",
	},
	"broken": {
		"binding_missing", "ca_bundle_missing", "images_match_nothing", "keys_missing", "matches_nothing", "no_attestor",
		"opt_in_missing", "parameters_missing", "policy_missing", "provider_missing", "removed_from_kubernetes",
		"template_broken", "template_missing", "threshold_impossible", "webhook_missing",
	},
	"gap": {
		"action_weakened", "any_identity", "approved_unseen", "attestation_unchecked", "containers_not_covered", "defined_twice",
		"ephemeral_not_covered", "exception_widens", "identity_broad", "identity_never_matches", "images_excluded",
		"images_unanchored", "kinds_not_covered", "match_conditions", "namespaces_excluded", "namespaces_exempt",
		"no_match_allowed", "not_required", "objects_excluded", "operations_not_covered", "opt_in_needed", "provider_unsafe",
		"tag_not_verified", "timeout_short", "tlog_ignored", "unknown_builtin", "unknown_field", "users_excluded",
		"verification_lenient",
	},
	"note": {
		"failure_policy_unknown", "filled_at_runtime", "images_limited", "keys_from_object", "names_only", "namespaces_limited",
		"namespaces_selected", "placeholder", "static_fail",
	},
}

# METADATA
# title: The weight of a fact
# description: One that is not known here weighs as a gap.
weight(code) := weight if {
	some weight, codes in _weights
	code in codes
} else := "gap"

# METADATA
# title: The weight of a fact in this decision
# description: Namespaces that the parameters leave out, with a reason, are no gap when a rule leaves them out.
weighed(fact) := "note" if {
	names := split(object.get(fact, "names", ""), " ")
	names != [""]
	every name in names {
		count(exemptions(name)) > 0
	}
} else := weight(fact.code)

# METADATA
# title: The verdict on a rule
# description: >-
#   The worst of its facts decides. enforces: what violates it is refused, also when
#   it cannot be asked.
verdict(rule) := _worst(({weighed(fact) | some fact in rule.facts} | _unsaid(rule)) - _immaterial(rule))

# What a rule about other things leaves out is no gap in the verification of images.
_immaterial(rule) := {"gap"} if rule.about == "other"

else := set()

# An effect is never taken for granted.
_unsaid(rule) := {"advisory"} if rule.action.effect != "deny"

else := set()

_worst(weights) := "broken" if {
	"broken" in weights
} else := "advisory" if {
	"advisory" in weights
} else := "enforces_with_gap" if {
	"gap" in weights
} else := "enforces"

# METADATA
# title: The verdicts on the objects
# description: >-
#   An object is as good as the worst of its rules about images; where it has none, of all. Reasons are the facts,
#   each with its weight and place.
objects := {{
	"system": rule.system,
	"kind": rule.object.kind,
	"namespace": rule.object.namespace,
	"name": rule.object.name,
	"file": rule.object.file,
	"document": rule.object.document,
	"line": rule.object.line,
	"about": _about(group),
	"checks": sort({check | some r in group; some check in r.checks}),
	"verdict": _of(group),
	"scope": _scope(group),
	"reasons": {reason | some r in _deciding(group); some reason in _reasons(r)},
} |
	some rule in configuration.rules
	group := _groups[_key(rule)]
}

_key(rule) := json.marshal([rule.object.file, rule.object.document, rule.object.kind, rule.object.namespace, rule.object.name])

_groups[key] contains rule if {
	some rule in configuration.rules
	key := _key(rule)
}

_deciding(group) := about if {
	about := {rule | some rule in group; rule.about == "image"}
	count(about) > 0
} else := group

_of(group) := _last({verdict(rule) | some rule in _deciding(group)})

_last(verdicts) := "broken" if {
	"broken" in verdicts
} else := "advisory" if {
	"advisory" in verdicts
} else := "enforces_with_gap" if {
	"enforces_with_gap" in verdicts
} else := "enforces"

_about(group) := "image" if {
	some rule in group
	rule.about == "image"
} else := "unknown" if {
	some rule in group
	rule.about == "unknown"
} else := "other"

_reasons(rule) := {{"code": fact.code, "weight": weighed(fact), "text": fact.text, "file": fact.file, "line": fact.line, "rule": rule.name} |
	some fact in rule.facts
}

_scope(group) := concat("; ", sort({text | some rule in group; text := _scope_of(rule)}))

_scope_of(rule) := text if {
	parts := [part |
		some part in [_namespaces(rule.scope.namespaces), _patterns(rule.images)]
		part != ""
	]
	text := concat(", ", parts)
	text != ""
}

_namespaces(scope) := sprintf("namespaces %s", [concat(" ", scope.include)]) if {
	count(scope.include) > 0
} else := sprintf("namespaces with %s", [scope.selector]) if {
	scope.selector != ""
} else := ""

_patterns(images) := sprintf("images %s", [concat(" ", [pattern.text | some pattern in images.include])]) if count(images.include) > 0

else := ""
