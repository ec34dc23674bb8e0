package bundle

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/waxseal/waxseal/bundles"
)

// Fits says whether waxseal can evaluate the bundles that one of OPA's commands
// is given. Without this a bundle for Gatekeeper would tell of an unknown
// function, or deny everything.
func Fits(cmd *cobra.Command, args []string) error {
	for _, path := range given(cmd.Flags(), args) {
		manifest, err := manifestOf(path)
		if err != nil {
			continue // OPA says it, or it is no bundle
		}
		switch flavour := manifest.Metadata["waxseal"].Flavour; {
		case forGatekeeper(flavour):
			return fmt.Errorf("%s is a bundle of flavour %s, for Gatekeeper, and does not fit waxseal: build flavour cli", path, flavour)
		case flavour == bundles.Data, flavour == bundles.ConftestBuiltin:
			return fmt.Errorf("%s is a bundle of flavour %s, for conftest, and does not fit waxseal: build flavour cli", path, flavour)
		}
	}
	return nil
}

// given are the bundles that a command names: as values of --bundle, or as
// arguments where --bundle is a switch.
func given(flags *pflag.FlagSet, args []string) []string {
	flag := flags.Lookup("bundle")
	if flag == nil {
		return nil
	}
	if flag.Value.Type() != "bool" {
		return strings.Split(flag.Value.String(), ",") // as OPA's flag joins them
	}
	if flag.Value.String() == "true" {
		return args
	}
	return nil
}

// maxManifest bounds what is read of a manifest, in bytes.
const maxManifest = 1 << 20

// manifestOf reads the manifest of a bundle, a folder or an archive.
func manifestOf(file string) (*bundles.Manifest, error) {
	file = strings.TrimPrefix(file, "file://")
	if info, err := os.Stat(file); err != nil {
		return nil, err
	} else if info.IsDir() {
		raw, err := os.ReadFile(filepath.Join(file, bundles.ManifestFile))
		if err != nil {
			return nil, err
		}
		return decode(raw)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var raw []byte
	err = eachFile(f, func(name string, content io.Reader) (err error) {
		if name == bundles.ManifestFile {
			raw, err = io.ReadAll(io.LimitReader(content, maxManifest))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return decode(raw)
}

func decode(raw []byte) (*bundles.Manifest, error) {
	var manifest bundles.Manifest
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return &manifest, nil
}

// eachFile visits the files of an archive.
func eachFile(r io.Reader, visit func(name string, content io.Reader) error) error {
	zipped, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	archive := tar.NewReader(zipped)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if err := visit(strings.TrimPrefix(path.Clean("/"+header.Name), "/"), archive); err != nil {
			return err
		}
	}
}
