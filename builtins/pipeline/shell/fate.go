package shell

// fate is what becomes of the failure of a command. Each text says why it does
// not fail the pipeline; "" is that it does.
type fate struct {
	status string // the command fails
	soft   string // it fails where -e does not apply: its status goes to what holds it
	quiet  string // not a fate: why -e does not apply here; "" when it does
	exit   string // the shell exits with a failure
	back   string // the function returns a failure
}

// The reasons.
const (
	goesOn      = "the script goes on after a failure (no set -e)"
	leftOfAnd   = "a failure on the left of && does not end the script"
	inverted    = "its status is inverted by !"
	inPipe      = "in a pipeline without pipefail"
	inIf        = "a failure only decides an if"
	inLoop      = "a failure only ends or repeats a loop"
	inBackgr    = "&"
	inWord      = "its status is lost in a word of another command"
	inDeclare   = "its status is lost in a declaration"
	trapExits   = "a trap exits with 0"
	dashRecipe  = "- in the recipe"
	ignores     = ".IGNORE"
	keepsGoing  = "make goes on after a failure (-i or -k)"
	substitutes = "its status is lost in <()"
)

// fails is the fate where every failure has the same reason.
func fails(reason string) fate { return fate{reason, reason, reason, reason, reason} }

// ignored is the fate of commands whose status something looks at.
func (f fate) ignored(status string) fate {
	f.status, f.soft, f.quiet = status, status, status
	if f.quiet == "" {
		f.quiet = leftOfAnd
	}
	return f
}

// in is the fate of a statement of a list. Checked says what a following statement
// makes of its status; only where no -e has ended the script before.
func (f fate) in(errexit, last bool, checked func() (string, bool)) fate {
	g := f
	switch reason, ok := checked(); {
	case last:
		g.soft = f.soft
	case ok:
		g.soft = reason
	case f.quiet != "":
		g.soft = f.quiet
	case errexit:
		g.soft = leftOfAnd
	default:
		g.soft = goesOn
	}
	g.status = g.soft
	if errexit && f.quiet == "" {
		g.status = f.exit
	}
	return g
}

// or is the first reason.
func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
