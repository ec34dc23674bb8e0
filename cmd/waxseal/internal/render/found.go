package render

import "io"

// Found is a result for SARIF about something that is no object in a file: an image
// that runs, a key, a log.
type Found struct {
	Violation
	Kind  string // fail, or informational
	Level string // error, warning, note or none
	Text  string // clean
	// URI is the artifact, "" for none; a line is one of it, 0 for the whole.
	URI  string
	Line int
	// Logical is the name of what it is about, clean, and LogicalKind what that is.
	Logical     string
	LogicalKind string
	ID          string // stays the same as long as it is about the same
	Help        string // URL that explains the rule
	Properties  map[string]any
}

// WriteSARIF writes results as SARIF 2.1.0: one rule per code. Unknown is what could not
// be reached, clean; it makes the run unsuccessful, so that the run never reads as
// "nothing else was found".
func WriteSARIF(w io.Writer, version string, exit int, found []Found, unknown []string) error {
	run := newRun(version)
	for _, f := range found {
		at := run.rule(f.Violation)
		run.Tool.Driver.Rules[at].HelpURI = f.Help
		run.Results = append(run.Results, sarifResult{
			RuleID: f.Code, RuleIndex: at, Kind: f.Kind, Level: f.Level, Message: sarifText{f.Text},
			Locations: []sarifLocation{f.location()}, Fingerprints: map[string]string{"waxseal/v1": f.ID}, Properties: f.Properties,
		})
	}
	invocation := sarifInvocation{Successful: len(unknown) == 0, ExitCode: exit, Notifications: []sarifNotification{}}
	for _, text := range unknown {
		invocation.Notifications = append(invocation.Notifications, sarifNotification{Level: "error", Message: sarifText{text}})
	}
	return run.write(w, invocation)
}

func (f Found) location() sarifLocation {
	l := sarifLocation{Logical: []sarifLogical{{Name: f.Logical, Kind: f.LogicalKind}}}
	if f.URI == "" {
		return l
	}
	l.Physical = &sarifPhysical{Artifact: sarifArtifact{uri(f.URI)}}
	if f.Line > 0 {
		l.Physical.Region = &sarifRegion{f.Line}
	}
	return l
}
