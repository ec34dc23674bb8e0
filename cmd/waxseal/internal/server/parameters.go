package server

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/waxseal/waxseal/builtins/config"
)

// parametersPath is where policies read their parameters.
var parametersPath = storage.MustParsePath("/waxseal/parameters")

// owner is the name under which waxseal.yaml owns the parameters, as a bundle
// owns its roots. So OPA itself refuses a bundle that brings parameters of its
// own, and callers that write them.
const owner = "waxseal.yaml"

// putParameters writes the parameters of waxseal.yaml into the store. They come
// from one place: parameters that are there already are an error, unless
// waxseal.yaml has none.
func putParameters(ctx context.Context, store storage.Store, cfg *config.Config) error {
	given := cfg.Parameters()
	if len(given) == 0 {
		return nil
	}
	raw, err := json.Marshal(given)
	if err != nil {
		return fmt.Errorf("read the policies of %s: %w", cfg.File, err)
	}
	var value any
	if err := util.UnmarshalJSON(raw, &value); err != nil {
		return fmt.Errorf("read the policies of %s: %w", cfg.File, err)
	}
	return storage.Txn(ctx, store, storage.WriteParams, func(txn storage.Transaction) error {
		if err := free(ctx, store, txn, cfg.File); err != nil {
			return err
		}
		if err := storage.MakeDir(ctx, store, txn, parametersPath[:len(parametersPath)-1]); err != nil {
			return err
		}
		if err := store.Write(ctx, txn, storage.AddOp, parametersPath, value); err != nil {
			return err
		}
		roots := []string{strings.Join(parametersPath, "/")}
		return bundle.WriteManifestToStore(ctx, store, txn, owner, bundle.Manifest{Roots: &roots, Revision: revision(raw)})
	})
}

func revision(raw []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(raw)) }

// free returns an error when somebody else gives parameters, or may.
func free(ctx context.Context, store storage.Store, txn storage.Transaction, file string) error {
	names, err := bundle.ReadBundleNamesFromStore(ctx, store, txn)
	if err != nil && !storage.IsNotFound(err) {
		return err
	}
	if slices.Contains(names, owner) {
		return nil // ours, of before a restart within the process
	}
	for _, n := range names {
		roots, err := bundle.ReadBundleRootsFromStore(ctx, store, txn, n)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(roots, owns) {
			return fmt.Errorf("the parameters stand in %s, and the bundle %q owns data.waxseal.parameters too (its roots are %q): "+
				"give them in one place; a bundle without them names its roots in its manifest", file, n, roots)
		}
	}
	if _, err := store.Read(ctx, txn, parametersPath); !storage.IsNotFound(err) {
		if err != nil {
			return err
		}
		return fmt.Errorf("the parameters stand in %s, and data.waxseal.parameters was loaded from a file too: give them in one place", file)
	}
	return nil
}

// owns says whether a root of a bundle contains the parameters, or part of them.
func owns(root string) bool {
	a, b := strings.Split(strings.Trim(root, "/"), "/"), []string(parametersPath)
	n := min(len(a), len(b))
	return root == "" || slices.Equal(a[:n], b[:n])
}
