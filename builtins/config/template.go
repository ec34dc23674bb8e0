package config

import (
	_ "embed"
	"slices"
)

//go:embed starter.yaml
var starter []byte

// Template returns the commented starter that `waxseal init` writes. It loads as
// it is, once the files that it names are there: cosign.pub.
func Template() []byte { return slices.Clone(starter) }
