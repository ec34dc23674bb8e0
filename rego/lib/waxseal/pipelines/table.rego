package lib.waxseal.pipelines

# METADATA
# title: What a table says of an image
row(img) := {
	"image": label(img),
	"name": img.name,
	"system": img.system,
	"pipeline": img.pipeline,
	"file": img.file,
	"line": img.line,
	"job": img.job,
	"step": img.step,
	"built": img.built,
	"pushed": count(img.pushed) > 0,
	"signed": signed(img),
	"signed_by": {use.method | some use in _counted(img.signed, signed(img))},
	"signed_ref": {use.by | some use in _counted(img.signed, signed(img))},
	"signed_at": {located(use) | some use in _counted(img.signed, signed(img))},
	"scanned": scanned(img),
	"scanned_by": {use.tool | some use in img.scanned},
	"gates": gates(img),
	"attested": _attested(img),
	"predicates": {use.predicate |
		some use in img.attested
		use.signed
		use.predicate != ""
	},
	"sbom": count(img.sboms) > 0,
}

# Those signatures that the answer rests on.
_counted(uses, "yes") := {use | some use in uses; sure(use)}

_counted(uses, answer) := {use | some use in uses} if answer != "yes"

_attested(img) := "signed" if {
	some use in img.attested
	use.signed
	sure(use)
} else := "unsigned" if {
	count(img.attested) > 0
} else := "no"

# METADATA
# title: The line over the table
# description: >-
#   Images are those that have to be signed: what is built and never pushed does
#   not leave the machine, and is counted in not_pushed.
summary(choice) := {
	"pipelines": count(pipelines),
	"images": count(_due(choice)),
	"not_pushed": count(images) - count(_due(choice)),
	"signed": count({img | some img in _due(choice); signed(img) == "yes"}),
	"cannot_tell": count({img | some img in _due(choice); signed(img) == "cannot_tell"}),
	"scanned": count({img | some img in _due(choice); scanned(img) == "yes"}),
	"scan_cannot_tell": count({img | some img in _due(choice); scanned(img) == "cannot_tell"}),
	"gated": count({img | some img in _due(choice); gates(img) == "yes"}),
}

_due(choice) := {img | some img in images; chosen(img, choice)}
