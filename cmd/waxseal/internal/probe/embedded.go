package probe

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/sigstore/cosign/v2/pkg/types"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/payload"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/render"
)

// Untrusted is the probe of an image that somebody has signed whom nobody trusts.
const Untrusted = "untrusted"

// signatureAnnotation holds a signature, as cosign writes it.
const signatureAnnotation = "dev.cosignproject.cosign/signature"

// embedding is a registry that this process serves, with images made now.
type embedding struct {
	host   string // name under which the cluster reaches it
	listen string
}

// serve starts the registry, and names its images in cfg where none is named.
func (e *embedding) serve(cfg *Config, stderr io.Writer) (stop func(), err error) {
	if e.host == "" || strings.ContainsAny(e.host, "/@ ") {
		return nil, fmt.Errorf("--embedded %q: expected HOST:PORT, by which the cluster reaches this machine", e.host)
	}
	content := registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true))
	inside, done, err := listen("127.0.0.1:0", content)
	if err != nil {
		return nil, err
	}
	err = e.fill(cfg, inside)
	done()
	if err != nil {
		return nil, err
	}
	outside, stop, err := listen(e.listen, readOnly(content))
	if err != nil {
		return nil, fmt.Errorf("--embedded-listen: %w", err)
	}
	_, err = fmt.Fprintf(stderr, `waxseal: serving images on %s, as %s. What verifies images in the cluster has to reach it under that name,
over plain HTTP (registries: {%q: {plain_http: true}} in its waxseal.yaml), and the policies have to approve it; else
its images are refused for that.
`, outside, render.Clean(e.host), render.Clean(e.host))
	return stop, err
}

// listen serves on an address until stop, and returns the address.
func listen(at string, handler http.Handler) (address string, stop func(), err error) {
	listener, err := net.Listen("tcp", at)
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 1 << 16}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // it ends when it is closed
	}()
	return listener.Addr().String(), func() {
		_ = server.Close() // nothing of it is needed any more
		<-done
	}, nil
}

// readOnly keeps what others reach from being written.
func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "read only", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// fill makes the images: one that nobody has signed, and two that a key has
// signed which is forgotten then.
func (e *embedding) fill(cfg *Config, local string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	signer, err := signature.LoadECDSASigner(key, crypto.SHA256)
	if err != nil {
		return err
	}
	made := map[string]string{}
	for probe, by := range map[string]signature.Signer{Unsigned: nil, Unscanned: signer, Untrusted: signer} {
		repository := "/waxseal/" + probe
		digest, err := push(local+repository, e.host+repository, by)
		if err != nil {
			return fmt.Errorf("make the image %s: %w", probe, err)
		}
		made[probe] = e.host + repository + "@" + digest
	}
	if cfg.Images.Unsigned == "" {
		cfg.Images.Unsigned = made[Unsigned]
	}
	if cfg.Images.Unscanned == "" {
		cfg.Images.Unscanned = made[Unscanned]
	}
	cfg.More = append(cfg.More, Spec{Name: Untrusted, Image: made[Untrusted], Expected: Refused, Rule: "signed_images.untrusted"})
	return nil
}

// push makes an image, and signs it as cosign does, under its name for the cluster.
func push(local, outside string, signer signature.Signer) (digest string, err error) {
	image, err := random.Image(64, 1)
	if err != nil {
		return "", err
	}
	hash, err := image.Digest()
	if err != nil {
		return "", err
	}
	if err := write(local+":probe", image); err != nil || signer == nil {
		return hash.String(), err
	}
	named, err := name.NewDigest(outside + "@" + hash.String())
	if err != nil {
		return "", err
	}
	raw, err := payload.Cosign{Image: named}.MarshalJSON()
	if err != nil {
		return "", err
	}
	signed, err := signer.SignMessage(strings.NewReader(string(raw)))
	if err != nil {
		return "", err
	}
	signatures, err := mutate.Append(mutate.MediaType(empty.Image, "application/vnd.oci.image.manifest.v1+json"), mutate.Addendum{
		Layer:       static.NewLayer(raw, types.SimpleSigningMediaType),
		Annotations: map[string]string{signatureAnnotation: base64.StdEncoding.EncodeToString(signed)},
	})
	if err != nil {
		return "", err
	}
	return hash.String(), write(local+":"+strings.ReplaceAll(hash.String(), ":", "-")+".sig", signatures)
}

func write(ref string, image v1.Image) error {
	tag, err := name.NewTag(ref, name.Insecure)
	if err != nil {
		return err
	}
	return remote.Write(tag, image)
}
