package lib.waxseal.provenance

# METADATA
# title: What the certificate of a signer and the provenance say differently
# description: >-
#   A set of sentences. Fulcio writes into a certificate what the issuer of the
#   identity vouches for; the predicate is what the signer wrote. A key has no
#   certificate, and contradicts nothing.
contradictions(build, signer) := union({
	{_differ("source repository", said, wrote) |
		said := _vouched(signer, "sourceRepositoryURI")
		some wrote in {source.repository | some source in build.sources}
		not _same(said, wrote)
	},
	{_differ("source repository", said, wrote) |
		said := _vouched(signer, "githubWorkflowRepository")
		some wrote in {source.repository | some source in build.sources}
		concat("/", array.slice(split(wrote, "/"), 3, 100)) != said
	},
	{_differ("ref", said, wrote) |
		some name in {"sourceRepositoryRef", "githubWorkflowRef"}
		said := _vouched(signer, name)
		some wrote in {source.ref | some source in build.sources; startswith(source.ref, "refs/")}
		said != wrote
	},
	{_differ("commit", said, concat(", ", sort(build.commits))) |
		some name in {"sourceRepositoryDigest", "githubWorkflowSHA"}
		said := _vouched(signer, name)
		count(build.commits) > 0
		not _committed(build, said)
	},
	{_differ("workflow", said, wrote) |
		said := _vouched(signer, "buildConfigURI")
		some wrote in build.workflows
		startswith(wrote, ".github/workflows/")
		not _runs(said, wrote)
	},
})

# METADATA
# title: Whether a signer and the provenance agree
# description: The extensions have to be there to be read, if empty.
agrees(build, signer) if {
	is_object(signer.extensions)
	count(contradictions(build, signer)) == 0
}

_vouched(signer, name) := said if {
	said := signer.extensions[name]
	said != ""
}

_differ(what, said, wrote) := sprintf("the certificate names the %s %q, and the provenance %q", [what, said, wrote])

_same(said, wrote) if repository(said) == wrote

_committed(build, said) if said in build.commits

_runs(said, wrote) if endswith(split(said, "@")[0], concat("", ["/", wrote]))
