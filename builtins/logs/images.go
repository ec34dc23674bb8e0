package logs

import "slices"

const (
	// mostImages bounds what is read of one object, deepestObject how deep it is looked into.
	mostImages    = 200
	deepestObject = 24
)

// imagesOf returns the images that an object names, as they are written, sorted:
// those of containers, of init and ephemeral containers, and of volumes, wherever
// a kind has its Pods. What it was (metadata) and what became of it (status) name
// others.
func imagesOf(raw []byte) []string {
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	var f finder
	f.object(raw, 0)
	slices.Sort(f.images)
	return slices.Compact(f.images)
}

type finder struct{ images []string }

func (f *finder) add(image string) {
	if image != "" && len(f.images) < mostImages {
		f.images = append(f.images, image)
	}
}

// object looks into the members of an object. What is broken in it names nothing.
func (f *finder) object(raw []byte, depth int) {
	if depth > deepestObject {
		return
	}
	_, _ = members(raw, func(name, value []byte) {
		if len(value) == 0 || value[0] != '{' && value[0] != '[' {
			return
		}
		switch string(name) {
		case "containers", "initContainers", "ephemeralContainers":
			f.containers(value)
		case "volumes":
			f.volumes(value)
		case "metadata", "status":
		default:
			f.value(value, depth+1)
		}
	})
}

func (f *finder) value(raw []byte, depth int) {
	if raw[0] == '{' {
		f.object(raw, depth)
		return
	}
	if depth > deepestObject {
		return
	}
	_ = elements(raw, func(value []byte) {
		if value[0] == '{' || value[0] == '[' {
			f.value(value, depth+1)
		}
	})
}

func (f *finder) containers(raw []byte) {
	_ = elements(raw, func(container []byte) {
		image, _ := member(container, "image")
		f.add(image)
	})
}

func (f *finder) volumes(raw []byte) {
	_ = elements(raw, func(volume []byte) {
		_, _ = members(volume, func(name, value []byte) {
			if string(name) == "image" {
				reference, _ := member(value, "reference")
				f.add(reference)
			}
		})
	})
}
