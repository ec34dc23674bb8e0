package statement

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/attest"
)

// Flags are those of `waxseal audit` that are about statements. Those of signing
// are the ones of `waxseal attest`.
type Flags struct {
	by       By
	write    bool
	sign     bool
	push     bool
	signer   attest.Signer
	registry attest.Registry
}

// Bind adds the flags to a command.
func (f *Flags) Bind(set *pflag.FlagSet) {
	set.BoolVar(&f.write, "statements", false, "write in-toto statements beside the report: one verification summary per image, and one for the audit")
	set.BoolVar(&f.sign, "sign", false, "sign them; so do --key and --push")
	set.BoolVar(&f.push, "push", false, "store the signed summary of each image beside it in its registry")
	set.StringVar(&f.by.Verifier, "verifier-id", "", "URI of who verifies, for statements: verifier_id of those who trust them")
	set.StringVar(&f.by.Policy, "policy-uri", "", "URI of the policy, for statements")
	f.signer.Bind(set)
	f.registry.Bind(set)
}

// Names are the names of the flags.
func (f *Flags) Names() (names []string) {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(Flags).Bind(set)
	set.VisitAll(func(flag *pflag.Flag) { names = append(names, flag.Name) })
	return names
}

// Wanted says whether statements are to be made.
func (f *Flags) Wanted() bool { return f.write || f.signs() }

func (f *Flags) signs() bool { return f.sign || f.push || f.signer.Named() }

// Check fails where statements are wanted and could not be made. It is asked before
// an audit that takes long.
func (f *Flags) Check(ctx context.Context) error {
	if !f.Wanted() {
		return nil
	}
	if err := f.by.check(); err != nil {
		return err
	}
	if f.signs() {
		return f.signer.Open(ctx)
	}
	return nil
}

// Options are those for the report that was written into a folder.
func (f *Flags) Options(dir string, report []byte, record string) Options {
	o := Options{By: f.by, Dir: dir, Report: report, Record: record}
	if f.signs() {
		o.Signer = &f.signer
	}
	if f.push {
		o.Registry = &f.registry
	}
	return o
}
