package bundle

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/waxseal/waxseal/builtins/config"
)

// reach returns how a registry is reached where the configuration allows only the
// hosts that it lists, and the given transport where it does not.
func reach(cfg *config.Config, host string, transport *http.Transport) (http.RoundTripper, error) {
	if !cfg.Offline && !cfg.HostsOnly {
		return transport, nil
	}
	listed, known := cfg.Registries[host]
	if !known {
		return nil, fmt.Errorf("only the hosts in registries of waxseal.yaml may be contacted, and %s is not one of them", host)
	}
	if !cfg.Offline {
		return transport, nil
	}
	transport.Proxy = nil
	return listedOnly{transport, append([]string{host}, listed.TokenHosts...)}, nil
}

// listedOnly lets nothing out that goes to another host: not a redirect, and not
// the token service that a registry names.
type listedOnly struct {
	transport *http.Transport
	hosts     []string
}

// RoundTrip implements [http.RoundTripper].
func (l listedOnly) RoundTrip(request *http.Request) (*http.Response, error) {
	if !slices.Contains(l.hosts, request.URL.Host) {
		return nil, fmt.Errorf("offline: true forbids the call to %s; name it in token_hosts, if it is the token service of the registry", request.URL.Host)
	}
	return l.transport.RoundTrip(request)
}
