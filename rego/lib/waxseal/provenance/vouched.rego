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

_configured(statement, workflows) := files if {
	files := {file |
		some signer in statement.signers
		file := _pipeline(_vouched(signer, "buildConfigURI"))
	}
	count(files) > 0
} else := workflows

# GitLab's ci_config_ref_uri: the project, two slashes, the file, the ref.
_pipeline(uri) := file if {
	some [_, file] in regex.find_all_string_submatch_n(`^https://[^/@]+(?:/[^/@]+)+//([^@]+)@refs/.+$`, uri, 1)
}
