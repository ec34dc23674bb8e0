package pipeline

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

const (
	// keyBytes is how large a file may be in which keys are looked for. Keys are small, and
	// what generates them into large files is no pipeline.
	keyBytes = 1 << 20
	// keyBudget bounds the bytes of all files in which keys are looked for.
	keyBudget = 2 << 30
	// maxKeys bounds the keys that are listed of one file.
	maxKeys = 20
)

// finder reads the files that a walk has found: those that may be pipelines, and
// all others, to look for private keys in them. Keys are known by content alone: a
// name is no evidence, and a key may have any name.
type finder struct {
	fsys     fs.FS
	most     int64 // bytes of a file that may be a pipeline
	read     int64
	full     bool
	found    []model.Secret
	problems []model.Problem
}

// content returns the text of a file, if it is small enough to be looked at.
func (k *finder) content(f found) []byte {
	most := int64(keyBytes)
	if telling(f.name) {
		most = k.most
	}
	if f.size > most || k.full {
		return nil
	}
	if k.read += f.size; k.read > keyBudget {
		k.full = true
		k.problems = append(k.problems, model.Problem{
			Place: model.Place{File: f.name}, Code: "too_large",
			Text: "the repository is too large to look into all of its files: from this one on, only files that are named as pipelines are read",
		})
		return nil
	}
	return k.open(f.name, most)
}

// open reads a file. One that cannot be opened is none in which anybody finds a key;
// where it is a pipeline, its system says that it cannot be read.
func (k *finder) open(name string, most int64) []byte {
	file, err := k.fsys.Open(name)
	if err != nil {
		return nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return nil
	}
	return text
}

// in lists the keys in a text.
func (k *finder) in(name string, text []byte) {
	for _, what := range keysIn(text[:min(len(text), keyBytes)]) {
		what.File, what.Name = name, path.Base(name)
		what.Text += where(name)
		k.found = append(k.found, what)
	}
}

// keysIn returns the private keys in a text, by line.
func keysIn(text []byte) []model.Secret {
	if what := container(text); what != "" {
		return []model.Secret{{Place: model.Place{Line: 0}, Kind: "key_file", Text: what}}
	}
	var out []model.Secret
	for _, find := range []func([]byte) []model.Secret{blocks, encoded, lines} {
		out = append(out, find(text)...)
	}
	return out[:min(len(out), maxKeys)]
}

// container names a file that is a store of keys as a whole.
func container(text []byte) string {
	switch {
	case bytes.HasPrefix(text, []byte{0xfe, 0xed, 0xfe, 0xed}):
		return "a Java key store"
	case bytes.HasPrefix(text, []byte{0xce, 0xce, 0xce, 0xce}):
		return "a Java key store (JCEKS)"
	case bytes.HasPrefix(sequence(text), []byte{0x02, 0x01, 0x03, 0x30}): // version 3, then the content
		return "a PKCS#12 key store"
	case bytes.HasPrefix(sequence(text), []byte{0x02, 0x01, 0x00, 0x30}) && isPKCS8(text):
		return "a private key (PKCS#8, binary)"
	case bytes.HasPrefix(text, []byte("PuTTY-User-Key-File-")):
		return "a private key of PuTTY"
	}
	return ""
}

// sequence returns what is in the DER sequence that a text is, or nil.
func sequence(text []byte) []byte {
	var s asn1.RawValue
	if len(text) < 2 || text[0] != 0x30 {
		return nil
	}
	if _, err := asn1.Unmarshal(text, &s); err != nil {
		return nil
	}
	return s.Bytes
}

func isPKCS8(text []byte) bool {
	_, err := x509.ParsePKCS8PrivateKey(text)
	return err == nil
}

var (
	// begin is the first line of the PEM block of a private key.
	begin  = regexp.MustCompile(`-----BEGIN ((?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?)-----`)
	base   = regexp.MustCompile(`LS0tLS1CRUdJTi[A-Za-z0-9+/\r\n\t ]{40,}={0,2}`)
	ageKey = regexp.MustCompile(`AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}`)
	// header is a line of a PEM block that is none of its content.
	header = regexp.MustCompile(`(?m)^\W*(?:Proc-Type|DEK-Info|Version|Comment|Charset|Hash):.*$`)
)

// blockBytes is how long a PEM block of a key may be.
const blockBytes = 20_000

