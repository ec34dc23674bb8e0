package attest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	cbundle "github.com/sigstore/cosign/v2/pkg/cosign/bundle"
	"github.com/sigstore/cosign/v2/pkg/providers"
	_ "github.com/sigstore/cosign/v2/pkg/providers/envvar"     // SIGSTORE_ID_TOKEN, as GitLab has it
	_ "github.com/sigstore/cosign/v2/pkg/providers/filesystem" // a token that Kubernetes projects into a Pod
	_ "github.com/sigstore/cosign/v2/pkg/providers/github"     // Actions with id-token: write
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	sgbundle "github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/sign"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms"
	"github.com/spf13/pflag"
)

// Signer is who signs, and who vouches for that. What is read for the first
// statement serves the others too.
type Signer struct {
	key           string
	signingConfig string
	trustedRoot   string
	identityToken string
	tlogUpload    bool

	config  *root.SigningConfig
	trusted root.TrustedMaterial
	held    *held // with a key
}

// Bind adds the flags.
func (s *Signer) Bind(set *pflag.FlagSet) {
	set.StringVar(&s.key, "key", "", "private key: a file (its password in $COSIGN_PASSWORD), or the URI of a KMS (awskms://, gcpkms://, azurekms://, hashivault://). Without it an identity signs")
	set.StringVar(&s.signingConfig, "signing-config", "", "signing_config.json of a Sigstore instance; the default is the public-good instance's, which is fetched")
	set.StringVar(&s.trustedRoot, "trusted-root", "", "trusted_root.json of the same instance")
	set.StringVar(&s.identityToken, "identity-token", "", "OIDC token, or the file that holds it; the default is what the CI system offers")
	set.BoolVar(&s.tlogUpload, "tlog-upload", true, "with --key: false signs without transparency log and time stamp, and asks no service; policies then need insecure_ignore_tlog: true of the authority")
}

// Named says whether a key was named.
func (s *Signer) Named() bool { return s.key != "" }

// Open reads what is needed for signing, so that it is known to be there. A token
// is asked for when something is signed: it does not live long.
func (s *Signer) Open(ctx context.Context) error {
	if s.config == nil {
		config, trusted, err := s.instance()
		if err != nil {
			return err
		}
		s.config, s.trusted = config, trusted
	}
	if s.key == "" || s.held != nil {
		return nil
	}
	by, err := privateKey(ctx, s.key)
	if err != nil {
		return fmt.Errorf("--key: %w", err)
	}
	if s.held, err = newHeld(by); err != nil {
		s.held = nil
		return fmt.Errorf("--key: %w", err)
	}
	return nil
}

// Sign returns the bundle of a statement, and who has signed it. It is not for
// use by several at once.
func (s *Signer) Sign(ctx context.Context, statement []byte) (bundle []byte, who string, err error) {
	if err := s.Open(ctx); err != nil {
		return nil, "", err
	}
	pair, token, who, err := s.holder(ctx)
	if err != nil {
		return nil, "", err
	}
	content := &sign.DSSEData{Data: statement, PayloadType: "application/vnd.in-toto+json"}
	bundle, err = cbundle.SignData(ctx, content, pair, token, s.config, s.trusted)
	if err != nil {
		return nil, "", fmt.Errorf("sign: %w", err)
	}
	if s.key == "" {
		who, err = identityIn(bundle)
	}
	return bundle, who, err
}

// identityIn says whom the certificate of a bundle is for.
func identityIn(raw []byte) (string, error) {
	var b sgbundle.Bundle
	if err := b.UnmarshalJSON(raw); err != nil {
		return "", err
	}
	content, err := b.VerificationContent()
	if err != nil {
		return "", err
	}
	who, err := certificate.SummarizeCertificate(content.Certificate())
	return fmt.Sprintf("%s (issuer %s)", who.SubjectAlternativeName, who.Issuer), err
}

// instance returns the services that are asked, and what they are checked with.
func (s *Signer) instance() (*root.SigningConfig, root.TrustedMaterial, error) {
	switch {
	case !s.tlogUpload && s.key == "":
		return nil, nil, errors.New("--tlog-upload=false is for --key: an identity is worth nothing without the log's time")
	case !s.tlogUpload && s.signingConfig != "":
		return nil, nil, errors.New("--tlog-upload=false asks no service: leave --signing-config out")
	case !s.tlogUpload:
		config, err := root.NewSigningConfig(root.SigningConfigMediaType02, nil, nil, nil, root.ServiceConfiguration{}, nil, root.ServiceConfiguration{})
		return config, &root.BaseTrustedMaterial{}, err
	case s.signingConfig == "":
		config, err := root.FetchSigningConfig()
		if err != nil {
			return nil, nil, fmt.Errorf("the signing config of Sigstore's public-good instance cannot be fetched; name one with --signing-config, or say --tlog-upload=false with a key: %w", err)
		}
		trusted, err := root.FetchTrustedRoot()
		return config, trusted, err
	case s.trustedRoot == "":
		return nil, nil, errors.New("--signing-config needs the --trusted-root of the same instance: what the services answer is checked before it is stored")
	}
	config, err := root.NewSigningConfigFromPath(s.signingConfig)
	if err != nil {
		return nil, nil, fmt.Errorf("--signing-config: %w", err)
	}
	trusted, err := root.NewTrustedRootFromPath(s.trustedRoot)
	if err != nil {
		return nil, nil, fmt.Errorf("--trusted-root: %w", err)
	}
	return config, trusted, nil
}

