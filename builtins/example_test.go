package builtins_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/open-policy-agent/opa/cmd"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/waxseal/waxseal/builtins"
	"github.com/waxseal/waxseal/builtins/config"
	"github.com/waxseal/waxseal/tests/fixture/oci"
	"github.com/waxseal/waxseal/tests/fixture/sigstore"
)

// Put the builtins into an OPA of your own, and ask who signed an image.
func Example() {
	image, file, done := signedImage()
	defer done()

	cfg, err := config.Load(file) // a waxseal.yaml with a key named "release"
	if err != nil {
		fmt.Println(err)
		return
	}
	set, err := builtins.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	query := rego.New(append(set.Options(),
		rego.Query("data.example.deny"),
		rego.Module("example.rego", `package example

deny contains sprintf("%s is not signed by the release key", [input.image]) if {
	not cosign.verify(input.image, {"keys": ["release"]}).ok
}`))...)
	prepared, err := query.PrepareForEval(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, ref := range []string{image, image + "-unsigned"} {
		rs, err := prepared.Eval(context.Background(), rego.EvalInput(map[string]any{"image": ref}))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("denials:", len(rs[0].Expressions[0].Value.([]any)))
	}
	// Output:
	// denials: 0
	// denials: 1
}

// In a main of your own: OPA's commands then have the builtins, too. This
// example is not run, because registering holds for the whole process.
func ExampleSet_Register() {
	set, err := builtins.New(config.Default())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	set.Register()
	if err := cmd.Command(nil, "my-opa").Execute(); err != nil {
		os.Exit(1)
	}
}

// signedImage starts a registry on loopback with a signed image, and writes a
// configuration that trusts the signer.
func signedImage() (ref, file string, done func()) {
	reg, err := oci.Serve()
	check(err)
	dir, err := os.MkdirTemp("", "example")
	check(err)
	world, err := sigstore.New()
	check(err)
	key, err := sigstore.NewKey("")
	check(err)
	repository := reg.Host() + "/team/app"
	for _, tag := range []string{"v1", "v1-unsigned"} {
		digest, err := reg.Put("team/app", tag, nil)
		check(err)
		if tag == "v1" {
			at, err := name.NewDigest(repository+"@"+string(digest), name.Insecure)
			check(err)
			layer, err := world.Sign(key, repository, string(digest), sigstore.Options{})
			check(err)
			check(sigstore.PushSignatures(at, []sigstore.Layer{layer}, remote.WithTransport(reg.Transport())))
		}
	}
	file = filepath.Join(dir, "waxseal.yaml")
	for path, content := range map[string]string{
		file:                             "version: 1\npolicies: {pinned_digests: {}}\nkeys: {release: {file: cosign.pub}}\ntrust_roots: {own: {file: root.json}}\nregistries: {\"" + reg.Host() + "\": {plain_http: true}}\n",
		filepath.Join(dir, "cosign.pub"): string(key.PEM()),
		filepath.Join(dir, "root.json"):  string(world.TrustedRootJSON()),
	} {
		check(os.WriteFile(path, []byte(content), 0o600))
	}
	return repository + ":v1", file, func() {
		reg.Close()
		_ = os.RemoveAll(dir)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
