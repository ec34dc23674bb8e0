package doctor

import "fmt"

// Level says what a finding means for the exit code.
type Level string

// The levels.
const (
	Problem   Level = "problem"   // something is wrong: exit code 1
	Unknown   Level = "unknown"   // it could not be looked at: exit code 2, if nothing is wrong
	Exclusion Level = "exclusion" // is left out, as is expected or as a constraint was written
	Notice    Level = "notice"    // worth knowing
	Fine      Level = "fine"      // was looked at, and is as it should be
)

// Finding is one thing that the doctor has seen.
type Finding struct {
	Level    Level  `json:"level"`
	Object   string `json:"object"`   // as in "ConstraintTemplate waxsealimages"
	Found    string `json:"found"`    // what is wrong, or what there is
	Expected string `json:"expected"` // empty, if there is nothing to do
	Do       string `json:"do"`
}

// findings are collected while looking.
type findings []Finding

func (f *findings) problem(object, expected, do, found string, args ...any) {
	*f = append(*f, Finding{Problem, object, fmt.Sprintf(found, args...), expected, do})
}

func (f *findings) say(level Level, object, found string, args ...any) {
	*f = append(*f, Finding{Level: level, Object: object, Found: fmt.Sprintf(found, args...)})
}

// unread says that something could not be looked at.
func (f *findings) unread(object string, err error) {
	*f = append(*f, Finding{
		Unknown, object, err.Error(), "an answer of the API server",
		"Run the doctor as somebody who may read it; docs/cli.md lists what it reads.",
	})
}
