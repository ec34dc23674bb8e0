package parity

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/fixture"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// bases pushes base images, and an image for each way to be built on one.
func (w *World) bases(t testing.TB) {
	now := time.Now()
	debian := fixture.Content{OS: "linux", Architecture: "amd64", Created: now.Add(-20 * day), Layers: []string{"debian", "ca-certificates"}}
	old := debian
	old.Created, old.Layers = now.Add(-400*day), []string{"debian 11"}
	arm := debian
	arm.Architecture, arm.Layers = "arm64", []string{"debian for arm"}
	index, err := fixture.Index(nil, debian, arm)
	require.NoError(t, err)
	base := w.Push(t, "base/debian", "12", index)
	w.images["debian"] = base
	w.images["olddebian"] = w.content(t, "base/debian", "11", old)

	on := func(base fixture.Content, ago time.Duration, layers ...string) fixture.Content {
		base.Created, base.Layers = now.Add(-ago), append(append([]string{}, base.Layers...), layers...)
		base.Labels = map[string]string{"org.opencontainers.image.source": "https://github.com/acme/app"}
		return base
	}
	app := on(debian, time.Hour, "app")
	both, err := fixture.Index(nil, app, on(arm, time.Hour, "app for arm"))
	require.NoError(t, err)
	w.images["ondebian"] = w.Push(t, "shop/ondebian", "v1", both)
	half, err := fixture.Index(nil, app, on(fixture.Content{OS: "linux", Architecture: "arm64"}, time.Hour, "scratch for arm"))
	require.NoError(t, err)
	w.images["halfondebian"] = w.Push(t, "shop/halfondebian", "v1", half)
	w.images["onolddebian"] = w.content(t, "shop/onolddebian", "v1", on(old, time.Hour, "app"))
	w.images["onnothing"] = w.content(t, "shop/onnothing", "v1", on(fixture.Content{OS: "linux", Architecture: "amd64"}, time.Hour, "debian with something", "ca-certificates"))
	w.images["oldapp"] = w.content(t, "shop/oldapp", "v1", on(debian, 200*day, "app"))
	w.images["futureapp"] = w.content(t, "shop/futureapp", "v1", on(debian, -2*day, "app"))
	dateless := on(debian, 0, "app")
	dateless.Created, dateless.Labels = time.Unix(0, 0), map[string]string{"Org.opencontainers.image.source": "https://github.com/acme/app"}
	w.images["dateless"] = w.content(t, "shop/dateless", "v1", dateless)

	flat := on(fixture.Content{OS: "linux", Architecture: "amd64"}, time.Hour, "squashed")
	flat.Annotations = map[string]string{"org.opencontainers.image.base.name": w.Host() + "/base/debian:12", "org.opencontainers.image.base.digest": string(base.Digest)}
	w.images["claimed"] = w.content(t, "shop/claimed", "v1", flat)
	w.usingBase(t, "provenbase", base, "pkg:docker/"+w.Host()+"/base/debian@12?platform=linux%2Famd64")
	w.usingBase(t, "evilbase", base, "pkg:docker/evil.example/base/debian@12?platform=linux%2Famd64")
}

func (w *World) content(t testing.TB, repository, tag string, c fixture.Content) fixture.Image {
	image, err := fixture.Build(c)
	require.NoError(t, err)
	return w.Push(t, repository, tag, image)
}

// usingBase pushes a flattened image whose provenance names the image that its build used.
func (w *World) usingBase(t testing.TB, name string, base fixture.Image, uri string) {
	flat := fixture.Content{OS: "linux", Architecture: "amd64", Created: time.Now().Add(-time.Hour), Layers: []string{"flattened " + name}}
	flat.Annotations = map[string]string{"org.opencontainers.image.base.name": w.Host() + "/base/debian:12", "org.opencontainers.image.base.digest": string(base.Digest)}
	w.images[name] = w.content(t, "shop/"+name, "v1", flat)
	predicate := fixture.BuildPredicate(fixture.Repository, "refs/heads/main")
	definition := predicate["buildDefinition"].(map[string]any)
	definition["resolvedDependencies"] = append(definition["resolvedDependencies"].([]any), map[string]any{
		"uri": uri, "digest": map[string]any{"sha256": string(base.Digest)[len("sha256:"):]},
	})
	w.images[name].AttestBundle(t, w.Key, fixture.BuildType, predicate, sigstore.Options{})
}
