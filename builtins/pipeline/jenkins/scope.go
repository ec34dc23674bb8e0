package jenkins

// scope holds variables; what it does not hold, its parent may.
type scope struct {
	parent *scope
	vars   map[string]value
}

func (s *scope) child() *scope { return &scope{parent: s, vars: map[string]value{}} }

func (s *scope) get(name string) (value, bool) {
	for ; s != nil; s = s.parent {
		if v, ok := s.vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

// holder is the scope that holds a name; otherwise the outermost.
func (s *scope) holder(name string) *scope {
	for ; ; s = s.parent {
		if _, ok := s.vars[name]; ok || s.parent == nil {
			return s
		}
	}
}

// slot is a variable of a scope.
type slot struct {
	in   *scope
	name string
}

// changes are variables that were set on one of two ways, with what they were
// before; nil for one that was not there.
type changes map[slot]value

// set gives a variable a value, and takes note of it when a branch is read.
func (r *reader) set(s slot, v value) {
	if n := len(r.branches); n > 0 {
		if _, ok := r.branches[n-1][s]; !ok {
			r.branches[n-1][s] = s.in.vars[s.name]
		}
	}
	s.in.put(s.name, v)
}

func (s *scope) put(name string, v value) {
	if v == nil {
		delete(s.vars, name)
		return
	}
	s.vars[name] = v
}

// fork begins a branch, and join ends it: back to what was before, with what the
// branch had set.
func (r *reader) fork() { r.branches = append(r.branches, changes{}) }

func (r *reader) join() (now changes) {
	n := len(r.branches) - 1
	old := r.branches[n]
	r.branches = r.branches[:n]
	now = changes{}
	for s, before := range old {
		now[s] = s.in.vars[s.name]
		s.in.put(s.name, before)
	}
	return now
}

// merge sets what either of two branches has set. Where they differ, the value
// is not known, but an object wins over nothing.
func (r *reader) merge(a, b changes) {
	both := map[slot]bool{}
	for s := range a {
		both[s] = true
	}
	for s := range b {
		both[s] = true
	}
	for s := range both {
		before := s.in.vars[s.name]
		left, ok := a[s]
		if !ok {
			left = before
		}
		right, ok := b[s]
		if !ok {
			right = before
		}
		r.set(s, r.either(s.name, left, right))
	}
}

func (r *reader) either(name string, a, b value) value {
	switch {
	case isObject(a) && !isObject(b):
		return a
	case isObject(b):
		return b
	}
	if r.text(a) == r.text(b) && a != nil && b != nil {
		return a
	}
	r.joined[name]++
	if n := r.joined[name]; n > 1 {
		return r.symbol(name + "." + itoa(n))
	}
	return r.symbol(name)
}

func isObject(v value) bool {
	switch v.(type) {
	case *list, *dict, closure, image, *file:
		return true
	}
	return false
}
