package notation

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/notaryproject/notation-core-go/revocation"
	"github.com/notaryproject/notation-core-go/revocation/crl"
	"github.com/notaryproject/notation-core-go/revocation/purpose"
	"github.com/notaryproject/notation-core-go/revocation/result"
)

// lists are the lists of revoked certificates that the operator gave, by URL. Nil
// is that nothing was said. It implements crl.Fetcher: nothing is fetched.
type lists struct {
	skip bool
	m    map[string]*x509.RevocationList
}

func parseLists(s Source) (*lists, error) {
	switch {
	case s.SkipRevocation && s.CRLs != nil:
		return nil, errors.New("revocation: there are lists, and it is skipped; keep one of them")
	case s.SkipRevocation:
		return &lists{skip: true}, nil
	case s.CRLs == nil:
		return nil, nil
	}
	out := &lists{m: map[string]*x509.RevocationList{}}
	for url, raw := range s.CRLs {
		list, err := ParseCRL(raw)
		if err != nil {
			return nil, fmt.Errorf("list of revoked certificates %s: %w", url, err)
		}
		out.m[url] = list
	}
	return out, nil
}

// freshestCRL marks a list that is complete only with another one (RFC 5280,
// section 5.2.6).
var freshestCRL = asn1.ObjectIdentifier{2, 5, 29, 46}

// ParseCRL reads a list of revoked certificates from DER or PEM. Whose it is and
// whether it still holds is found out when it is used.
func ParseCRL(raw []byte) (*x509.RevocationList, error) {
	if block, _ := pem.Decode(raw); block != nil {
		raw = block.Bytes
	}
	list, err := x509.ParseRevocationList(raw)
	if err != nil {
		return nil, err
	}
	for _, e := range list.Extensions {
		if e.Id.Equal(freshestCRL) {
			return nil, errors.New("it is complete only with a delta list, and those are not read")
		}
	}
	return list, nil
}

// Fetch implements crl.Fetcher.
func (l *lists) Fetch(_ context.Context, url string) (*crl.Bundle, error) {
	list := l.m[url]
	if list == nil {
		return nil, errors.New("no such list under revocation.crls")
	}
	return &crl.Bundle{BaseCRL: list}, nil
}

// validators are what notation asks about chains of signing certificates and of
// time stamps. Both are always given: what notation has by default uses the
// network.
func (l *lists) validators() (code, stamp revocation.Validator, err error) {
	if l == nil || l.skip {
		return watched{unasked{}, purpose.CodeSigning}, watched{unasked{}, purpose.Timestamping}, nil
	}
	code, err = l.validator(purpose.CodeSigning)
	if err != nil {
		return nil, nil, err
	}
	stamp, err = l.validator(purpose.Timestamping)
	return code, stamp, err
}

func (l *lists) validator(of purpose.Purpose) (revocation.Validator, error) {
	inner, err := revocation.NewWithOptions(revocation.Options{
		OCSPHTTPClient: &http.Client{Transport: offline{}}, CRLFetcher: l, CertChainPurpose: of,
	})
	return watched{inner, of}, err
}

// offline answers no request: nobody is called while a decision is made.
type offline struct{}

// RoundTrip implements http.RoundTripper.
func (offline) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no call is made for revocation")
}

// unasked says of every certificate that it cannot be revoked. It stands where the
// operator said so, and where the statement never asks.
type unasked struct{}

// ValidateContext implements revocation.Validator.
func (unasked) ValidateContext(_ context.Context, o revocation.ValidateContextOptions) ([]*result.CertRevocationResult, error) {
	out := make([]*result.CertRevocationResult, len(o.CertChain))
	for i := range out {
		out[i] = &result.CertRevocationResult{Result: result.ResultNonRevokable}
	}
	return out, nil
}

// finding is what was found out about a chain.
type finding int

const (
	unknown finding = iota
	notAsked
	notRevoked
	revoked
)

// findings are those of one verification: about the chain of the signature, and
// about that of its time stamp.
type findings struct{ code, stamp finding }

type findingsKey struct{}

// watched notes what a validator says in the [findings] of the context: notation
// says it in prose only.
type watched struct {
	inner revocation.Validator
	of    purpose.Purpose
}

// ValidateContext implements revocation.Validator.
func (w watched) ValidateContext(ctx context.Context, o revocation.ValidateContextOptions) ([]*result.CertRevocationResult, error) {
	results, err := w.inner.ValidateContext(ctx, o)
	if at, ok := ctx.Value(findingsKey{}).(*findings); ok {
		into := &at.code
		if w.of == purpose.Timestamping {
			into = &at.stamp
		}
		*into = worst(results, err)
	}
	return results, err
}

func worst(results []*result.CertRevocationResult, err error) finding {
	if err != nil {
		return unknown
	}
	out := notRevoked
	for _, r := range results {
		switch r.Result {
		case result.ResultRevoked:
			return revoked
		case result.ResultUnknown:
			out = unknown
		}
	}
	return out
}

// until is when the first of the lists ends to hold, of those that hold at now.
func (l *lists) until(now time.Time) time.Time {
	var out time.Time
	if l == nil {
		return out
	}
	for _, list := range l.m {
		out = sooner(out, list.NextUpdate, now)
	}
	return out
}
