package tool

// Files of others can ask for more than anybody means: names times tags, values
// that double from line to line. What is beyond these limits is not known.
const (
	maxText    = 16 << 10 // of one text that is put together
	maxNames   = 1_000    // of one image
	maxActions = 5_000    // of one command
)

// bounded is a text, or a symbol for one that is too long.
func bounded(text string) string {
	if len(text) > maxText {
		return "${*}"
	}
	return text
}

// tagged are all images with all tags.
func tagged(images, tags []string) []string {
	var out []string
	for _, image := range images {
		for _, t := range tags {
			if len(out) == maxNames {
				return out
			}
			out = append(out, image+":"+t)
		}
	}
	return out
}

func (e *Effect) full() bool { return len(e.Actions) >= maxActions }
