package config

import "regexp"

var (
	nameText   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	policyText = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	placeText  = regexp.MustCompile(`^(localhost|[A-Za-z0-9.-]*[.][A-Za-z0-9.-]*|[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?(/[a-z0-9._-]+)*$`)
	hostText   = regexp.MustCompile(`^(localhost|[A-Za-z0-9.-]*[.][A-Za-z0-9.-]*|[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?$`)
)

const (
	naming      = "a name (letters, digits, dots, dashes and underscores)"
	placeNaming = "a host, or a host with a path, such as mirror.example/dockerhub; without https:// and without a tag"
	hostNaming  = "a host, with its port if it has one, such as registry.example:5000; without https:// and without a path"
)

// waxsealYAML returns the shape of the whole file: the one place that says what
// it may hold.
func waxsealYAML() *shape {
	return &shape{kind: object, about: "Waxseal's configuration", fields: []field{
		{"version", true, &shape{kind: version, about: "the version of this format; write version: 1"}},
		{"policy", false, policyShape()},
		{"policies", false, &shape{
			kind: dictionary, names: policyText, naming: "the name of a policy, such as signed_images",
			about: "the policies that are on, each with its parameters; commands that judge by this file need at least one",
			elem:  &shape{kind: free, about: "parameters of the policy"},
		}},
		{"workloads", false, &shape{
			kind: listOf, elem: workloadShape(),
			about: "where kinds that Waxseal does not know name their containers and images",
		}},
		{"keys", false, dictionaryOf("public keys that policies may name", keyShape())},
		{"trust_roots", false, dictionaryOf("trust roots that policies may name", &shape{
			kind: object, about: "a trust root", oneOf: []string{"file", "public_good", "tuf"}, fields: []field{
				{"file", false, &shape{kind: text, about: "path of a trusted_root.json", example: "trusted_root.json"}},
				{"public_good", false, &shape{kind: boolean, about: "the public-good instance of Sigstore; its root is fetched by TUF"}},
				{"tuf", false, tufShape()},
				{"mirror", false, &shape{kind: text, about: "address that is asked in place of the TUF repository; it serves the same signed files", example: "https://mirror.example/sigstore-tuf"}},
				{"cache", false, &shape{kind: text, about: "folder that keeps what was fetched by TUF; the default is waxseal/tuf in the user's cache folder"}},
			},
		})},
		{"offline", false, &shape{kind: boolean, about: "contact nothing but the hosts in registries, their mirrors and their token_hosts; trust roots that come by TUF are those that the cache holds, until they expire", def: false}},
		{"default_trust_root", false, &shape{kind: text, about: "name of the trust root for policies that name none; a single one needs no naming"}},
		{"certificates", false, dictionaryOf("private certificate chains that policies may name", &shape{
			kind: object, about: "a chain of certificates", fields: []field{
				{"file", true, &shape{kind: text, about: "path of a PEM file with the chain, the root last", example: "chain.pem"}},
			},
		})},
		{"notation", false, notationShape()},
		{"notary", false, dictionaryOf("servers of Docker Content Trust (Notary v1) that policies may name", notaryShape())},
		{"registries", false, &shape{
			kind: dictionary, names: hostText, naming: hostNaming, elem: registryShape(),
			about: "how hosts are reached; needed for private addresses, private CAs, plain HTTP and OCI layouts",
		}},
		originsField(), signaturesField(),
		{"hosts_only", false, &shape{kind: boolean, about: "allow no host that is not listed in registries", def: false}},
		{"credentials", false, credentialsShape()},
		{"cache", false, cacheShape()},
		{"limits", false, limitsShape()},
	}}
}

func workloadShape() *shape {
	places := func(name, about string) field {
		return field{name, false, &shape{kind: listOf, about: about, elem: &shape{kind: text, about: "a place, such as spec.template.spec; * stands for any entry", example: "spec.template.spec"}}}
	}
	return &shape{kind: object, about: "a kind of custom resource", fields: []field{
		{"group", false, &shape{kind: text, about: "API group; none is the core group", example: "acme.example"}},
		{"kind", true, &shape{kind: text, about: "kind", example: "WebApp"}},
		places("pods", "places of pod specs"),
		places("containers", "places of containers"),
		places("volumes", "places of volumes"),
		places("images", "places of images"),
		places("ignore", "places that name images and run nothing"),
		places("opaque", "places that may run images in a form that is not read: never judged"),
	}}
}

func dictionaryOf(about string, elem *shape) *shape {
	return &shape{kind: dictionary, about: about, names: nameText, naming: naming, elem: elem}
}

func tufShape() *shape {
	return &shape{kind: object, about: "a private instance of Sigstore; its root is fetched by TUF", fields: []field{
		{"url", true, &shape{kind: text, about: "address of the TUF repository, with https://", example: "https://tuf.example"}},
		{"root", true, &shape{kind: text, about: "path of the root.json to start from", example: "root.json"}},
	}}
}

func policyShape() *shape {
	return &shape{kind: object, about: "who answers for this file", fields: []field{
		{"owner", false, &shape{kind: text, about: "who writes it", example: "platform team"}},
		{"approver", false, &shape{kind: text, about: "who approves changes"}},
		{"review_date", false, &shape{kind: date, about: "when it is to be reviewed again", example: "2027-06-01"}},
		{"version", false, &shape{kind: text, about: "its version, in quotes", example: "1.0"}},
	}}
}

