// Package exit holds the exit codes of the commands.
package exit

import "fmt"

// The exit codes (documented in docs/cli.md).
const (
	Admitted   = 0 // everything is admitted
	Denied     = 1 // at least one violation rests on an answer
	CannotTell = 2 // nobody can tell now, something was not judged, or misuse
)

// Code is an exit code that a command ends with, after it has printed all that
// there is to say.
type Code int

// Error returns the code as text.
func (c Code) Error() string { return fmt.Sprintf("exit code %d", int(c)) }
