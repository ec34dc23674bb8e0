package groovy

import "strings"

// maxText bounds the text of an expression.
const maxText = 300

// Text writes an expression in one way, whatever white space and quotes it was
// written with: equal expressions have equal texts.
func Text(n Node) string {
	w := &writer{}
	w.node(n, 0)
	if out := w.out.String(); len(out) > maxText {
		return strings.ToValidUTF8(out[:maxText], "") + "…"
	}
	return w.out.String()
}

type writer struct {
	out strings.Builder
}

func (w *writer) add(parts ...string) {
	for _, p := range parts {
		w.out.WriteString(p)
	}
}

// full says that more is not of use.
func (w *writer) full() bool { return w.out.Len() > maxText }

func (w *writer) node(n Node, level int) {
	if w.full() {
		return
	}
	switch n := n.(type) {
	case nil:
	case Str:
		w.str(n, level)
	case Num:
		w.add(n.Text)
	case Name:
		w.add(n.Name)
	case Prop:
		w.node(n.On, 20)
		w.add(".", n.Name)
	case Index:
		w.node(n.On, 20)
		w.add("[")
		w.node(n.Key, 0)
		w.add("]")
	case Call:
		w.call(n)
	case Apply:
		w.node(n.Fn, 20)
		w.args(n.Args, "(", ")")
	case New:
		w.add("new ", n.Type)
		w.args(n.Args, "(", ")")
	case List:
		w.items(n.Items)
	case Map:
		w.args(n.Entries, "[", "]")
	case Closure:
		w.body(n.Body)
	case Binary:
		w.binary(n, level)
	case Unary:
		w.add(n.Op)
		w.node(n.X, 15)
	case Ternary:
		w.ternary(n, level)
	case Return:
		w.node(n.Value, level)
	case Assign:
		w.assign(n)
	default:
		w.add("…")
	}
}

func (w *writer) str(s Str, level int) {
	if text, ok := s.Constant(); ok {
		w.add("'", strings.Join(strings.Fields(text), " "), "'")
		return
	}
	if len(s.Parts) == 1 {
		w.node(s.Parts[0].Expr, level)
		return
	}
	w.add(`"`)
	for _, p := range s.Parts {
		if p.Expr == nil {
			w.add(blanks(p.Text))
			continue
		}
		w.add("${")
		w.node(p.Expr, 0)
		w.add("}")
	}
	w.add(`"`)
}

// blanks is a part of a string with single blanks.
func blanks(text string) string {
	out := strings.Join(strings.Fields(text), " ")
	if out == "" {
		return " "[:min(1, len(text))]
	}
	if strings.TrimLeft(text, " \t\n") != text {
		out = " " + out
	}
	if strings.TrimRight(text, " \t\n") != text {
		out += " "
	}
	return out
}

func (w *writer) call(c Call) {
	if c.On != nil {
		w.node(c.On, 20)
		w.add(".")
	}
	w.add(c.Name)
	args := c.Args
	last, block := lastClosure(args)
	if block {
		args = args[:len(args)-1]
	}
	if !block || len(args) > 0 {
		w.args(args, "(", ")")
	}
	if block {
		w.add(" ")
		w.body(last.Body)
	}
}

func (w *writer) args(args []Arg, open, shut string) {
	w.add(open)
	for i, a := range args {
		if w.full() {
			return
		}
		if i > 0 {
			w.add(", ")
		}
		if text, ok := constant(a.Key); ok {
			w.add(text, ": ")
		} else if a.Key != nil {
			w.add("(")
			w.node(a.Key, 0)
			w.add("): ")
		}
		w.node(a.Value, 0)
	}
	w.add(shut)
}

func constant(key Node) (string, bool) {
	s, ok := key.(Str)
	if !ok {
		return "", false
	}
	return s.Constant()
}

func (w *writer) items(items []Node) {
	w.add("[")
	for i, item := range items {
		if w.full() {
			return
		}
		if i > 0 {
			w.add(", ")
		}
		w.node(item, 0)
	}
	w.add("]")
}

func (w *writer) body(body []Node) {
	w.add("{ ")
	for i, n := range body {
		if w.full() {
			return
		}
		if i > 0 {
			w.add("; ")
		}
		w.node(n, 0)
	}
	w.add(" }")
}

func (w *writer) binary(b Binary, level int) {
	own := precedence(token{kind: operator, text: b.Op})
	if own == 0 {
		own = 6
	}
	if own < level {
		w.add("(")
		defer w.add(")")
	}
	w.node(b.L, own)
	w.add(" ", b.Op, " ")
	w.node(b.R, own+1)
}

func (w *writer) ternary(t Ternary, level int) {
	if level > 0 {
		w.add("(")
		defer w.add(")")
	}
	w.node(t.Cond, 1)
	if t.Then == nil {
		w.add(" ?: ")
	} else {
		w.add(" ? ")
		w.node(t.Then, 1)
		w.add(" : ")
	}
	w.node(t.Else, 1)
}

func (w *writer) assign(a Assign) {
	for i, t := range a.Targets {
		if i > 0 {
			w.add(", ")
		}
		w.node(t, 0)
	}
	w.add(" ", a.Op, " ")
	w.node(a.Value, 0)
}
