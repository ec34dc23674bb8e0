package evidence

import (
	"sync"

	"github.com/waxseal/waxseal/builtins/registry"
)

// byText keeps what was made of a text, purely: the same few texts come again
// with every decision. It is bounded in number and in bytes of texts; what is
// over the bound makes it start anew.
type byText[V any] struct {
	mu    sync.RWMutex
	m     map[string]V
	bytes int
}

const (
	maxTexts     = 4096
	maxTextBytes = 8 << 20
)

func (k *byText[V]) get(text string) (V, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	v, known := k.m[text]
	return v, known
}

// put keeps v, unless another caller was first: then it returns theirs.
func (k *byText[V]) put(text string, v V) V {
	k.mu.Lock()
	defer k.mu.Unlock()
	if first, known := k.m[text]; known {
		return first
	}
	if k.m == nil || len(k.m) >= maxTexts || k.bytes+len(text) > maxTextBytes {
		k.m, k.bytes = map[string]V{}, 0
	}
	k.m[text] = v
	k.bytes += len(text)
	return v
}

// references keeps references that were parsed before.
type references struct {
	byText[registry.Reference]
	origins registry.Origins
}

func (r *references) parse(text string) (registry.Reference, error) {
	if ref, known := r.get(text); known {
		return ref, nil
	}
	ref, err := registry.Parse(text)
	if err != nil {
		return ref, err
	}
	return r.put(text, ref.JudgedAs(r.origins)), nil
}