func keyShape() *shape {
	return &shape{kind: object, about: "a public key", oneOf: []string{"file", "pem", "kms"}, fields: []field{
		{"file", false, &shape{kind: text, about: "path of a PEM public key", example: "cosign.pub"}},
		{"pem", false, &shape{kind: text, about: "the PEM public key itself"}},
		{"kms", false, &shape{kind: text, about: "URI of a key in a KMS (awskms, azurekms, gcpkms, hashivault, openbao), in a Kubernetes Secret (k8s) or in a PKCS #11 token (pkcs11); its public half is taken at start", example: "awskms:///alias/release"}},
		{"fingerprint", false, &shape{kind: fingerprint, about: "the key that it must be: sha256: and the hash of its DER SubjectPublicKeyInfo in hex, the key_id of results"}},
		{"refresh", false, &shape{kind: duration, zero: true, about: "how often a server reads the key again, at least 1m; 0s is never. The default is 10h for a key named by kms (not pkcs11) without a fingerprint, else never"}},
		{"max_stale", false, &shape{kind: duration, zero: true, about: "how long a key may be used after it was read last; 0s is for ever. The default is 7d, or twice refresh if that is longer; for ever with a fingerprint"}},
		{"owner", false, &shape{kind: text, about: "who controls the private key"}},
		{"purpose", false, &shape{kind: text, about: "what it signs", example: "releases"}},
		{"approver", false, &shape{kind: text, about: "who approved that it is trusted"}},
		{"created", false, &shape{kind: date, about: "when it was made", example: "2026-01-31"}},
		{"rotated", false, &shape{kind: date, about: "when it was last replaced by another", example: "2026-06-01"}},
	}}
}

func registryShape() *shape {
	return &shape{kind: object, about: "how a host is reached", fields: []field{
		{"layout", false, &shape{kind: text, about: "folder of an OCI layout that stands for the host; no network is used then"}},
		{"plain_http", false, &shape{kind: boolean, about: "speak HTTP without TLS", def: false}},
		{"ca", false, &shape{kind: text, about: "path of the PEM certificates that the host's certificate must chain to", example: "ca.pem"}},
		{"mirrors", false, &shape{kind: listOf, about: "places that are asked in place of the host, in this order; the images keep the host's name", elem: &shape{kind: text, about: "a host, or a host with a path", example: "mirror.example/dockerhub"}}},
		{"mirrors_only", false, &shape{kind: boolean, about: "never ask the host itself", def: false}},
		{"token_hosts", false, &shape{kind: listOf, about: "hosts of token services that may see the credentials for this host", elem: &shape{kind: text, about: "a host"}}},
	}}
}

func credentialsShape() *shape {
	return &shape{kind: object, about: "where credentials for registries are found", fields: []field{
		{"docker_config", false, &shape{kind: textOrBoolean, about: "true for $DOCKER_CONFIG or ~/.docker/config.json, false for none, or the path of a config.json", def: true}},
		{"pull_secrets", false, &shape{kind: listOf, about: "paths of Kubernetes pull secrets in JSON", elem: &shape{kind: text, about: "a path"}}},
		{"cloud", false, &shape{
			kind: listOf, elem: &shape{kind: text, about: "a cloud", choices: []string{"ecr", "gar", "acr"}},
			about: "clouds whose credentials are found where Waxseal runs (environment, workload identity, machine): Amazon's ecr, Google's gar with gcr.io, Azure's acr; each is used for its own hosts only, none unless it is named",
		}},
	}}
}

func cacheShape() *shape {
	return &shape{kind: object, about: "a folder that keeps manifests and blobs by digest, for the next process and, on a shared volume, for other replicas", fields: []field{
		{"dir", true, &shape{kind: text, about: "path of the folder; it must exist and be writable. It will hold what the credentials can read", example: "/var/cache/waxseal"}},
		{"max_bytes", false, &shape{kind: size, about: "of what is kept; what was not used for longest goes first", def: "1GiB"}},
	}}
}

func limitsShape() *shape {
	return &shape{kind: object, about: "what a decision may cost", fields: []field{
		{"deadline", false, &shape{kind: duration, about: "of one decision", def: "30s"}},
		{"listing_ttl", false, &shape{kind: duration, zero: true, about: "how long the list of an image's signatures is kept; 0s keeps nothing", def: "30s"}},
		{"cache_bytes", false, &shape{kind: size, about: "of content kept in memory", def: "64MiB"}},
		{"manifest_bytes", false, &shape{kind: size, about: "of a manifest, index or list of referrers", def: "4MiB"}},
		{"blob_bytes", false, &shape{kind: size, about: "of a blob", def: "32MiB"}},
		{"token_bytes", false, &shape{kind: size, about: "of the answer of a token service", def: "64KiB"}},
		{"layers", false, &shape{kind: count, about: "layers in a manifest, manifests in an index", def: 1000}},
		{"referrers", false, &shape{kind: count, about: "referrers read per image", def: 100}},
		{"pages", false, &shape{kind: count, about: "pages of referrers per image", def: 10}},
		{"signatures", false, &shape{kind: count, about: "signatures verified per image", def: 100}},
		{"redirects", false, &shape{kind: count, about: "redirects followed per request", def: 3}},
		{"connections", false, &shape{kind: count, about: "connections to one registry", def: 64}},
		{"retries", false, &shape{kind: count, about: "how often a request is repeated when the registry says when to come back", def: 3}},
		{"retry_after", false, &shape{kind: duration, about: "longest wait that a registry may ask for", def: "10s"}},
		{"dial_timeout", false, &shape{kind: duration, about: "of one connection, TLS included", def: "5s"}},
		{"request_timeout", false, &shape{kind: duration, about: "of one request with its answer", def: "30s"}},
	}}
}
