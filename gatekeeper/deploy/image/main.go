// Image writes a container image of waxseal as an OCI layout, without a container
// engine: static binaries and the CA certificates of this machine on an empty root, run
// by user 65532. The same inputs give the same digest, which it prints. `make image`
// runs it.
package main

import (
	"archive/tar"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user is whom the deployment files run the provider as.
const user = "65532:65532"

func main() {
	certificates := flag.String("certificates", "/etc/ssl/certs/ca-certificates.crt", "the CA certificates, PEM")
	to := flag.String("o", "", "folder of the OCI layout; it must not be there")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: image -o FOLDER [-certificates FILE] ARCHITECTURE=BINARY…")
		flag.PrintDefaults()
	}
	flag.Parse()
	if *to == "" || flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	digest, err := write(*to, *certificates, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(2)
	}
	fmt.Println(digest)
}

// write writes an index of one image for each architecture and returns its digest.
func write(to, certificates string, binaries []string) (v1.Hash, error) {
	if _, err := os.Stat(to); err == nil {
		return v1.Hash{}, fmt.Errorf("%s is there already; take it away first", to)
	}
	roots, err := os.ReadFile(certificates)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("-certificates: %w", err)
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, binary := range binaries {
		architecture, path, ok := strings.Cut(binary, "=")
		if !ok {
			return v1.Hash{}, fmt.Errorf("%q is not ARCHITECTURE=BINARY", binary)
		}
		program, err := os.ReadFile(path)
		if err != nil {
			return v1.Hash{}, err
		}
		img, err := image(architecture, program, roots)
		if err != nil {
			return v1.Hash{}, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}},
		})
	}
	path, err := layout.Write(to, empty.Index)
	if err != nil {
		return v1.Hash{}, err
	}
	if err := path.AppendIndex(index); err != nil {
		return v1.Hash{}, err
	}
	return index.Digest()
}

// image is the program and the roots on an empty root.
func image(architecture string, program, roots []byte) (v1.Image, error) {
	raw, err := files(file{"waxseal", 0o755, program}, file{"etc/ssl/certs/ca-certificates.crt", 0o644, roots})
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil },
		tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.AppendLayers(base, layer)
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture
	config.Config = v1.Config{User: user, Entrypoint: []string{"/waxseal"}, WorkingDir: "/"}
	return mutate.ConfigFile(img, config)
}

type file struct {
	path    string
	mode    int64
	content []byte
}

// files is a tar of files that are owned by root and have no time.
func files(all ...file) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range all {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: f.path, Mode: f.mode, Size: int64(len(f.content))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), w.Close()
}
