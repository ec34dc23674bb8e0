package lib.waxseal.pipelines

# METADATA
# title: Whether an action surely happens to the image
# description: >-
#   It is known what it does, to which image, under no further condition, and a
#   failure of it is a failure of the pipeline.
sure(use) if {
	not vague(use)
	not fixed(use)
	use.optional == ""
	count(use.when) == 0
}

# METADATA
# title: Whether nobody can tell what an action does, or to which image
vague(use) if not use.known

vague(use) if {
	use.by == "unknown"
	not use.traced
}

# METADATA
# title: Whether an action names a digest that was written before the build
# description: What the pipeline builds has a digest that nobody knows before.
fixed(use) if {
	not use.traced
	regex.match(`^[^@]*@sha(?:256|512):[a-fA-F0-9]{64,128}$`, use.text)
}

# METADATA
# title: Actions of the same job that name another image
others(img, kind) := {use |
	some use in img.other
	use.kind == kind
}

# METADATA
# title: Whether an image is signed
# description: yes, no or cannot_tell. By whatever name, for the table; the policy asks for more.
signed(img) := "yes" if {
	some use in img.signed
	sure(use)
} else := "cannot_tell" if {
	hidden(img, img.signed, "sign")
} else := "no"

# METADATA
# title: Whether an image is scanned
# description: yes, no or cannot_tell. Whether it can stop the pipeline is another matter.
scanned(img) := "yes" if {
	some use in img.scanned
	not vague(use)
	not fixed(use)
} else := "cannot_tell" if {
	hidden(img, img.scanned, "scan")
} else := "no"

# METADATA
# title: Whether findings of a scan stop the pipeline
# description: yes, no or unknown.
gates(img) := "yes" if {
	some use in img.scanned
	sure(use)
	use.gates == "yes"
} else := "unknown" if {
	hidden(img, img.scanned, "scan")
} else := "unknown" if {
	some use in img.scanned
	use.gates == "unknown"
	use.optional == ""
} else := "no"

# METADATA
# title: Whether something that nobody can see may do it
# description: >-
#   An action of which nobody can tell what it does, or, where none is seen, a part
#   that is not in the repository, or an action on an image that cannot be told.
hidden(_, uses, _) if {
	some use in uses
	vague(use)
}

hidden(img, [], kind) if count(unseen(img, kind)) > 0

hidden(img, [], kind) if {
	some use in others(img, kind)
	vague(use)
}
