package sbom

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	npm "github.com/aquasecurity/go-npm-version/pkg"
	pep440 "github.com/aquasecurity/go-pep440-version"
	apk "github.com/knqyf263/go-apk-version"
	deb "github.com/knqyf263/go-deb-version"
	rpm "github.com/knqyf263/go-rpm-version"
	maven "github.com/masahiro331/go-mvn-version"
	"golang.org/x/mod/semver"
)

// comparator compares two versions as their ecosystem does. An error says that
// one of them is no version there.
type comparator func(a, b string) (int, error)

// comparatorOf returns nil for a scheme that is not known.
func comparatorOf(scheme string) comparator {
	return comparators()[scheme]
}

// comparators are by the type of the purl, which is the scheme of VERS too.
func comparators() map[string]comparator {
	return map[string]comparator{
		"npm":    by(npm.NewVersion, npm.Version.Compare),
		"pypi":   by(pep440.Parse, pep440.Version.Compare),
		"maven":  by(shaped(mavenShape, maven.NewVersion), maven.Version.Compare),
		"deb":    by(deb.NewVersion, func(a, b deb.Version) int { return a.Compare(b) }),
		"apk":    by(shaped(apkShape, apk.NewVersion), apk.Version.Compare),
		"rpm":    by(shaped(rpmShape, rpmVersion), rpm.Version.Compare),
		"golang": by(goVersion, semver.Compare),
		"cargo":  by(semverVersion, semver.Compare),
		"semver": by(semverVersion, semver.Compare),
	}
}

func schemes() []string { return slices.Sorted(maps.Keys(comparators())) }

// maxVersion bounds a version: the comparators are made for short ones.
const maxVersion = 200

func by[T any](parse func(string) (T, error), compare func(a, b T) int) comparator {
	return func(a, b string) (int, error) {
		var parsed [2]T
		for i, text := range []string{a, b} {
			if text == "" || len(text) > maxVersion {
				return 0, fmt.Errorf("%d characters; 1 to %d were expected", len(text), maxVersion)
			}
			var err error
			if parsed[i], err = parse(text); err != nil {
				return 0, fmt.Errorf("%q: %w", text, err)
			}
		}
		return compare(parsed[0], parsed[1]), nil
	}
}

// The comparators of these three take any text, and would rank what is no
// version somewhere: "latest", "${project.version}".
var (
	rpmShape   = regexp.MustCompile(`\A(?:[0-9]{1,9}:)?[A-Za-z0-9._+~^]+(?:-[A-Za-z0-9._+~^]+)?\z`) // [epoch:]version[-release]
	apkShape   = regexp.MustCompile(`\A[0-9]+(?:\.[0-9]+)*[a-z]?(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*(?:~[0-9a-f]+)?(?:-r[0-9]+)?\z`)
	mavenShape = regexp.MustCompile(`\A[A-Za-z0-9._+-]*[0-9][A-Za-z0-9._+-]*\z`)
)

func shaped[T any](shape *regexp.Regexp, parse func(string) (T, error)) func(string) (T, error) {
	return func(text string) (T, error) {
		if !shape.MatchString(text) {
			var none T
			return none, errors.New("not of the form of a version")
		}
		return parse(text)
	}
}

func rpmVersion(text string) (rpm.Version, error) { return rpm.NewVersion(text), nil }

// goVersion takes versions with and without v, and those of the toolchain
// (go1.22.1), as the purl of the standard library has them.
func goVersion(text string) (string, error) {
	return semverVersion(strings.TrimPrefix(text, "go"))
}

// semverVersion takes versions of one and two numbers too, as x/mod does.
func semverVersion(text string) (string, error) {
	version := "v" + strings.TrimPrefix(text, "v")
	if !semver.IsValid(version) {
		return "", errors.New("not a semantic version")
	}
	return version, nil
}
