package config

import (
	"encoding/pem"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/notaryproject/notation-go/verifier/truststore"

	"github.com/waxseal/waxseal/builtins/notation"
)

var (
	storeText = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	urlText   = regexp.MustCompile(`^https?://\S+$`)
)

// maxCRL bounds a list of revoked certificates, as notation does.
const maxCRL = 32 << 20

func notationShape() *shape {
	stores := func(about string) *shape {
		return &shape{
			kind: dictionary, names: storeText, naming: "the name of a trust store", about: about,
			elem: &shape{kind: listOf, about: "certificates", elem: &shape{kind: text, about: "path of a certificate, PEM or DER", example: "root.pem"}},
		}
	}
	return dictionaryOf("trust policies of the Notary Project that policies may name", &shape{
		kind: object, about: "a trust policy with what it rests on", fields: []field{
			{"trust_policy", true, &shape{kind: text, about: "path of a trust policy document of version 1.0, as notation reads it", example: "trustpolicy.json"}},
			{"trust_store", true, &shape{kind: object, about: "the trust stores that the document names, by type and name", fields: []field{
				{"ca", false, stores("what documents write as ca: and the name")},
				{"tsa", false, stores("what documents write as tsa: and the name: roots of authorities for time stamps")},
				{"signing_authority", false, stores("what documents write as signingAuthority: and the name")},
			}}},
			{"revocation", false, &shape{
				kind: object, oneOf: []string{"crls", "skip"},
				about: "how revoked certificates are found out; required where the document asks, because nobody is called while a decision is made",
				fields: []field{
					{"crls", false, &shape{
						kind: dictionary, names: urlText, naming: "the URL of a list, as it stands in certificates",
						about: "lists of revoked certificates, by the URL that certificates name; read at start",
						elem:  &shape{kind: text, about: "path of the list, DER or PEM", example: "ca.crl"},
					}},
					{"skip", false, &shape{kind: boolean, about: "do not find out, whatever the document says"}},
				},
			}},
		},
	})
}

type wireNotation struct {
	TrustPolicy string `json:"trust_policy"`
	TrustStore  struct {
		CA               map[string][]string `json:"ca"`
		TSA              map[string][]string `json:"tsa"`
		SigningAuthority map[string][]string `json:"signing_authority"`
	} `json:"trust_store"`
	Revocation struct {
		CRLs map[string]string `json:"crls"`
		Skip *bool             `json:"skip"`
	} `json:"revocation"`
}

// notation reads the files of a trust policy and compiles it.
func (l *loader) notation(name string, w wireNotation) notation.Source {
	field, before := Join("notation", name), len(l.problems)
	s := notation.Source{Stores: map[string]string{}, SkipRevocation: w.Revocation.Skip != nil && *w.Revocation.Skip}
	if s.Document = l.read(field+".trust_policy", w.TrustPolicy, maxBytes); s.Document != nil {
		if _, err := notation.ParseDocument(s.Document); err != nil {
			l.failAt(field+".trust_policy", "%s: %s", w.TrustPolicy, err)
		}
	}
	for _, of := range []struct {
		kind  truststore.Type
		at    string
		files map[string][]string
	}{
		{truststore.TypeCA, "ca", w.TrustStore.CA}, {truststore.TypeTSA, "tsa", w.TrustStore.TSA},
		{truststore.TypeSigningAuthority, "signing_authority", w.TrustStore.SigningAuthority},
	} {
		for _, store := range slices.Sorted(maps.Keys(of.files)) {
			s.Stores[string(of.kind)+":"+store] = l.store(Join(field+".trust_store."+of.at, store), of.kind, of.files[store])
		}
	}
	l.revocation(field+".revocation", w, &s)
	if len(l.problems) > before || s.SkipRevocation && s.CRLs != nil { // the shape has said so
		return s
	}
	if _, err := notation.New(name, s); err != nil {
		l.failAt(field, "%s", err)
	}
	return s
}

// store returns the certificates of a trust store in PEM.
func (l *loader) store(field string, kind truststore.Type, files []string) string {
	if len(files) == 0 {
		l.failAt(field, "is empty: list the files of its certificates")
	}
	var out strings.Builder
	for i, file := range files {
		at := fmt.Sprintf("%s[%d]", field, i)
		raw := l.read(at, file, maxBytes)
		if raw == nil {
			continue
		}
		certificates, err := notation.ParseStore(string(kind), raw)
		if err != nil {
			l.failAt(at, "%s: %s", file, err)
		}
		for _, c := range certificates {
			out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
		}
	}
	return out.String()
}

func (l *loader) revocation(field string, w wireNotation, s *notation.Source) {
	if w.Revocation.Skip != nil && !*w.Revocation.Skip {
		l.failAt(field+".skip", "false says nothing; name lists under crls, or remove revocation")
	}
	if w.Revocation.CRLs == nil {
		return
	}
	s.CRLs = map[string][]byte{}
	for _, url := range slices.Sorted(maps.Keys(w.Revocation.CRLs)) {
		at, file := Join(field+".crls", url), w.Revocation.CRLs[url]
		raw := l.read(at, file, maxCRL)
		if raw == nil {
			continue
		}
		list, err := notation.ParseCRL(raw)
		if err != nil {
			l.failAt(at, "%s: not a list of revoked certificates: %s", file, err)
			continue
		}
		s.CRLs[url] = list.Raw
	}
}
