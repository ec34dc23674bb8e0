package lib.waxseal.samples_test

# METADATA
# title: Facts of an audit
facts(changes) := object.union(
	{
		"period": {"from": "2026-11-01T00:00:00Z", "to": "2026-11-26T12:00:00Z"},
		"images": [], "keys": [], "identities": [], "probes": [], "missing": [],
		"logs": {"sources": [], "rejections": [], "admissions": [], "rbac": 0, "other": 0, "truncated": false},
	},
	changes,
)

# METADATA
# title: What audit.read answers
audit(value) := {json.marshal({"fn": "audit.read", "ref": "", "opts": {}}): ok({"facts": value})}

# METADATA
# title: An image that runs
running(changes) := object.union(
	{
		"ref": "registry.example/shop/web@sha256:1", "repository": "registry.example/shop/web", "tag": "1", "digest": "sha256:1",
		"runtime": "registry.example/shop/web", "tag_digest": "sha256:1", "tag_state": "same", "sampled": true, "pods": 1, "containers": 1,
		"workloads": [], "namespaces": ["prod/shop"], "since": "2026-11-20T00:00:00Z", "verdict": "admitted", "signed": "yes", "scanned": "yes",
		"registry": "yes", "sbom": "yes", "provenance": "yes", "codes": [],
	},
	changes,
)

# METADATA
# title: Something that could not be read
gap(rests) := {"part": "cluster", "name": "prod", "why": "it did not answer.", "rests": rests}

# METADATA
# title: A key that is in order
key(changes) := object.union(
	{
		"kind": "key", "expires": "", "name": "team", "fingerprint": "sha256:aa", "algorithm": "ECDSA", "bits": 256, "lives": "kms", "at": "awskms:///alias/team",
		"owner": "team@example.com", "approver": "security@example.com", "purpose": "release", "created": "2026-01-31", "rotated": "",
		"listed": true, "trusted": [{"where": "waxseal.yaml policies.signed_images.authorities[0]", "images": ["registry.example/**"]}],
		"images": 2, "problem": "",
	},
	changes,
)

# METADATA
# title: An identity that is in order
identity(changes) := object.union(
	{
		"issuer": "https://token.actions.githubusercontent.com",
		"subject": "https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main",
		"pattern": false, "issuer_pattern": false, "subject_pattern": false, "wide": false, "why": "", "extensions": [], "words": "the workflow release.yml of acme/shop on the branch main",
		"trusted": [{"where": "waxseal.yaml policies.signed_images.authorities[1]", "images": ["registry.example/**"]}], "images": 2,
	},
	changes,
)

# METADATA
# title: A log that covers the period
log_source(changes) := object.union(
	{
		"name": "audit.log", "format": "kubernetes-audit", "lines": 10, "bytes": 1000, "events": 8,
		"from": "2026-11-01T00:00:00Z", "to": "2026-11-26T12:00:00Z", "unread": 0, "problem": "",
	},
	changes,
)

# METADATA
# title: A rejection
rejection(changes) := object.union(
	{
		"day": "2026-11-20", "system": "gatekeeper", "rule": "signed_images.unsigned", "image": "registry.example/shop/web:2",
		"registry": "registry.example", "namespace": "shop", "user": "dev@example.com", "source": "audit.log", "action": "deny",
		"count": 1, "first": "2026-11-20T10:00:00Z", "last": "2026-11-20T10:00:00Z", "message": "denied",
	},
	changes,
)

# METADATA
# title: An admission
admission(changes) := object.union(
	{
		"image": "registry.example/shop/web:1", "registry": "registry.example", "digest": "sha256:1", "namespace": "shop",
		"user": "dev@example.com", "source": "audit.log", "how": "admitted", "rule": "", "count": 1,
		"first": "2026-11-20T10:00:00Z", "last": "2026-11-21T10:00:00Z", "signed": "yes", "allowed": "yes",
	},
	changes,
)

# METADATA
# title: A probe that was refused as expected
probe(changes) := object.union(
	{
		"name": "unsigned", "cluster": "prod", "namespace": "shop", "image": "registry.example/probe/unsigned@sha256:2",
		"expected": "refused", "rule": "signed_images", "outcome": "refused", "by": "validation.gatekeeper.sh",
		"codes": ["signed_images.unsigned"], "status": 403, "message": "denied", "warnings": [], "at": "2026-11-26T11:00:00Z",
	},
	changes,
)
