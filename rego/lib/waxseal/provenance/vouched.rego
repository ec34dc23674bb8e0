package lib.waxseal.provenance

# METADATA
# title: The build that a statement is about, as its signers vouch for it
# description: >-
#   As build, with what the certificates of the signers say where the predicate says
#   nothing: the ref of the source, and the file that configures the pipeline. GitLab's
#   provenance names a project and a job; which branch that was, and which file
#   said what the job does, is known from the certificate alone.
attested(statement) := object.union(written, {
	"sources": {_with_ref(source, statement) | some source in written.sources},
	"workflows": _configured(statement, written.workflows),
}) if {
	written := build(statement)
}

# Two certificates that vouch for two refs vouch for neither.
_with_ref(source, statement) := object.union(source, {"ref": ref}) if {
	source.ref == ""
	source.repository != ""
	refs := {ref |
		some signer in statement.signers
		_same(_vouched(signer, "sourceRepositoryURI"), source.repository)
		ref := _vouched(signer, "sourceRepositoryRef")
	}
	count(refs) == 1
	some ref in refs
} else := source

# A file of another project is not what this one says that it builds.
_configured(statement, workflows) := {file |
	some signer in statement.signers
	[project, file] := _pipeline(signer)
	_same(_vouched(signer, "sourceRepositoryURI"), project)
} if {
	some signer in statement.signers
	_pipeline(signer)
} else := {workflow |
	some workflow in workflows
	every signer in object.get(statement, "signers", []) {
		_not_against(signer, workflow)
	}
}

# GitLab's ci_config_ref_uri: the project, two slashes, the file, the ref.
_pipeline(signer) := [repository(project), file] if {
	some [_, project, file] in regex.find_all_string_submatch_n(`^(https://[^/@]+(?:/[^/@]+)+)//([^@]+)@refs/.+$`, _vouched(signer, "buildConfigURI"), 1)
}

_not_against(signer, _) if not _vouched(signer, "buildConfigURI")

# There the predicate may name what the workflow builds with; what it says of workflows is compared.
_not_against(signer, _) if contains(_vouched(signer, "buildConfigURI"), "/.github/workflows/")

# A name that somebody gave to a job is no file.
_not_against(signer, workflow) if _runs(_vouched(signer, "buildConfigURI"), workflow)
