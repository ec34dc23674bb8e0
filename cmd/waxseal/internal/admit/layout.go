package admit

import (
	"errors"
	"fmt"
	"strings"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/registry"
)

// folder is an OCI layout that stands for the registry of an image.
type folder struct {
	dir, host string
}

const layoutScheme = "oci:"

// fromLayouts returns the images as they are judged: one that is given by its
// layout has the name of --as, and its digest.
func (f *flags) fromLayouts(images []string) ([]string, error) {
	given := 0
	for _, img := range images {
		if strings.HasPrefix(img, layoutScheme) {
			given++
		}
	}
	switch {
	case given == 0 && f.as != "":
		return nil, errors.New("--as names an image that is given by its layout (oci:DIR), and none is")
	case given == 0:
		return images, nil
	case given > 1 || len(images) > 1:
		return nil, errors.New("an image that is given by its layout (oci:DIR) is judged alone: its layout stands for the registry of --as")
	case f.as == "":
		return nil, fmt.Errorf("under which name is %s to be judged? Policies decide by names: add --as, such as --as registry.example/team/app:v1", images[0])
	}
	image, err := f.fromLayout(strings.TrimPrefix(images[0], layoutScheme))
	return []string{image}, err
}

func (f *flags) fromLayout(source string) (string, error) {
	as, err := registry.Parse(f.as)
	if err != nil {
		return "", fmt.Errorf("--as: %w", err)
	}
	dir, tag, digest := splitLayout(source)
	if digest == "" {
		found, err := registry.LayoutImage(dir, tag)
		if err != nil {
			return "", err
		}
		digest = string(found.Digest)
	}
	named, err := registry.ParseDigest(digest)
	if err != nil {
		return "", fmt.Errorf("%s%s: %w", layoutScheme, source, err)
	}
	if as.Digest() != "" && as.Digest() != named {
		return "", fmt.Errorf("--as names the digest %s, and the layout holds %s", as.Digest(), named)
	}
	if repository, err := registry.ParseRepository(f.as); err == nil { // no tag is made up
		as = repository.At(named)
	}
	f.layout = folder{dir: dir, host: as.Repository().Registry}
	return as.WithDigest(named).String(), nil
}

// splitLayout reads DIR, DIR:TAG and DIR@DIGEST. A colon in the middle of a path
// belongs to the path.
func splitLayout(source string) (dir, tag, digest string) {
	if at := strings.LastIndex(source, "@"); at >= 0 && !strings.Contains(source[at:], "/") {
		return source[:at], "", source[at+1:]
	}
	if at := strings.LastIndex(source, ":"); at >= 0 && !strings.Contains(source[at:], "/") {
		return source[:at], source[at+1:], ""
	}
	return source, "", ""
}

// standIn puts the layout in the place of the registry: nothing is fetched from
// there, or from a mirror.
func (f folder) standIn(cfg *config.Config) {
	if f.host == "" {
		return
	}
	if cfg.Registries == nil {
		cfg.Registries = map[string]config.Registry{}
	}
	cfg.Registries[f.host] = config.Registry{Layout: f.dir}
}
