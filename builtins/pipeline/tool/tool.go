// Package tool knows what programs do to images: docker, buildx, podman,
// buildah, kaniko, ko, cosign, notation, trivy, … It reads one command, with its
// arguments as far as they are known, and never runs anything.
package tool

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

// Command is one command of a script. All texts are symbolic (package model).
type Command struct {
	Args  []string          // Args[0] is the program, as it is written
	Env   map[string]string // the variables that it sees
	Stdin string            // what it reads, where that is known
	Dir   string            // where it runs, relative to the root of the repository
	At    model.Place
}

// Effect is what a command does.
type Effect struct {
	// Known says whether the program, and what it is asked to do, is known to this package.
	Known bool
	// Actions are without ID, When and Optional, which the caller knows. Through holds
	// the command where the action stands in a file that the command reads; the caller
	// puts the way to the command before it.
	Actions    []model.Action
	References []model.Reference
	Secrets    []model.Secret
	Unseen     []model.Unseen
	// Prints is what it prints, such as the digest of an image; "" when it is not known.
	Prints string
	// Writes are files that it writes, such as that of --iidfile.
	Writes []Write
	// Runs are commands that it runs, each with its arguments: "docker run IMAGE sh -c …"
	// runs sh, "sudo ./build.sh" runs ./build.sh. Place and variables are those of the command.
	Runs [][]string
	// Env are variables that the commands of Runs see besides those of the command:
	// "env A=1 ./build.sh".
	Env map[string]string
}

// Write is what is written to a file.
type Write struct {
	model.Place
	File   string // symbolic: ${GITHUB_OUTPUT}, build.env
	Text   string // symbolic
	Append bool
}

// maxNesting bounds programs that run programs: sudo env timeout docker …
const maxNesting = 16

// maxArgs bounds the arguments of one command that are looked at.
const maxArgs = 4096

// Read says what a command does. Files are those of the repository: some
// programs are told by a file what to do (goreleaser, docker buildx bake, ko).
func Read(c Command, files *source.Files) Effect {
	return reader{Command: c, files: files}.read()
}

// reader is a command with what is at hand to understand it.
type reader struct {
	Command
	files *source.Files
	depth int
	name  string // of the program, without its folder
}

func (r reader) read() Effect {
	if len(r.Args) == 0 || len(r.Args) > maxArgs || r.depth > maxNesting || r.isLocal(r.Args[0]) {
		return Effect{}
	}
	name, guessed := programName(r.Args[0])
	r.name = name
	handle := family(name)
	if handle == nil {
		return Effect{Known: isQuiet(name)}
	}
	if r.asksForHelp() {
		return Effect{Known: true}
	}
	e := handle(r)
	if guessed {
		for i := range e.Actions {
			guess(&e.Actions[i])
		}
	}
	return r.hiddenCommand(e)
}

// asksForHelp says whether a command only prints how it is called. What follows
// "docker run" may be the argument of another program.
func (r reader) asksForHelp() bool {
	flags := []string{"--help"}
	switch {
	case r.name == "cosign" || r.name == "notation" || scanner(r.name) != nil:
		flags = append(flags, "-h")
	case signer(r.name) != nil:
	case builder(r.name) != nil && !slices.Contains(r.Args, "run") && !slices.Contains(r.Args, "exec"):
	default:
		return false
	}
	for _, arg := range r.Args[1:] {
		if arg == "--" {
			return false
		}
		if slices.Contains(flags, arg) {
			return true
		}
	}
	return false
}

// guess says of an action that it is not known to happen.
func guess(a *model.Action) {
	a.Known = false
	if a.Gates == model.GatesYes {
		a.Gates = model.GatesUnknown
	}
}

// hiddenCommand adds that it cannot be told what a program does whose command is
// in a variable: "docker ${COMMAND}".
func (r reader) hiddenCommand(e Effect) Effect {
	if len(r.Args) < 2 || len(e.Actions)+len(e.Unseen) > 0 {
		return e
	}
	if _, ok := soleSymbol(r.Args[1]); !ok {
		return e
	}
	var may []model.Kind
	switch r.name {
	case "cosign", "notation":
		may = []model.Kind{model.Sign, model.Attest, model.Verify}
	case "docker", "podman", "buildah", "nerdctl", "crane", "skopeo", "ko", "goreleaser":
		may = []model.Kind{model.Build, model.Push}
	default:
		return e
	}
	e.Unseen = append(e.Unseen, r.unseen("dynamic", r.name+" "+r.Args[1], "the value of "+r.Args[1], may...))
	return e
}

// isLocal says whether the program is a file of the repository: what that does
// is not told by its name. Wrappers of build tools are what they are called.
func (r reader) isLocal(program string) bool {
	if !strings.Contains(program, "/") || r.files == nil {
		return false
	}
	switch path.Base(program) {
	case "mvnw", "gradlew":
		return false
	}
	return r.files.Exists(path.Join(r.Dir, program))
}

// with is the reader of a command that this one runs.
func (r reader) with(args ...string) reader {
	r.Args, r.depth = args, r.depth+1
	return r
}

var (
	platformSuffix = regexp.MustCompile(`[-_](linux|darwin|windows)([-_].*)?$`)
	toolVariable   = regexp.MustCompile(`^\$\{(?:[A-Za-z0-9]+\.)*([A-Za-z0-9_]+?)(?:_(?:BIN|CMD|CLI|PATH|EXE|COMMAND|BINARY|bin|cmd))?\}$`)
)

// programName is the program's name, and whether it is only guessed from that of
// a variable: ${COSIGN} is most likely cosign.
func programName(arg string) (name string, guessed bool) {
	if m := toolVariable.FindStringSubmatch(arg); m != nil {
		name = strings.ToLower(m[1])
		switch name {
		case "container_tool", "container_runtime", "container_engine", "container", "oci_runtime", "builder":
			name = "docker"
		}
		return strings.ReplaceAll(name, "_", "-"), true
	}
	name = arg
	if i := lastOutside(arg, '/'); i >= 0 {
		name = arg[i+1:]
	}
	name = strings.TrimSuffix(name, ".exe")
	return platformSuffix.ReplaceAllString(name, ""), false
}
