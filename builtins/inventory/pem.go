package inventory

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
)

// armour is a public key or a certificate in a text: as PEM, indented as in YAML
// within YAML, or with its line breaks written out.
var armour = regexp.MustCompile(`-----BEGIN (PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----((?:[A-Za-z0-9+/=\s]|\\n|\\r)*)-----END (PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----`)

// maxText bounds the texts that are searched, and maxBlocks the keys of one.
const (
	maxText   = 4 << 20
	maxBlocks = 1000
)

var breaks = strings.NewReplacer(`\n`, "", `\r`, "", " ", "", "\t", "", "\r", "", "\n", "")

// pemIn finds the public keys and certificates of a text.
func pemIn(text string) []*pem.Block {
	if len(text) > maxText {
		text = text[:maxText]
	}
	var out []*pem.Block
	for _, found := range armour.FindAllStringSubmatch(text, maxBlocks) {
		raw, err := base64.StdEncoding.DecodeString(breaks.Replace(found[2]))
		if err == nil && found[1] == found[3] {
			out = append(out, &pem.Block{Type: found[1], Bytes: raw})
		}
	}
	return out
}

// describePEM says of an entry what its public key is.
func describePEM(k *audit.Key, raw []byte) {
	blocks := pemIn(string(raw))
	if len(blocks) != 1 {
		k.Problem = "it is not one public key in PEM"
		return
	}
	describeBlock(k, blocks[0])
}

func describeBlock(k *audit.Key, block *pem.Block) {
	key, err := publicKey(k, block)
	if err != nil {
		k.Problem = "it cannot be read: " + err.Error()
		return
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		k.Problem = "it is of a kind that is not known: " + err.Error()
		return
	}
	sum := sha256.Sum256(der)
	k.Fingerprint = "sha256:" + hex.EncodeToString(sum[:])
	switch key := key.(type) {
	case *rsa.PublicKey:
		k.Algorithm, k.Bits = "RSA", key.N.BitLen()
	case *ecdsa.PublicKey:
		k.Algorithm, k.Bits = "ECDSA", key.Curve.Params().BitSize
	case ed25519.PublicKey:
		k.Algorithm, k.Bits = "Ed25519", 256
	}
}

func publicKey(k *audit.Key, block *pem.Block) (crypto.PublicKey, error) {
	switch block.Type {
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		k.Expires = expires(c)
		k.At = strings.TrimSpace(k.At + " " + c.Subject.String())
		return c.PublicKey, nil
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}
