package registry

import (
	"context"
	"net/http"
	"net/url"

	"github.com/waxseal/waxseal/builtins/fault"
)

// TrustData fetches a file of the trust data of a repository from a Notary v1
// server (Docker Content Trust), by its name without .json, with one GET. Hosts,
// limits, credentials and tokens are those of the client: for them the server is
// a registry, and the gun (docker.io/library/nginx, say) a repository in it.
// A file is bounded as a manifest is.
func (c *Client) TrustData(ctx context.Context, server *url.URL, gun, file string) ([]byte, error) {
	if server.Host == "" || server.User != nil {
		return nil, fault.Newf(fault.InvalidRequest, "get trust data", clip(server.Host), "not the address of a server")
	}
	got, err := c.ask(ctx, question{
		op: "get trust data", kind: "trust", method: http.MethodGet,
		repository: Repository{Registry: policyHost(server), Name: gun}, reference: file,
		most: c.limits.ManifestBytes, page: server.JoinPath("v2", gun, "_trust", "tuf", file+".json"),
	})
	if err != nil {
		return nil, err
	}
	return got.body, nil
}

// TrustHost returns how the host of a Notary v1 server is written in a [Config].
func TrustHost(server *url.URL) string { return policyHost(server) }
