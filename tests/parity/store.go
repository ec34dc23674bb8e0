package parity

import (
	"context"

	"github.com/open-policy-agent/opa/v1/storage"
)

// setParameters replaces data.waxseal.parameters.
func setParameters(ctx context.Context, store storage.Store, params map[string]any) error {
	return storage.Txn(ctx, store, storage.WriteParams, func(txn storage.Transaction) error {
		if err := storage.MakeDir(ctx, store, txn, storage.MustParsePath("/waxseal")); err != nil {
			return err
		}
		return store.Write(ctx, txn, storage.AddOp, storage.MustParsePath("/waxseal/parameters"), any(params))
	})
}
