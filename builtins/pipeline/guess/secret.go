package guess

import (
	"regexp"
	"strings"
)

var (
	secretName = regexp.MustCompile(`(?i)(^|_|-)(pass|passwd|password|passphrase|token|secret|credentials?|pat|(api|access|secret|private|signing|sign|encryption|cosign|auth|account|deploy|ssh|gpg|pgp)_?key|apikey|pwd)($|_|-|[0-9])|(password|passphrase|passwd|token|secret)[0-9]*$`)
	// notSecret are names that hold such a word and are about it, as the path of a key.
	notSecret = regexp.MustCompile(`(?i)(_|-)(file|files|path|dir|url|uri|name|names|id|ids|enabled|disabled|detection|scanning|ttl|expir\w*|type|length|endpoint|ref|version|arn|aud|audience|issuer|excluded_paths|image|server|host|user|username|realm|algorithm|alg)$|secret_detection|public_?key`)
	private   = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----`)
	// plain are values that no secret has: words of switches, numbers, addresses and paths.
	plain = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|none|null|nil|enabled|disabled|[0-9]{1,3}|https?://.*|(\.{0,2}/)?[\w.-]+/[\w./-]*\.(key|pem|pub|txt|json|ya?ml|env|crt|cer)|[\w.-]+\.(key|pem|pub|txt|json|ya?ml|env|crt|cer)|/[\w./-]+|[a-z0-9]+kms://.*|env://.*|k8s://.*|\*+|x{3,}|<[^>]*>)$`)
	token = regexp.MustCompile(`\b(ghp_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,}|glpat-[A-Za-z0-9_-]{20,}|dckr_pat_[A-Za-z0-9_-]{20,}|AKIA[0-9A-Z]{16}|xox[abp]-[A-Za-z0-9-]{20,}|AIza[0-9A-Za-z_-]{35}|npm_[A-Za-z0-9]{36})\b`)
)

// SecretName says whether a variable of this name holds a secret, as far as its
// name tells: COSIGN_PASSWORD does, COSIGN_PASSWORD_FILE does not.
func SecretName(name string) bool {
	return len(name) <= 200 && name != "PWD" && name != "OLDPWD" && secretName.MatchString(name) && !notSecret.MatchString(name)
}

// Secret says of which kind the secret is that a variable has for its value in
// plain text: private_key, password or token; "" for none. A value that names
// another variable is none.
func Secret(name, value string) string {
	switch {
	case private.MatchString(value):
		return "private_key"
	case token.MatchString(value):
		return "token"
	case value == "" || strings.ContainsAny(value, "$") || !SecretName(name) || plain.MatchString(strings.TrimSpace(value)):
		return ""
	case strings.Contains(strings.ToLower(name), "pass") || strings.Contains(strings.ToLower(name), "pwd"):
		return "password"
	}
	return "token"
}
