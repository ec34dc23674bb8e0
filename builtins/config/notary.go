package config

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// Notary is a server of Docker Content Trust. Whether its pins can be used is
// for those who verify.
type Notary struct {
	URL        string
	CA         []byte   // PEM
	TokenHosts []string // hosts of token services beside the built-in ones
	GUNs       []NotaryGUN
	// Recorded stands for the server when a record is verified again: what it
	// said about each repository. nil for a server that is asked.
	Recorded map[string]RecordedTrust
}

// NotaryGUN says which root is trusted for a repository, or for several.
type NotaryGUN struct {
	GUN    string   // name, or its beginning with /* at the end
	KeyIDs []string // of root keys
	CA     []byte   // PEM, that the certificates of root keys chain to
	Root   []byte   // root.json
}

// RecordedTrust is what a notary said about one repository, when, and which
// versions had been seen before.
type RecordedTrust struct {
	At    time.Time
	Files map[string][]byte // by name without .json
	Seen  map[string]int    // by role
}

type wireNotary struct {
	URL        string
	CA         string
	TokenHosts []string `json:"token_hosts"`
	GUNs       []wireGUN
}

type wireGUN struct {
	GUN    string
	KeyIDs []string `json:"key_ids"`
	CA     string   `json:"root_ca"`
	Root   string
}

func notaryShape() *shape {
	return &shape{kind: object, about: "a server of Docker Content Trust", fields: []field{
		{"url", true, &shape{kind: text, about: "address of the notary server, with https://", example: "https://notary.example"}},
		{"ca", false, &shape{kind: text, about: "path of the PEM certificates that the server's certificate must chain to", example: "ca.pem"}},
		{"token_hosts", false, &shape{kind: listOf, about: "hosts of token services that may see the credentials for this server", elem: &shape{kind: text, about: "a host"}}},
		{"guns", true, &shape{kind: listOf, atLeast: 1, about: "the repositories that it answers for, each with the root that is trusted; of several entries that match, the longest counts", elem: gunShape()}},
	}}
}

func gunShape() *shape {
	return &shape{kind: object, about: "which root is trusted for a repository; there is no trust on first use", oneOf: []string{"key_ids", "root_ca", "root"}, fields: []field{
		{"gun", true, &shape{kind: text, about: "full name of the repository (its GUN), or its beginning with /* at the end", example: "docker.io/team/*"}},
		{"key_ids", false, &shape{kind: listOf, atLeast: 1, about: "IDs of root keys, 64 hexadecimal digits, as root.json names them", elem: &shape{kind: text, about: "a key ID"}}},
		{"root_ca", false, &shape{kind: text, about: "path of the PEM certificates that the certificate of a root key must chain to", example: "root-ca.pem"}},
		{"root", false, &shape{kind: text, about: "path of a root.json to start from; for one repository, named in full", example: "root.json"}},
	}}
}

func (l *loader) notary(name string, w wireNotary) Notary {
	field := Join("notary", name)
	n := Notary{URL: w.URL, GUNs: []NotaryGUN{}}
	if problem := notaryURL(w.URL); w.URL != "" && problem != "" {
		l.failAt(field+".url", "%s", problem)
	}
	if w.CA != "" {
		n.CA = l.read(field+".ca", w.CA, maxBytes)
		l.certificates(field+".ca", w.CA, n.CA)
	}
	n.TokenHosts = l.tokenHosts(field, w.TokenHosts)
	for i, g := range w.GUNs {
		n.GUNs = append(n.GUNs, l.gun(fmt.Sprintf("%s.guns[%d]", field, i), g))
	}
	return n
}

func (l *loader) gun(field string, w wireGUN) NotaryGUN {
	g := NotaryGUN{GUN: w.GUN, KeyIDs: w.KeyIDs}
	if w.CA != "" {
		g.CA = l.read(field+".root_ca", w.CA, maxBytes)
		l.certificates(field+".root_ca", w.CA, g.CA)
	}
	if w.Root != "" {
		g.Root = l.object(field+".root", w.Root, "root.json")
	}
	return g
}

// notaryURL says what is wrong with the address of a notary server, "" for
// nothing.
func notaryURL(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Sprintf("%q is not an address such as https://notary.example", clip(address))
	case u.User != nil:
		return "the address must not hold credentials; put them under credentials, for its host"
	case u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()):
		return ""
	}
	return fmt.Sprintf("%q is not https", clip(address))
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
