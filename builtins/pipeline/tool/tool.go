// Package tool knows what programs do to images: docker, buildx, podman,
// buildah, kaniko, ko, cosign, notation, trivy, … It reads one command, with its
// arguments as far as they are known, and never runs anything.
package tool

import (
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
	Known      bool
	Actions    []model.Action // without ID, Through, When and Optional, which the caller knows
	References []model.Reference
	Secrets    []model.Secret
	Unseen     []model.Unseen
	// Prints is what it prints, such as the digest of an image; "" when it is not known.
	Prints string
	// Writes are files that it writes, such as that of --iidfile.
	Writes []Write
	// Runs are commands that it runs, each with its arguments: "docker run IMAGE sh -c …"
	// runs sh, "sudo docker build" runs docker. Place and variables are those of the command.
	Runs [][]string
}

// Write is what is written to a file.
type Write struct {
	model.Place
	File   string // symbolic: ${GITHUB_OUTPUT}, build.env
	Text   string // symbolic
	Append bool
}

// Read says what a command does. Files are those of the repository: some
// programs are told by a file what to do (goreleaser, docker buildx bake, ko).
func Read(c Command, files *source.Files) Effect {
	return Effect{}
}
