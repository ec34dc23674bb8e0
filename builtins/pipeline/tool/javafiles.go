package tool

import (
	"path"
	"regexp"
	"strings"
)

// A pom is what a pom.xml says of jib: the name of the image, and the phase in
// which it is built without being asked for.
type pom struct{ image, phase, goal string }

var (
	jibSection  = regexp.MustCompile(`(?s)<artifactId>\s*jib-maven-plugin\s*</artifactId>(.*?)</plugin>`)
	jibTo       = regexp.MustCompile(`(?s)<to>(.*?)</to>`)
	pomImage    = regexp.MustCompile(`<image>\s*([^<\s]+)\s*</image>`)
	pomPhase    = regexp.MustCompile(`<phase>\s*([a-z-]+)\s*</phase>`)
	pomGoal     = regexp.MustCompile(`<goal>\s*(build|dockerBuild|buildTar)\s*</goal>`)
	pomProperty = regexp.MustCompile(`\$\{([A-Za-z0-9_.-]+)\}`)
	gradleJib   = regexp.MustCompile(`(?s)\bjib\s*\{.*?\bto\s*\{.*?\bimage\s*(?:=|\(|\.set\()?\s*["']([^"']+)["']`)
)

// pom reads what a pom.xml says of jib.
func (r reader) pom(name string, props map[string]string) pom {
	if name == "" {
		name = "pom.xml"
	}
	text, _, ok := r.file(name)
	if !ok {
		return pom{}
	}
	section := submatch(jibSection, string(text))
	out := pom{phase: submatch(pomPhase, section), goal: submatch(pomGoal, section)}
	if image := submatch(pomImage, submatch(jibTo, section)); image != "" {
		out.image = pomProperty.ReplaceAllStringFunc(image, func(found string) string {
			property := found[2 : len(found)-1]
			if v, ok := props[property]; ok {
				return v
			}
			element := regexp.MustCompile(`<` + regexp.QuoteMeta(property) + `>\s*([^<$\s]+)\s*</`)
			if v := submatch(element, string(text)); v != "" && !strings.HasPrefix(property, "project.") {
				return v
			}
			return "${maven." + property + "}"
		})
	}
	return out
}

func submatch(pattern *regexp.Regexp, text string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// phases of Maven's life cycle from the one on that makes a package.
const phases = " compile test package verify install deploy "

// bound says whether a phase builds the image of jib with it.
func (p pom) bound(goal string) bool {
	if p.phase == "" || p.goal == "" || strings.Contains(goal, " ") {
		return false
	}
	asked, built := strings.Index(phases, " "+goal+" "), strings.Index(phases, " "+p.phase+" ")
	return built >= 0 && asked >= built
}

// gradleImage is the name that a build script gives the image of jib.
func (r reader) gradleImage(p parsed) string {
	for _, name := range []string{"build.gradle", "build.gradle.kts"} {
		if text, _, ok := r.file(path.Join(p.last("project-dir"), name)); ok {
			if image := submatch(gradleJib, string(text)); image != "" {
				return gradleSymbols(image)
			}
		}
	}
	return ""
}

var gradleVariable = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_.]*)\}?`)

func gradleSymbols(text string) string {
	return gradleVariable.ReplaceAllString(text, "$${gradle.$1}")
}
