package render

import "strconv"

// CommandLine stands in place of a file for images that were named on the
// command line. The policies judge each as the one container of a Pod, and no
// reader has such a Pod: nothing of it is shown.
const CommandLine = "command line"

// single says whether an image is judged, and no object.
func (d *Decision) single() bool { return d.File == CommandLine && len(d.Images) == 1 }

func about(image, judgedAs string) string {
	if judgedAs == "" {
		return "image " + strconv.Quote(image)
	}
	return "image " + strconv.Quote(image) + " (judged as " + judgedAs + ")"
}

// bare takes the Pod away from the decision about a single image.
func (d *Decision) bare() {
	image := &d.Images[0]
	for _, list := range [][]Violation{d.Violations, d.Notes} {
		for i := range list {
			v := &list[i]
			if judgedAs, rest, found := v.cut(v.Msg, d.Images); found {
				v.Msg = about(image.Image, judgedAs) + ": " + rest
			}
			v.Where = Where{}
		}
	}
	d.Kind, d.Namespace, d.Name, d.Document = "", "", "", 0
	image.Container, image.Path, image.Type = "", "", ""
	clear(d.places)
}
