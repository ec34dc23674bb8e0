# METADATA
# title: Pipelines
# description: >-
#   What the pipelines of a repository do, as policies read it: the files in
#   question, their images, and what of them nobody can see. A policy whose name
#   begins with pipeline_ judges these in place of the images of workloads.
package lib.waxseal.pipelines

import data.lib.waxseal.evidence
import data.lib.waxseal.host

# METADATA
# title: The one request of all policies
# description: None where no policy over pipelines is switched on.
requests contains evidence.pipeline_read_request(host.file) if {
	some name in object.keys(host.parameters)
	startswith(name, "pipeline_")
}

# METADATA
# title: Whether a policy is switched on
on(policy) if policy in object.keys(host.parameters)

# METADATA
# title: What the policies read
answer := evidence.pipeline_read(host.file)

# METADATA
# title: The file in question
# description: >-
#   Relative to the root of the repository, which the host may name otherwise; ""
#   is all of it.
file := answer.image.ref if {
	answer.ok
	answer.image.ref != ""
} else := host.file

# METADATA
# title: The repository, as it was read
repository := answer.repository

# METADATA
# title: The pipelines in question
# description: Those of the file under test, or all.
pipelines contains pipe if {
	some pipe in repository.pipelines
	_asked(pipe.file)
}

# METADATA
# title: The images in question
# description: Those that the pipelines in question build, push or copy.
images contains img if {
	some img in repository.images
	_asked(img.pipeline)
}

# METADATA
# title: The files of pipelines with images
building := {img.pipeline | some img in images}

# METADATA
# title: The private keys in question
# description: Those that lie in the repository.
keys contains key if {
	some key in repository.keys
	_asked(key.file)
}

# METADATA
# title: What could not be read, or not wholly
# description: >-
#   For a file under test also what it may lead to: everything but the files of
#   other pipelines that it does not name.
problems contains problem if {
	some problem in repository.problems
	_asked(problem.file)
}

problems contains problem if {
	some problem in repository.problems
	not _of_others(problem)
}

_asked(_) if file == ""

_asked(name) if name == file

_of_others(problem) if {
	_elsewhere(problem.file)
	not _leads_to(problem)
}

_elsewhere(name) if {
	some pipe in repository.pipelines
	pipe.file == name
	name != file
}

_elsewhere(name) if {
	startswith(name, ".github/workflows/")
	name != file
}

_leads_to(problem) if {
	some pipe in pipelines
	some reference in pipe.references
	trim_prefix(reference.text, "./") == problem.file
}

_leads_to(problem) if {
	some pipe in pipelines
	some part in pipe.unseen
	contains(part.name, problem.file)
}

# METADATA
# title: The images that have to be right
# description: 'Choice is "pushed", those that leave the machine, or "built", those that are built too.'
chosen(img, _) if count(img.pushed) > 0

chosen(img, choice) if {
	choice == "built"
	img.built
}

# Somebody whom nobody can see may push it.
chosen(img, _) if count(unseen(img, "push")) > 0

# METADATA
# title: What nobody can see and may do something to an image
# description: 'Kind is what it may do: sign, scan, push.'
unseen(img, kind) := {part |
	some pipe in _by_file[img.pipeline]
	object.get(pipe, "line", 0) == object.get(img, "pipeline_line", object.get(pipe, "line", 0))
	some i in img.unseen
	part := pipe.unseen[i]
	may(part, kind)
}

# METADATA
# title: Whether a part that nobody can see may do something
# description: It may do anything when nothing tells what it does.
may(part, _) if count(part.may) == 0

may(part, kind) if kind in part.may

# Taken as a whole it is made once, and not for each key that it is asked for.
_by_file := _pipeline

_pipeline[file] contains pipe if {
	some pipe in repository.pipelines
	file := pipe.file
}

# METADATA
# title: The actions of the pipelines by their ID
actions := _action

_action[id] contains action if {
	some pipe in repository.pipelines
	some job in pipe.jobs
	some step in job.steps
	some action in step.actions
	id := action.id
}
