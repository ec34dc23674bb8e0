package doctor

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

type provider struct {
	Metadata metadata
	Spec     struct {
		URL      string
		Timeout  int
		CABundle string
	}
	Status struct{ ByPod []reported }
}

// askedProviders looks at the providers that constraints name.
func (e *examination) askedProviders(ctx context.Context, webhookTimeout int) {
	for _, name := range slices.Sorted(maps.Keys(e.providers)) {
		object := "Provider " + name
		var p provider
		err := e.api.Get(ctx, "/apis/externaldata.gatekeeper.sh/v1beta1/providers/"+url.PathEscape(name), &p)
		switch {
		case cluster.Absent(err):
			e.problem(object, "a Provider of the name that parameters.provider has (default waxseal)", "Install waxseal provider and its Provider object.",
				"it does not exist, and is asked by %s: whatever needs evidence is denied", strings.Join(e.providers[name], ", "))
		case err != nil:
			e.unread(object, err)
		default:
			e.provider(object, &p, webhookTimeout)
		}
	}
}

func (e *examination) provider(object string, p *provider, webhookTimeout int) {
	before := len(e.findings)
	if !strings.HasPrefix(p.Spec.URL, "https://") {
		e.problem(object, "an https URL", "Correct spec.url.", "spec.url is %q", p.Spec.URL)
	}
	if p.Spec.Timeout < 1 || webhookTimeout > 0 && p.Spec.Timeout >= webhookTimeout {
		e.problem(object, "a timeout between the provider's own (4 s) and that of the webhook", "Set spec.timeout to 5, and the webhook's timeoutSeconds to 10.",
			"spec.timeout is %d s, the webhook's is %d s", p.Spec.Timeout, webhookTimeout)
	}
	if until, err := bundleEnd(p.Spec.CABundle); err != nil {
		e.problem(object, "base64 of the PEM certificates that sign the provider's", "Write spec.caBundle anew.", "spec.caBundle: %v", err)
	} else if now := e.now(); now.After(until) {
		e.problem(object, "certificates that are valid", "Write spec.caBundle anew.", "spec.caBundle ended %s", until.UTC().Format(time.RFC3339))
	} else if until.Sub(now) < 14*24*time.Hour {
		e.say(Notice, object, "spec.caBundle ends %s", until.UTC().Format(time.RFC3339))
	}
	for _, pod := range p.Status.ByPod {
		for _, wrong := range pod.Errors {
			e.problem(object, "no errors in status.byPod", "See that the provider runs and that its certificate chains to spec.caBundle.", "Pod %s: %s", pod.ID, wrong.Message)
		}
	}
	e.fineSince(before, object, "%s, %d s", p.Spec.URL, p.Spec.Timeout)
}

// bundleEnd is when the last certificate of a bundle ends.
func bundleEnd(bundle string) (time.Time, error) {
	if bundle == "" {
		return time.Time{}, errors.New("it is empty")
	}
	raw, err := base64.StdEncoding.DecodeString(bundle)
	if err != nil {
		return time.Time{}, fmt.Errorf("not base64: %w", err)
	}
	var until time.Time
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return time.Time{}, err
		}
		if certificate.NotAfter.After(until) {
			until = certificate.NotAfter
		}
	}
	if until.IsZero() {
		return until, errors.New("no certificate in it")
	}
	return until, nil
}
