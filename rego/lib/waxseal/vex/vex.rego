# METADATA
# title: VEX
# description: >-
#   What verified VEX says about a finding in an image. A statement counts when it
#   names the vulnerability, by its id or an alias, and the product: the image by
#   its digest (a package URL of type oci or docker, or a hash), the package in it
#   as a subcomponent, or the package itself by its package URL with the version.
#   Of one author's statements about the same product and vulnerability the newest
#   one stands; of what stands, the worst status decides: affected,
#   under_investigation, fixed, not_affected. Everything is a function of its
#   arguments, with the time among them.
package lib.waxseal.vex

import data.lib.waxseal.clock

# METADATA
# title: The statements of an answer, by author
# description: >-
#   Each with what its document says of it. The author is who signed, under which
#   authority, and whom the document names: all three have to be the same for one
#   statement to take the place of another.
said(answer, trusted) := {entry |
	some document in answer.documents
	some statement in document.statements
	entry := {
		"ids": ({statement.vulnerability} | {alias | some alias in statement.aliases}),
		"products": statement.products,
		"status": statement.status,
		"justification": statement.justification,
		"impact": statement.impact_statement,
		"times": [statement.timestamp, statement.last_updated],
		"by": [trusted.name, {_signer(signer) | some signer in document.signers}, document.author],
		"document": document.id,
		"digest": answer.image.digest,
	}
}

# A certificate's key is of one signature: who holds it is the identity.
_signer(signer) := [signer.issuer, signer.subject] if signer.kind == "certificate"

else := object.get(signer, "key_id", "")

# METADATA
# title: The statements that suppress a finding
# description: >-
#   Empty when the finding counts. The entries are those of said, of this
#   vulnerability or of others too; rules are the parameters of VEX.
suppressing(entries, finding, rules, now) := {claim |
	some claim in stand
	claim.status == worst
	_accepted(claim, rules)
	_recent(claim, rules, now)
} if {
	stand := standing(entries, finding, now)
	worst := _worst({claim.status | some claim in stand})
} else := set()

# METADATA
# title: The statements about a finding that stand
# description: >-
#   Those of each author that no newer one of the same author, about the same
#   product, takes the place of. A statement of an unknown time or one in the
#   future never suppresses and never takes another's place; where it says
#   that there is harm, it stands.
standing(entries, finding, now) := {claim |
	claims := {claim |
		some entry in entries
		_named(entry, finding)
		some product in entry.products
		scope := _scope(product, finding, entry)
		at := _at(entry, now)
		_counts(entry.status, at)
		claim := object.union(object.remove(entry, ["ids", "products", "times"]), {"scope": scope, "at": at})
	}
	some claim in claims
	not _superseded(claim, claims)
}

_named(entry, finding) if finding.id in entry.ids

_named(entry, finding) if {
	some alias in finding.aliases
	alias in entry.ids
}

# What a product of a statement is to a finding: the whole image, or its package.
_scope(product, finding, entry) := "image" if {
	product.subcomponents == []
	_image(product, entry)
} else := "package" if {
	_image(product, entry)
	some component in product.subcomponents
	_package(component, finding, entry)
} else := "package" if {
	product.subcomponents == []
	_package(product, finding, entry)
}

_image(product, entry) if {
	parsed := purl(product.purl)
	parsed.type in {"oci", "docker"}
	_of_image(parsed.version, entry)
}

_image(product, entry) if {
	product.purl == ""
	entry.digest in product.digests
	entry.digest != ""
}

_of_image(version, entry) if {
	version == entry.digest
	version != ""
}

# What may be meant is enough for harm, and not for its absence.
_of_image("", entry) if _harmful(entry.status)

_package(component, finding, _) if about(component.purl, finding.package.purl)

_package(component, finding, entry) if {
	_harmful(entry.status)
	may_be_about(component.purl, finding.package.purl)
}

_harmless := {"fixed", "not_affected"}

_harmful(status) if not status in _harmless

# Nanoseconds, or -1 for a time that is unknown or in the future.
_at(entry, now) := max(instants) if {
	instants := [clock.instant(text) | some text in entry.times; text != ""]
	count(instants) > 0
	count(instants) == count([text | some text in entry.times; text != ""])
	max(instants) <= now
} else := -1

_counts(_, at) if at >= 0

_counts(status, -1) if _harmful(status)

_superseded(claim, claims) if {
	claim.at >= 0
	some other in claims
	other.by == claim.by
	other.scope == claim.scope
	other.at > claim.at
}

_worst(statuses) := [status | some status in _statuses; status in statuses][0]

_statuses := ["affected", "under_investigation", "fixed", "not_affected"]

_accepted(claim, _) if claim.status == "fixed"

_accepted(claim, rules) if {
	claim.status == "not_affected"
	claim.justification in object.get(rules, "accepted_justifications", justifications)
}

_accepted(claim, rules) if {
	claim.status == "not_affected"
	claim.justification == ""
	claim.impact != ""
	rules.accept_impact_statement
}

_recent(_, rules, _) if not rules.max_age

_recent(claim, rules, now) if now - claim.at <= clock.duration(rules.max_age)

# METADATA
# title: A statement in words
described(claim) := sprintf("%s by the word of %q (%s)", [_words[claim.status], claim.by[0], concat(", ", [part |
	some part in [_reason(claim), _author(claim), _document(claim), time.format(claim.at)]
	part != ""
])])

_words := {"fixed": "is fixed", "not_affected": "does not affect it"}

_reason(claim) := claim.justification if {
	claim.justification != ""
} else := claim.impact if {
	claim.status == "not_affected"
} else := ""

_author(claim) := sprintf("author %q", [claim.by[2]]) if {
	claim.by[2] != ""
} else := ""

_document(claim) := sprintf("document %s", [claim.document]) if {
	claim.document != ""
} else := ""
