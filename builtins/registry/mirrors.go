package registry

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/waxseal/waxseal/builtins/fault"
)

// Mirrors are the places that are asked in place of a registry.
type Mirrors struct {
	// Places are hosts, with a path where the mirror keeps the registry below
	// one: "mirror.example", "mirror.example/dockerhub". They are asked in this
	// order, and count as listed by the operator.
	Places []string
	// Only keeps the registry itself from ever being asked.
	Only bool
}

// mirrors are [Mirrors] by registry, read. A place's Name may be empty.
type mirrors struct {
	places map[string][]Repository
	only   map[string]bool
}

func newMirrors(configured map[string]Mirrors, hosts hostPolicy) (mirrors, error) {
	out := mirrors{places: map[string][]Repository{}, only: map[string]bool{}}
	for name, of := range configured {
		host, err := configuredHost(name)
		if err != nil {
			return out, err
		}
		if of.Only && len(of.Places) == 0 {
			return out, fault.Newf(fault.InvalidRequest, "configure registry", host, "only its mirrors may be asked, and it has none")
		}
		for _, text := range of.Places {
			place, err := ParsePlace(text)
			if err != nil {
				return out, err
			}
			if err := hosts.list(place.Registry, hosts.listed); err != nil {
				return out, err
			}
			out.places[host] = append(out.places[host], place)
		}
		out.only[host] = of.Only
	}
	return out, nil
}

// ParsePlace reads the place of many repositories: a host, or a host and the
// path that their names begin with. The Name of a host alone is empty.
func ParsePlace(text string) (Repository, error) {
	host, path, below := strings.Cut(text, "/")
	registry, err := configuredHost(host)
	if err != nil {
		return Repository{}, err
	}
	if !below {
		return Repository{Registry: registry}, nil
	}
	// Two segments keep Docker Hub's "library" out of it.
	at, err := ParseRepository(registry + "/" + path + "/x/x")
	if err != nil || at.Name != path+"/x/x" {
		return Repository{}, fault.Newf(fault.InvalidRequest, "configure registry", clip(text), "not a host, or a host with a path, such as mirror.example/dockerhub")
	}
	return Repository{Registry: registry, Name: path}, nil
}

// Below returns the repository of this name below a place.
func (r Repository) Below(name string) Repository {
	if r.Name != "" {
		name = r.Name + "/" + name
	}
	return Repository{Registry: r.Registry, Name: name}
}

// of returns the places that are asked for a repository, in order: at least one.
func (m mirrors) of(repository Repository) []Repository {
	var out []Repository
	for _, place := range m.places[repository.Registry] {
		out = append(out, place.Below(repository.Name))
	}
	if !m.only[repository.Registry] {
		out = append(out, repository)
	}
	return out
}

// anywhere puts one question to the mirrors of a repository, and to its registry
// last, until one of them answers. That something is not there is an answer: a
// mirror stands for its registry. What is fetched by digest is compared with it
// wherever it came from.
func anywhere[T any](ctx context.Context, c *Client, repository Repository, ask func(context.Context, Repository) (T, error)) (T, error) {
	places := c.mirrors.of(repository)
	var silent []string
	for _, at := range places[:len(places)-1] {
		v, err := attempt(ctx, at, ask)
		if err == nil || ctx.Err() != nil || !silence(err) {
			return v, err
		}
		silent = append(silent, err.Error())
	}
	v, err := ask(ctx, places[len(places)-1])
	if len(silent) > 0 && silence(err) {
		code, _ := fault.CodeOf(err)
		err = fault.Newf(code, "", "", "%w; before, no answer came from its mirrors: %s", err, strings.Join(silent, "; "))
	}
	return v, err
}

// silence says whether an error stands for no answer. What a mirror refuses to
// tell (401, 429) another place may.
func silence(err error) bool {
	code, _ := fault.CodeOf(err)
	return code.Retryable()
}

// attempt asks a place that is not the last one. It gets half of the time that
// is left, so that one which hangs leaves time for the others.
func attempt[T any](ctx context.Context, at Repository, ask func(context.Context, Repository) (T, error)) (T, error) {
	if deadline, ok := ctx.Deadline(); ok {
		half := time.Until(deadline) / 2
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, half, hangingError{half})
		defer cancel()
	}
	return ask(ctx, at)
}

// hangingError is the cause of an attempt that took too long.
type hangingError struct{ half time.Duration }

func (e hangingError) Error() string {
	return fmt.Sprintf("no answer within %s, half of the time that was left", e.half.Round(time.Millisecond))
}