// blocks finds PEM blocks, also indented, quoted, or on one line with \n in it.
// What stands between the lines must be base64 and long enough for a key:
// documentation writes "..." there.
func blocks(text []byte) []model.Secret {
	if !bytes.Contains(text, []byte("PRIVATE KEY")) {
		return nil
	}
	var out []model.Secret
	for _, m := range begin.FindAllSubmatchIndex(text, maxKeys) {
		rest := text[m[1]:min(len(text), m[1]+blockBytes)]
		body, _, ended := bytes.Cut(rest, []byte("-----END "))
		if !ended || !holdsKey(string(body)) {
			continue
		}
		kind := "private_key"
		if whole(text[:m[0]]) {
			kind = "key_file"
		}
		out = append(out, model.Secret{
			Place: model.Place{Line: lineAt(text, m[0])}, Kind: kind,
			Text: describe(string(text[m[2]:m[3]]), string(body)),
		})
	}
	return out
}

// whole says whether what stands above a key is so little that the file is the key.
func whole(above []byte) bool {
	return !bytes.ContainsAny(above, "{}=\"'`") && bytes.Count(above, []byte("\n")) < 10 && !bytes.Contains(above, []byte(": "))
}

func holdsKey(body string) bool {
	body = strings.NewReplacer(`\r`, "\n", `\n`, "\n", `\t`, "").Replace(body)
	body = header.ReplaceAllString(body, "")
	n := 0
	for _, c := range body {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c == '+', c == '/', c == '=':
			n++
		case strings.ContainsRune("\r\n\t \"'`,\\#*|>;-", c):
		default:
			return false
		}
	}
	return n >= 44 // an Ed25519 key, the shortest, has 64
}

func describe(label, body string) string {
	switch {
	case strings.HasPrefix(label, "ENCRYPTED SIGSTORE"), strings.HasPrefix(label, "ENCRYPTED COSIGN"):
		return "a private key of cosign, protected by a password"
	case strings.HasPrefix(label, "ENCRYPTED"), strings.Contains(body, "ENCRYPTED"):
		return "a private key (" + label + "), protected by a password"
	}
	return "a private key (" + label + ")"
}

// encoded finds PEM blocks in base64, as Secrets of Kubernetes have them.
func encoded(text []byte) []model.Secret {
	if !bytes.Contains(text, []byte("LS0tLS1CRUdJTi")) {
		return nil
	}
	var out []model.Secret
	for _, m := range base.FindAllIndex(text, maxKeys) {
		inner := decode(text[m[0]:m[1]])
		for _, s := range blocks(inner) {
			s.Line, s.Kind = lineAt(text, m[0]), "private_key"
			s.Text += ", in base64"
			out = append(out, s)
		}
	}
	return out
}

// decode decodes what it can: the text may end in what is no longer base64.
func decode(text []byte) []byte {
	text = bytes.Map(func(r rune) rune {
		if r == ' ' || r == '\n' || r == '\r' || r == '\t' || r == '=' {
			return -1
		}
		return r
	}, text)
	text = text[:len(text)/4*4]
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, _ := base64.RawStdEncoding.Decode(out, text)
	return out[:n]
}

// lines finds keys that are one line.
func lines(text []byte) []model.Secret {
	if !bytes.Contains(text, []byte("AGE-SECRET-KEY-1")) {
		return nil
	}
	var out []model.Secret
	for _, m := range ageKey.FindAllIndex(text, maxKeys) {
		out = append(out, model.Secret{Place: model.Place{Line: lineAt(text, m[0])}, Kind: "private_key", Text: "a private key of age"})
	}
	return out
}

func lineAt(text []byte, offset int) int { return 1 + bytes.Count(text[:offset], []byte("\n")) }

// samples are folders whose keys are made to be seen. They are listed all the
// same: who trusts such a key trusts everybody.
var samples = map[string]bool{
	"testdata": true, "test": true, "tests": true, "fixtures": true, "fixture": true, "examples": true, "example": true,
	"samples": true, "mock": true, "mocks": true, "e2e": true,
}

func where(name string) string {
	for _, dir := range strings.Split(path.Dir(name), "/") {
		if samples[strings.ToLower(dir)] {
			return ", in a folder of tests or examples (" + dir + ")"
		}
	}
	return ""
}
