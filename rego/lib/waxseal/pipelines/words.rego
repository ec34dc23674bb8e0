package lib.waxseal.pipelines

# METADATA
# title: What a violation says of an image
# description: At is what is wrong, an action or the image itself; why is what is wrong with it.
about(img, at, why) := {
	"pipeline": img.pipeline,
	"path": path(img),
	"file": at.file,
	"line": at.line,
	"subject": subject(img),
	"image": label(img),
	"why": why,
}

# METADATA
# title: What a violation says of something that a pipeline has
# description: A reference, a secret, a job; subject names it.
beside(pipe, at, subject, why) := {
	"pipeline": pipe.file,
	"file": at.file,
	"line": at.line,
	"subject": sprintf("%s in %s", [subject, located(at)]),
	"why": why,
}

# METADATA
# title: Why nobody can tell, as errors
# description: Asking again is of use when what is missing is supplied.
not_visible(message) := [{"code": "not_visible", "message": message, "retryable": true}]

# METADATA
# title: The place of an image in its pipeline
path(img) := concat(".", ["jobs", img.job, "steps", img.step])

# METADATA
# title: The name of an image
# description: As full as it is known.
label(img) := img.text if img.text != ""

else := img.name

# METADATA
# title: An image in words
subject(img) := sprintf("%s of %s (job %q)", [_quoted(label(img)), located(img), img.job])

_quoted("") := "an image without a known name"

_quoted(text) := sprintf("image %q", [text]) if text != ""

# METADATA
# title: A place in words
located(at) := sprintf("%s:%d", [at.file, at.line]) if at.line > 0

else := at.file

# METADATA
# title: An action in words
# description: 'Its tool and place, as in "cosign in Makefile:12".'
acting(use) := sprintf("%s in %s", [use.tool, located(use)])

# METADATA
# title: Parts that nobody can see, in words
# description: What they are, and what would let them be seen.
supply(parts) := concat("; ", sort({text |
	some part in parts
	text := sprintf("%s in %s is not in the repository: supply %s", [unseen_part(part), located(part), missing(part)])
}))

# METADATA
# title: A part that nobody can see, in words
unseen_part(part) := sprintf("%s %q", [object.get({"make": "command", "dynamic": "what is named"}, part.kind, part.kind), part.name])

# METADATA
# title: What would let a part be seen
missing(part) := _or(part.supply, "what it does")

_or("", otherwise) := otherwise

_or(text, _) := text if text != ""

# METADATA
# title: Texts as one
# description: Sorted, with commas.
listed(texts) := concat(", ", sort(texts))
