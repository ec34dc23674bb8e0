package artifact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/cosign"
	"github.com/waxseal/waxseal/builtins/evidence"
	"github.com/waxseal/waxseal/bundles/parameters"
)

const maxKey = 1 << 20 // bytes of a key, and of a trusted root

// options are whom to trust. A waxseal.yaml is read where it is named, or there,
// and something is to be found in it: then it has to be right.
func (f *Flags) options(ctx context.Context, config string, named bool) (*cosign.Options, error) {
	names := evidence.Names{}
	if _, err := os.Stat(config); named || err == nil && !f.complete() {
		cfg, err := parameters.Load(config)
		if err != nil {
			return nil, err
		}
		set, err := builtins.New(cfg)
		if err != nil {
			return nil, err
		}
		names = set.Collector().Names()
	}
	o := &cosign.Options{
		Threshold: 1, Timestamps: f.timestamps, IgnoreTlog: f.ignoreTlog, IgnoreSCT: f.ignoreSCT, PredicateTypes: f.predicateTypes,
	}
	if err := f.signers(o, names); err != nil {
		return nil, err
	}
	var err error
	if o.Root, err = f.root(ctx, names); err != nil {
		return nil, err
	}
	if o.Root == nil && (!o.IgnoreTlog || len(o.Identities) > 0) {
		return nil, errors.New("no trust root: name a trusted_root.json with --trusted-root, or a waxseal.yaml that has one with -c; for a signature by a key that is in no transparency log, say --insecure-ignore-tlog")
	}
	return o, o.Validate()
}

// complete says whether the flags name all that there is to know, so that a
// waxseal.yaml which happens to be there is not read.
func (f *Flags) complete() bool {
	for _, key := range f.keys {
		if _, err := os.Stat(key); err != nil {
			return false
		}
	}
	return f.trustedRoot != ""
}

func (f *Flags) signers(o *cosign.Options, names evidence.Names) error {
	for _, given := range f.keys {
		key, err := keyOf(given, names)
		if err != nil {
			return fmt.Errorf("--key: %w", err)
		}
		o.Keys = append(o.Keys, key)
	}
	if f.identity+f.identityPattern+f.issuer+f.issuerPattern != "" {
		subject, err := matcher(f.identity, f.identityPattern, "--certificate-identity")
		if err != nil {
			return err
		}
		issuer, err := matcher(f.issuer, f.issuerPattern, "--certificate-oidc-issuer")
		if err != nil {
			return err
		}
		o.Identities = []cosign.Identity{{Subject: subject, Issuer: issuer}}
	}
	if o.Entries() == 0 {
		return errors.New("nobody is trusted: name --key, or --certificate-identity and --certificate-oidc-issuer")
	}
	return nil
}

// keyOf reads the file, or takes the key of that name.
func keyOf(given string, names evidence.Names) (*cosign.Key, error) {
	raw, err := readAll(given, maxKey)
	if err == nil {
		return cosign.ParseKey(given, raw)
	}
	if key := names.Keys[given]; key != nil && errors.Is(err, fs.ErrNotExist) {
		return key, nil
	}
	return nil, fmt.Errorf("%w, and no key in the configuration has this name", err)
}

func matcher(exact, pattern, flag string) (*cosign.Matcher, error) {
	switch {
	case exact != "" && pattern != "":
		return nil, fmt.Errorf("%s and %s-regexp: give one of them", flag, flag)
	case exact != "":
		return cosign.Exactly(exact), nil
	case pattern != "":
		m, err := cosign.CompilePattern(pattern)
		if err != nil {
			return nil, fmt.Errorf("%s-regexp: %w", flag, err)
		}
		return m, nil
	}
	return nil, fmt.Errorf("%s is missing: an identity is a subject and its issuer", flag)
}

func (f *Flags) root(ctx context.Context, names evidence.Names) (*cosign.TrustRoot, error) {
	switch {
	case f.trustedRoot != "":
		raw, err := readAll(f.trustedRoot, maxKey)
		if err != nil {
			return nil, fmt.Errorf("--trusted-root: %w", err)
		}
		return cosign.ParseTrustRoot(f.trustedRoot, raw)
	case names.Roots != nil:
		return names.Roots(ctx, "")
	}
	return nil, nil
}
