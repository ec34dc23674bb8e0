package evidence

import (
	"sync"

	"github.com/waxseal/waxseal/builtins/registry"
)

// references keeps references that were parsed before: the same few strings
// come again with every decision. Parsing is pure.
type references struct {
	mu sync.RWMutex
	m  map[string]registry.Reference
}

const maxReferences = 4096

func (r *references) parse(text string) (registry.Reference, error) {
	r.mu.RLock()
	ref, known := r.m[text]
	r.mu.RUnlock()
	if known {
		return ref, nil
	}
	ref, err := registry.Parse(text)
	if err != nil {
		return ref, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.m == nil || len(r.m) >= maxReferences {
		r.m = map[string]registry.Reference{}
	}
	r.m[text] = ref
	return ref, nil
}
