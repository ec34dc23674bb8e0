package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/waxseal/waxseal/builtins/fault"
)

// hostPolicy says which hosts may be contacted and how.
type hostPolicy struct {
	sealed   bool            // only what is listed
	patterns []string        // Config.Hosts
	listed   map[string]bool // hosts in Plain, CAs, Layouts and Realms
	plain    map[string]bool
	secure   map[string]bool // hosts with a CA of their own
	realms   map[string]map[string]bool
}

func newHostPolicy(config Config) (hostPolicy, error) {
	p := hostPolicy{
		sealed: config.Sealed,
		listed: map[string]bool{}, plain: map[string]bool{}, secure: map[string]bool{},
		realms: builtinRealms(),
	}
	if config.Sealed {
		p.realms = map[string]map[string]bool{}
	}
	for _, pattern := range config.Hosts {
		host, err := configuredHost(strings.TrimPrefix(pattern, "*."))
		if err != nil {
			return p, err
		}
		if strings.HasPrefix(pattern, "*.") {
			host = "*." + host
		}
		p.patterns = append(p.patterns, host)
	}
	for _, name := range config.Plain {
		if err := p.list(name, p.plain); err != nil {
			return p, err
		}
	}
	for name := range config.CAs {
		if err := p.list(name, p.secure); err != nil {
			return p, err
		}
	}
	for name := range config.Layouts {
		if err := p.list(name, p.listed); err != nil {
			return p, err
		}
	}
	for registry, services := range config.Realms {
		if err := p.addRealms(registry, services); err != nil {
			return p, err
		}
	}
	return p, nil
}

// list marks a host as listed by the operator, and as what.
func (p hostPolicy) list(name string, as map[string]bool) error {
	host, err := configuredHost(name)
	if err != nil {
		return err
	}
	p.listed[host], as[host] = true, true
	return nil
}

// configuredHost reads a host of the operator's configuration.
func configuredHost(name string) (string, error) {
	ref, err := Parse(name + "/x")
	if err != nil {
		return "", fault.Newf(fault.InvalidRequest, "configure registry", clip(name), "not a host: %w", err)
	}
	if at := ref.Repository(); at.Registry == normaliseHost(name) && strings.TrimPrefix(at.Name, "library/") == "x" {
		return at.Registry, nil
	}
	return "", fault.Newf(fault.InvalidRequest, "configure registry", clip(name), "not a host: a host of one label needs its port")
}

// lists says whether the operator named the host.
func (p hostPolicy) lists(host string) bool {
	if p.listed[host] {
		return true
	}
	for _, pattern := range p.patterns {
		suffix, wild := strings.CutPrefix(pattern, "*")
		if host == pattern || wild && strings.HasSuffix(host, suffix) {
			return true
		}
	}
	return false
}

// allows says whether a host may be contacted at all, by its name.
func (p hostPolicy) allows(host string) bool {
	return !p.sealed && len(p.patterns) == 0 || p.lists(host)
}

// scheme returns how a registry is spoken to.
func (p hostPolicy) scheme(registry string) string {
	if p.plain[registry] || loopback(registry) && !p.secure[registry] {
		return "http"
	}
	return "https"
}

// loopback says whether a host names this machine without asking anyone.
func loopback(host string) bool {
	name, _ := splitPort(host)
	if name == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && ip.IsLoopback()
}

// check decides about a request before anything is sent, by scheme and name.
// Addresses are checked when they are dialled.
func (p hostPolicy) check(at *url.URL, to target) error {
	host := policyHost(at)
	switch {
	case at.Scheme == "http" && p.scheme(host) != "http":
		return fault.Newf(fault.HostNotAllowed, "contact", clip(at.Host), "plain HTTP is only for loopback and for hosts configured for it")
	case at.Scheme != "http" && at.Scheme != "https":
		return fault.Newf(fault.HostNotAllowed, "contact", clip(at.Host), "scheme %q", clip(at.Scheme))
	case !to.realm && !p.allows(host):
		return fault.Newf(fault.HostNotAllowed, "contact", clip(at.Host), "not among the configured hosts")
	}
	return nil
}

