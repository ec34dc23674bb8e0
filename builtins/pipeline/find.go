package pipeline

import (
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// Levels of a match, the better the higher.
const (
	matchRepository = 1 + iota // the repository is the same, and nothing says that the image is not
	matchText                  // the name is the same, with its tag
	matchOutput                // it is an output of the build, or the file that it wrote
)

// find returns the image that a name is the name of.
func (l *linker) find(n name) (g *group, traced bool, level int) {
	for _, key := range []string{"digest " + n.digest, "digest " + n.symbol, "file " + n.file} {
		if g, ok := l.keys[key]; ok && !strings.HasSuffix(key, " ") {
			return g.root(), true, matchOutput
		}
	}
	if fixedDigest.MatchString(n.digest) {
		return nil, false, 0 // a digest that was known before the build
	}
	if g, ok := l.keys["symbol "+n.symbol]; ok && n.symbol != "" {
		return g.root(), n.digest != "", matchText
	}
	if g, ok := l.keys["text "+n.text]; ok && n.text != "" {
		return g.root(), false, matchText
	}
	if g := l.asked(n); g != nil {
		return g, false, matchText
	}
	g = l.onlyOf(n.repo)
	if g == nil || l.asksAnother(n) || n.digest == "" && !g.takes(n) {
		return nil, false, 0
	}
	return g, false, matchRepository
}

// takes says whether a name of the same repository may be one of an image,
// because not all of its tags are known.
func (g *group) takes(n name) bool {
	if n.repo == "" || unclear(n.repo) || n.tag == "" && n.symbol != "" {
		return false
	}
	for _, b := range slices.Concat(g.builds, g.pushes) {
		for i, have := range b.images {
			if have.repo != n.repo {
				continue
			}
			if open(have.tag) || open(n.tag) || have.tag == "" && b.Images[i].By == model.ByName && tagsItself(b.Tool) {
				return true
			}
		}
	}
	return false
}

// tagsItself says of a tool that it chooses the tags.
func tagsItself(tool string) bool {
	switch tool {
	case "docker", "podman", "buildah", "nerdctl":
		return false
	}
	return true
}

// asked looks into a command that asks for a digest: in
// ${(crane digest ghcr.io/shop/app:1)} the image is its argument.
func (l *linker) asked(n name) *group {
	for _, arg := range askedFor(n) {
		if g, ok := l.keys["text "+arg.text]; ok && arg.text != "" {
			return g.root()
		}
	}
	return nil
}

// asksAnother says whether a digest is asked for by a tag of the repository that
// the pipeline gives to none of its images.
func (l *linker) asksAnother(n name) bool {
	for _, arg := range askedFor(n) {
		if arg.repo != n.repo || arg.tag == "" || strings.Contains(arg.tag, "${") {
			continue
		}
		if g := l.onlyOf(arg.repo); g != nil && !g.takes(arg) {
			return true
		}
	}
	return false
}

// askedFor are the images that the command in a symbol is asked about.
func askedFor(n name) []name {
	var out []name
	for _, symbol := range []string{n.digest, n.symbol} {
		for _, of := range []string{"lookup:", "digest-of:"} { // as package tool writes it
			if image, ok := strings.CutPrefix(symbol, of); ok {
				out = append(out, parse(model.Ref{Text: image}))
			}
		}
		inner, ok := strings.CutPrefix(symbol, "(")
		if !ok || !strings.Contains(inner, "digest") && !strings.Contains(inner, "inspect") && !strings.Contains(inner, "Digest") {
			continue
		}
		for _, word := range strings.Fields(strings.TrimSuffix(inner, ")"))[1:] {
			word = strings.Trim(word, `"'`)
			if word != "" && word[0] != '-' {
				out = append(out, parse(model.Ref{Text: word}))
			}
		}
	}
	return out
}
