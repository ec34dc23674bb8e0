package trustroot

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

// complete fills in the defaults and checks the rest.
func (c *Config) complete() error {
	if c.URL == "" {
		c.URL = PublicGood
	}
	c.URL = strings.TrimRight(c.URL, "/")
	if err := checkURL(c.URL); err != nil {
		return err
	}
	c.Mirror = strings.TrimRight(c.Mirror, "/")
	if c.Mirror != "" {
		if err := checkURL(c.Mirror); err != nil {
			return fmt.Errorf("mirror: %w", err)
		}
	}
	if c.Root == nil && c.URL == PublicGood {
		c.Root = tuf.DefaultRoot()
	}
	if len(c.Root) == 0 {
		return fmt.Errorf("%s needs the root.json of its repository", c.URL)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return guarded(func() error {
		if _, err := trustedmetadata.New(c.Root); err != nil {
			return fmt.Errorf("the root.json to start from cannot be used: %w", err)
		}
		return nil
	})
}

// asked returns the address that calls go to.
func (c *Config) asked() string { return cmp.Or(c.Mirror, c.URL) }

// checkURL says what is wrong with the address of a repository.
func checkURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not an address", address)
	case u.User != nil:
		return errors.New("the address of a TUF repository must not hold credentials")
	case u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q is not an address such as https://tuf.example", address)
	case u.Scheme == "https" || (u.Scheme == "http" && loopback(u.Hostname())):
		return nil
	}
	return fmt.Errorf("%q is not https", address)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