// policyHost returns the host of a URL as configuration and references write it.
func policyHost(at *url.URL) string { return normaliseHost(at.Host) }

// target is what a request is for. It travels in the request's context to the
// place where addresses are known.
type target struct {
	realm bool // a token service that is allowed for the registry
	named bool // the operator named the host, or the proxy: any address will do
}

type targetKey struct{}

// transports holds the shared transport, and one more for each host with
// certificate authorities of its own.
type transports struct {
	proxy   func(*url.URL) (*url.URL, error)
	shared  *http.Transport
	private map[string]*http.Transport
}

func newTransports(config Config, limits Limits) (transports, error) {
	proxy := httpproxy.FromEnvironment().ProxyFunc()
	if config.Sealed {
		proxy = func(*url.URL) (*url.URL, error) { return nil, nil }
	}
	made := transports{proxy: proxy, shared: newTransport(nil, proxy, limits), private: map[string]*http.Transport{}}
	for name, pem := range config.CAs {
		host, err := configuredHost(name)
		if err != nil {
			return made, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return made, fault.Newf(fault.InvalidRequest, "configure registry", host, "no certificate in its PEM")
		}
		made.private[host] = newTransport(pool, proxy, limits)
	}
	return made, nil
}

func newTransport(roots *x509.CertPool, proxy func(*url.URL) (*url.URL, error), limits Limits) *http.Transport {
	return &http.Transport{
		Proxy:                  func(r *http.Request) (*url.URL, error) { return proxy(r.URL) },
		DialContext:            dial(limits),
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    limits.DialTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // sizes are those of the content
		MaxConnsPerHost:        limits.Connections,
		MaxIdleConnsPerHost:    limits.Connections,
		MaxIdleConns:           4 * limits.Connections,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// dial connects, and refuses addresses that are not public unless the operator
// named the host. The check comes after the look-up of the name, so a name
// cannot be pointed at a neighbour.
func dial(limits Limits) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		dialer := net.Dialer{Timeout: limits.DialTimeout}
		if to, _ := ctx.Value(targetKey{}).(target); !to.named {
			dialer.Control = refuseNeighbours
		}
		return dialer.DialContext(ctx, network, address)
	}
}

func refuseNeighbours(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	return refuseNeighbour(at.Addr())
}

func refuseNeighbour(ip netip.Addr) error {
	if public(ip) {
		return nil
	}
	return fault.Newf(fault.HostNotAllowed, "contact", ip.String(), "not a public address: the host must be configured")
}

// special are the ranges that netip has no name for and that are not public:
// shared, protocol, benchmark and reserved addresses, and the IPv6 ranges that
// carry an IPv4 address inside.
func special() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"),
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("::/96"),
		netip.MustParsePrefix("64:ff9b::/96"),
		netip.MustParsePrefix("64:ff9b:1::/48"),
		netip.MustParsePrefix("100::/64"),
		netip.MustParsePrefix("2001::/23"),
		netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("2002::/16"),
		netip.MustParsePrefix("fec0::/10"),
	}
}

// public says whether an address is one of the open internet.
func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return false
	}
	for _, prefix := range special() {
		if prefix.Contains(ip) {
			return false
		}
	}
	return true
}

// send lets a request out, if the policy allows it. Through a proxy only the
// proxy is dialled: what a name stands for is then the proxy's business.
func (c *Client) send(request *http.Request, to target) (*http.Response, error) {
	if err := c.hosts.check(request.URL, to); err != nil {
		return nil, err
	}
	host := policyHost(request.URL)
	to.named = c.hosts.lists(host)
	if ip, err := netip.ParseAddr(request.URL.Hostname()); err == nil && !to.named {
		if err := refuseNeighbour(ip); err != nil {
			return nil, err
		}
	}
	proxy, err := c.transports.proxy(request.URL)
	if err != nil {
		return nil, err
	}
	to.named = to.named || proxy != nil
	ctx := context.WithValue(request.Context(), targetKey{}, to)
	return c.transports.of(host).RoundTrip(request.WithContext(ctx))
}

func (t transports) of(host string) *http.Transport {
	if private, ok := t.private[host]; ok {
		return private
	}
	return t.shared
}
