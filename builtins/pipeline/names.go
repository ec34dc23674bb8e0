package pipeline

import (
	"path"
	"regexp"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// name is an image as an action names it, taken apart.
type name struct {
	text   string // name and tag, normalised; "" for a file
	repo   string // registry and repository, normalised
	tag    string
	digest string // sha256:… or a symbol without ${}
	symbol string // the symbol that the text is as a whole, without ${}
	file   string
}

// parse takes a reference apart.
func parse(r model.Ref) name {
	if r.By == model.ByFile {
		return name{file: cleanFile(r.Text)}
	}
	text := strings.TrimSpace(r.Text)
	if strings.ContainsAny(maskSymbols(text), " \t\n,") {
		return name{} // a list of names: nobody knows which
	}
	var n name
	rest, digest := cutOutside(text, '@')
	n.digest = symbolOf(strings.TrimPrefix(digest, "sha256:"))
	if n.digest == "" {
		n.digest = digest
	}
	n.symbol = symbolOf(rest)
	n.repo, n.tag = cutTag(rest)
	n.repo = normalise(n.repo)
	n.text = n.repo
	if n.tag != "" {
		n.text += ":" + n.tag
	} else if n.symbol == "" && n.repo != "" {
		n.text += ":latest"
	}
	return n
}

// cleanFile returns the name of a file as all commands write it.
func cleanFile(text string) string {
	if text == "" || unclear(text) {
		return ""
	}
	return path.Clean(text)
}

// hubs are the ways to write that an image is in the registry that has no name.
var hubs = []string{"docker.io/library/", "index.docker.io/library/", "registry-1.docker.io/library/", "library/", "docker.io/", "index.docker.io/", "registry-1.docker.io/", "localhost/"}

func normalise(repo string) string {
	for _, hub := range hubs {
		if rest, ok := strings.CutPrefix(repo, hub); ok && rest != "" {
			return rest
		}
	}
	return repo
}

// symbolOf returns the symbol that a text is as a whole, without ${}, or "".
func symbolOf(text string) string {
	if !strings.HasPrefix(text, "${") || endOfSymbol(text, 0) != len(text) {
		return ""
	}
	return text[2 : len(text)-1]
}

// endOfSymbol returns the offset behind the symbol that begins at i.
func endOfSymbol(text string, i int) int {
	depth := 0
	for ; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// maskSymbols returns the text with all symbols written as x, at the same offsets.
func maskSymbols(text string) string {
	if !strings.Contains(text, "${") {
		return text
	}
	out := []byte(text)
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], "${") {
			end := endOfSymbol(text, i)
			for ; i < end; i++ {
				out[i] = 'x'
			}
			i--
		}
	}
	return string(out)
}

func cutOutside(text string, at byte) (before, after string) {
	if i := strings.IndexByte(maskSymbols(text), at); i >= 0 {
		return text[:i], text[i+1:]
	}
	return text, ""
}

// cutTag cuts the tag off: what follows the last colon, unless that is a port.
func cutTag(text string) (repo, tag string) {
	masked := maskSymbols(text)
	i := strings.LastIndexByte(masked, ':')
	if i < 0 || strings.IndexByte(masked[i:], '/') >= 0 {
		return text, ""
	}
	return text[:i], text[i+1:]
}

// unclear says whether a part of a name may be anything, so that it equals
// nothing: also where a pattern of files became a part of it.
func unclear(text string) bool {
	return strings.Contains(text, "*") && strings.Contains(outsideSymbols(text), "*")
}

// outsideSymbols is the text with its symbols left out, but for the one that may be anything.
func outsideSymbols(text string) string {
	if !strings.Contains(text, "${") {
		return text
	}
	return maskSymbols(strings.ReplaceAll(text, "${*}", "*"))
}

// fixedDigest is a digest that is written out.
var fixedDigest = regexp.MustCompile(`^[a-z0-9]+:[0-9a-f]{32,}$`)

// given is a symbol whose value is set before the pipeline runs.
var given = regexp.MustCompile(`^(vars|inputs|secrets|params|parameters|pipeline\.parameters|github\.event)\.`)

// open says whether a tag stands for tags that are not known.
func open(tag string) bool {
	return unclear(tag) || strings.HasSuffix(tag, ".outputs.tags}") || strings.HasSuffix(tag, ".outputs.json}")
}

// fixed says whether a name is known without running anything, or is the same
// wherever in the repository it stands.
func fixed(repo string) bool {
	for {
		i := strings.Index(repo, "${")
		if i < 0 {
			return true
		}
		end := endOfSymbol(repo, i)
		symbol := repo[i+2 : max(i+2, end-1)]
		if !strings.HasPrefix(symbol, "github.repository") && !strings.HasPrefix(symbol, "CI_REGISTRY") && !strings.HasPrefix(symbol, "CI_PROJECT") {
			return false
		}
		repo = repo[end:]
	}
}
