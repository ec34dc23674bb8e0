package scan

import (
	"slices"
	"strconv"
	"strings"
)

// Severity is the normalised weight of a finding.
type Severity string

// The severities, lightest last. UnknownSeverity is not light: nobody has
// weighed the finding, and policies say themselves what that means.
const (
	Critical        Severity = "critical"
	High            Severity = "high"
	Medium          Severity = "medium"
	Low             Severity = "low"
	Negligible      Severity = "negligible"
	UnknownSeverity Severity = "unknown"
)

// ParseSeverity normalises a scanner's word, in any case. A word that is not
// known is [UnknownSeverity].
func ParseSeverity(word string) Severity {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "critical":
		return Critical
	case "high", "important":
		return High
	case "medium", "moderate":
		return Medium
	case "low", "minor":
		return Low
	case "negligible", "none", "info", "information", "informational":
		return Negligible
	}
	return UnknownSeverity
}

// severityOfScore reads a score on the scale of CVSS 3. A score of 0 is no
// weight and a negative one is no score: both are unknown.
func severityOfScore(score float64) Severity {
	switch {
	case score >= 9:
		return Critical
	case score >= 7:
		return High
	case score >= 4:
		return Medium
	case score > 0:
		return Low
	}
	return UnknownSeverity
}

func severityOfText(text string) Severity {
	if score, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
		return severityOfScore(score)
	}
	return ParseSeverity(text)
}

func (s Severity) rank() int {
	return slices.Index([]Severity{UnknownSeverity, Negligible, Low, Medium, High, Critical}, s)
}

// rating is one opinion about a vulnerability. A report with several does not
// always say which one its scanner goes by.
type rating struct {
	word   string // as written; may be empty
	score  float64
	vector string
	cvss   int // major version of CVSS of the score; 0 when the score is of another scale
}

func (r rating) severity() Severity {
	if s := ParseSeverity(r.word); s != UnknownSeverity || r.cvss == 0 {
		return s
	}
	return severityOfScore(r.score)
}

// worst returns the gravest severity among ratings and the words or number it
// rests on: among opinions that disagree, the one that cannot hide a finding.
func worst(ratings []rating) (Severity, string) {
	severity, raw := UnknownSeverity, ""
	for _, r := range ratings {
		s := r.severity()
		if raw == "" || s.rank() > severity.rank() {
			severity, raw = s, r.raw()
		}
	}
	return severity, raw
}

func (r rating) raw() string {
	if r.word != "" || r.cvss == 0 {
		return r.word
	}
	return strconv.FormatFloat(r.score, 'f', -1, 64)
}

// highest returns the highest CVSS score among ratings.
func highest(ratings []rating) CVSS {
	var best rating
	for _, r := range ratings {
		if r.cvss != 0 && r.score > 0 && r.score <= 10 && r.before(best) {
			best = r
		}
	}
	return CVSS{Score: best.score, Vector: best.vector}
}

func (r rating) before(other rating) bool {
	if old, otherOld := r.cvss == 2, other.cvss == 2; old != otherOld && other.cvss != 0 {
		return otherOld
	}
	if r.score != other.score {
		return r.score > other.score
	}
	return r.cvss > other.cvss || r.cvss == other.cvss && r.vector > other.vector
}

// cvssVersion reads the major version out of what reports write: "3.1",
// "CVSSv31", "CVSSv2". Anything else is 0.
func cvssVersion(text string) int {
	text = strings.TrimPrefix(strings.ToLower(text), "cvss")
	text = strings.TrimLeft(text, "v:_ ")
	if text != "" && text[0] >= '2' && text[0] <= '4' {
		return int(text[0] - '0')
	}
	return 0
}
