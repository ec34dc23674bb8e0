package notation

import (
	"errors"
	"time"

	"github.com/notaryproject/notation-core-go/signature"
	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"

	"github.com/waxseal/waxseal/builtins/fault"
)

// refusal gives notation's answer a code. Notation says which check failed; what
// else it says is prose.
func (s *Statement) refusal(out *notation.VerificationOutcome, err error, found findings, stamp *stamp) error {
	code, text := fault.Malformed, err.Error()
	if _, inconclusive := errors.AsType[notation.VerificationInconclusiveError](err); inconclusive {
		code = fault.Unsupported
	}
	if out == nil {
		return fault.New(code, op, "", errors.New(clip(text)))
	}
	for _, r := range out.VerificationResults {
		if r.Error == nil || r.Action != trustpolicy.ActionEnforce {
			continue
		}
		switch r.Type {
		case trustpolicy.TypeIntegrity:
			code = fault.SignatureInvalid
		case trustpolicy.TypeAuthenticity:
			code = fault.UntrustedIdentity
		case trustpolicy.TypeExpiry:
			code, text = fault.Expired, said(r, out)
		case trustpolicy.TypeAuthenticTimestamp:
			code = stamp.refused(out.EnvelopeContent.SignerInfo, found.stamp)
		case trustpolicy.TypeRevocation:
			code = revocationCode(found.code)
		}
	}
	if code == fault.Unavailable {
		text += ", and what revocation.crls of the configuration holds does not say"
	}
	return fault.New(code, op, "", errors.New(clip(text)))
}

// said is what notation says about a check that failed, with times as they are
// written everywhere else.
func said(r *notation.ValidationResult, out *notation.VerificationOutcome) string {
	if r.Type == trustpolicy.TypeExpiry {
		return "the signature expired at " + out.EnvelopeContent.SignerInfo.SignedAttributes.Expiry.UTC().Format(time.RFC3339)
	}
	return clip(r.Error.Error())
}

func revocationCode(f finding) fault.Code {
	if f == revoked {
		return fault.Revoked
	}
	return fault.Unavailable
}

// refused is why the time of signing is not accepted.
func (t *stamp) refused(info signature.SignerInfo, found finding) fault.Code {
	switch {
	case !t.verified: // then the certificates have to be valid now
		return fault.Expired
	case found == revoked || found == unknown:
		return revocationCode(found)
	case t.there && !t.within(info):
		return fault.Expired
	}
	return fault.TimestampMissing
}