// holder returns the pair of keys that signs; for an identity, a new one and
// the token that says who it is.
func (s *Signer) holder(ctx context.Context) (pair sign.Keypair, token, who string, err error) {
	if s.key == "" {
		if token, err = s.token(ctx); err != nil {
			return nil, "", "", err
		}
		pair, err = sign.NewEphemeralKeypair(nil)
		return pair, token, "", err
	}
	return s.held, "", "key " + s.held.id, nil
}

func (s *Signer) token(ctx context.Context) (string, error) {
	if s.identityToken != "" {
		raw, err := os.ReadFile(s.identityToken)
		if err != nil {
			return s.identityToken, nil //nolint:nilerr // then it is the token itself
		}
		return strings.TrimSpace(string(raw)), nil
	}
	if !providers.Enabled(ctx) {
		return "", errors.New("nobody signs: name --key, or --identity-token, or give the job an OIDC token (GitHub: permissions: id-token: write; GitLab: id_tokens: SIGSTORE_ID_TOKEN)")
	}
	return providers.Provide(ctx, "sigstore")
}

func privateKey(ctx context.Context, named string) (signature.SignerVerifier, error) {
	if strings.Contains(named, "://") {
		for _, scheme := range kms.SupportedProviders() {
			if strings.HasPrefix(named, scheme) {
				return kms.Get(ctx, named, crypto.SHA256)
			}
		}
		return nil, fmt.Errorf("%s: of no KMS that is known; expected one of %s", named, strings.Join(kms.SupportedProviders(), ", "))
	}
	raw, err := os.ReadFile(named)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%s: not PEM", named)
	}
	if strings.HasPrefix(block.Type, "ENCRYPTED ") {
		by, err := cosign.LoadPrivateKey(raw, []byte(os.Getenv("COSIGN_PASSWORD")), nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w ($COSIGN_PASSWORD is its password)", named, err)
		}
		return by, nil
	}
	if strings.HasSuffix(block.Type, "PUBLIC KEY") {
		return nil, fmt.Errorf("%s: this is a public key; who signs needs the private one", named)
	}
	key, err := cryptoutils.UnmarshalPEMToPrivateKey(raw, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", named, err)
	}
	return signature.LoadDefaultSignerVerifier(key)
}

// held is a pair of keys that is kept somewhere, as sigstore-go wants it.
type held struct {
	by      signature.SignerVerifier
	public  crypto.PublicKey
	id      string // as `waxseal verify` names it
	details signature.AlgorithmDetails
}

func newHeld(by signature.SignerVerifier) (*held, error) {
	public, err := by.PublicKey()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	details, err := signature.GetDefaultAlgorithmDetails(public)
	return &held{by, public, "sha256:" + hex.EncodeToString(sum[:]), details}, err
}

// GetHashAlgorithm implements [sign.Keypair].
func (h *held) GetHashAlgorithm() protocommon.HashAlgorithm { return h.details.GetProtoHashType() }

// GetSigningAlgorithm implements [sign.Keypair].
func (h *held) GetSigningAlgorithm() protocommon.PublicKeyDetails {
	return h.details.GetSignatureAlgorithm()
}

// GetHint implements [sign.Keypair]: the hash of the key, in base64, as cosign
// writes it.
func (h *held) GetHint() []byte {
	sum, _ := hex.DecodeString(strings.TrimPrefix(h.id, "sha256:")) // which is what it was made of
	return []byte(base64.StdEncoding.EncodeToString(sum))
}

// GetKeyAlgorithm implements [sign.Keypair].
func (h *held) GetKeyAlgorithm() string {
	switch h.public.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA"
	case *rsa.PublicKey:
		return "RSA"
	case ed25519.PublicKey:
		return "ED25519"
	}
	return ""
}

// GetPublicKey implements [sign.Keypair].
func (h *held) GetPublicKey() crypto.PublicKey { return h.public }

// GetPublicKeyPem implements [sign.Keypair].
func (h *held) GetPublicKeyPem() (string, error) {
	raw, err := cryptoutils.MarshalPublicKeyToPEM(h.public)
	return string(raw), err
}

// SignData implements [sign.Keypair]: the signature, and what it is over.
func (h *held) SignData(_ context.Context, data []byte) (sig, digest []byte, err error) {
	if sig, err = h.by.SignMessage(bytes.NewReader(data)); err != nil {
		return nil, nil, err
	}
	if h.details.GetHashType() == crypto.Hash(0) {
		return sig, data, nil
	}
	sum := h.details.GetHashType().New()
	sum.Write(data)
	return sig, sum.Sum(nil), nil
}
