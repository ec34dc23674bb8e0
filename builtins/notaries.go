package builtins

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notary"
	"github.com/waxseal/waxseal/builtins/registry"
)

// notariesOf builds the notaries of a configuration. It makes no call.
func (s *settings) notariesOf(cfg *config.Config) (map[string]*notary.Source, error) {
	out := map[string]*notary.Source{}
	for name, n := range cfg.Notaries {
		source, err := s.notaryOf(cfg, name, n)
		if pin, ok := errors.AsType[*notary.PinError](err); ok {
			return nil, config.NewError(cfg.Problem(fmt.Sprintf("notary.%s.guns[%d]", name, pin.Index), "%s", pin.Err))
		}
		if err != nil {
			return nil, config.NewError(cfg.Problem("notary."+name, "%s", err))
		}
		out[name] = source
	}
	return out, nil
}

func (s *settings) notaryOf(cfg *config.Config, name string, n config.Notary) (*notary.Source, error) {
	out := notary.Config{Name: name, URL: n.URL, Report: s.report}
	for _, g := range n.GUNs {
		out.Pins = append(out.Pins, notary.Pin{GUN: g.GUN, KeyIDs: g.KeyIDs, CA: g.CA, Root: g.Root})
	}
	var err error
	switch {
	case n.Recorded != nil:
		return recordedNotary(out, n.Recorded)
	case cfg.Offline:
		out.Fetch = offlineNotary(name)
	default:
		out.Fetch, err = s.notaryClient(cfg, n)
	}
	if err != nil {
		return nil, err
	}
	if cfg.Cache.Dir != "" {
		out.Dir = filepath.Join(cfg.Cache.Dir, "notary")
	}
	return notary.New(out)
}

// notaryClient is a client for this one server: it may be the only one that
// talks to it, and it talks to no other but its token services.
func (s *settings) notaryClient(cfg *config.Config, n config.Notary) (notary.Fetch, error) {
	server, err := url.Parse(n.URL)
	if err != nil {
		return nil, err
	}
	host := registry.TrustHost(server)
	out := registry.Config{
		Hosts: []string{host}, Realms: map[string][]string{host: n.TokenHosts}, CAs: map[string][]byte{},
		Limits: cfg.Limits.Registry, Observe: s.observe,
	}
	if server.Scheme == "http" {
		out.Plain = []string{host}
	}
	if n.CA != nil {
		out.CAs[host] = n.CA
	}
	if out.Credentials, err = Keychain(cfg); err != nil {
		return nil, err
	}
	client, err := registry.New(out)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, gun, file string) ([]byte, error) {
		return client.TrustData(ctx, server, gun, file)
	}, nil
}

func offlineNotary(name string) notary.Fetch {
	return func(_ context.Context, gun, _ string) ([]byte, error) {
		return nil, fault.Newf(fault.Unavailable, "get trust data of", gun, "offline: true forbids every call, and notary %s is a server", name)
	}
}

// recordedNotary answers with what a record holds, at the time of the record.
func recordedNotary(out notary.Config, recorded map[string]config.RecordedTrust) (*notary.Source, error) {
	out.Seen = map[string]map[string]int{}
	for gun, r := range recorded {
		out.Seen[gun] = r.Seen
	}
	out.Fetch = func(_ context.Context, gun, file string) ([]byte, error) {
		if raw, ok := recorded[gun].Files[file]; ok {
			return raw, nil
		}
		return nil, fault.Newf(fault.NotFound, "get trust data", gun+"/"+file, "not in the record")
	}
	out.Now = func(gun string) time.Time { return recorded[gun].At }
	return notary.New(out)
}
