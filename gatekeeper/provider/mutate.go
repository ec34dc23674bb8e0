package provider

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/waxseal/waxseal/builtins/evidence"
)

// mutate answers image references with the same image named by digest. What has
// a digest is answered unchanged. Gatekeeper keeps nothing of this, so every
// failure is the item's own: with failurePolicy Fail the object is refused, and
// the reason says which image and why.
func (p *Provider) mutate(ctx context.Context, d *evidence.Decision, keys []string) reply {
	items := make([]item, len(keys))
	var wg sync.WaitGroup
	for i, key := range keys {
		wg.Go(func() {
			items[i] = item{Key: key}
			if len(key) > p.Limits.KeyBytes {
				items[i].Error = "the image reference is too long"
				return
			}
			pinned, err := d.Pin(ctx, key)
			if err != nil {
				items[i].Error = "waxseal: " + err.Error()
				return
			}
			items[i].Value, _ = json.Marshal(pinned) // a string
		})
	}
	wg.Wait()
	return reply{items: items}
}
