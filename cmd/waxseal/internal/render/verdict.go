package render

import (
	"fmt"
	"strings"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Verdict is the outcome for one object or image.
type Verdict string

// The verdicts.
const (
	Admitted   Verdict = "admitted"
	Denied     Verdict = "denied"
	CannotTell Verdict = "cannot_tell" // nobody can know now, or nobody knows how
)

// The exit codes.
const (
	ExitAdmitted   = 0
	ExitDenied     = 1
	ExitCannotTell = 2
)

// Exit returns the exit code of a run: 1 when at least one violation rests on
// an answer; else 2 when there is a violation at all, or something could not be
// judged; else 0.
func Exit(decisions []Decision) int {
	exit := ExitAdmitted
	for _, d := range decisions {
		switch d.verdict() {
		case Denied:
			return ExitDenied
		case CannotTell:
			exit = ExitCannotTell
		}
	}
	return exit
}

// Answered says whether a violation rests on an answer. One without errors
// does: nothing had to be asked. One with errors does unless every one of them
// may be gone on the next try, or is the fault of whoever asked.
func (v Violation) Answered() bool {
	for _, e := range v.Errors {
		if !e.Retryable && e.Code != string(fault.InvalidRequest) {
			return true
		}
	}
	return len(v.Errors) == 0
}

func (d *Decision) verdict() Verdict {
	for _, v := range d.Violations {
		if v.Answered() {
			return Denied
		}
	}
	if len(d.Violations) > 0 || len(d.NotJudged) > 0 || d.Err != "" || d.unexplained() {
		return CannotTell
	}
	return Admitted
}

// unexplained says whether an image is not admitted and nobody says why. That
// is a bug somewhere, and must not end as a zero.
func (d *Decision) unexplained() bool {
	for _, image := range d.Images {
		if !image.Admitted {
			return true
		}
	}
	return false
}

// of returns the verdict for the image at an index. A violation outweighs what
// the image itself says.
func (d *Decision) of(index int) Verdict {
	verdict := CannotTell
	if d.Images[index].Admitted {
		verdict = Admitted
	}
	for _, v := range d.Violations {
		at := d.imageOf(v)
		switch {
		case at != index && (at >= 0 || verdict == Admitted):
		case v.Answered():
			return Denied
		default:
			verdict = CannotTell
		}
	}
	return verdict
}

// Summary counts.
type Summary struct {
	Objects    int `json:"objects"`
	Images     int `json:"images"`
	Admitted   int `json:"admitted"`    // images
	Denied     int `json:"denied"`      // images
	CannotTell int `json:"cannot_tell"` // images
	NotJudged  int `json:"not_judged"`  // places that no policy understands
	Unreadable int `json:"unreadable"`  // documents and files
}

func summarise(decisions []Decision) Summary {
	var s Summary
	for i := range decisions {
		d := &decisions[i]
		s.NotJudged += len(d.NotJudged)
		if d.Err != "" {
			s.Unreadable++
			continue
		}
		s.Objects++
		for j := range d.Images {
			s.Images++
			switch d.of(j) {
			case Admitted:
				s.Admitted++
			case Denied:
				s.Denied++
			case CannotTell:
				s.CannotTell++
			}
		}
	}
	return s
}

// String returns the summary in one line.
func (s Summary) String() string {
	text := fmt.Sprintf("%d of %s admitted, %d denied, %d could not be judged", s.Admitted, plural(s.Images, "image"), s.Denied, s.CannotTell)
	var more []string
	if s.NotJudged > 0 {
		more = append(more, plural(s.NotJudged, "place")+" not understood")
	}
	if s.Unreadable > 0 {
		more = append(more, plural(s.Unreadable, "document")+" not read")
	}
	if len(more) > 0 {
		text += "; " + strings.Join(more, ", ")
	}
	return text
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
