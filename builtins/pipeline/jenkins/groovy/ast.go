package groovy

// Node is a statement or an expression.
type Node interface{ At() int }

// Pos is the line of a node, from 1.
type Pos int

// At returns the line.
func (p Pos) At() int { return int(p) }

// Expressions.
type (
	// Str is a string.
	Str struct {
		Pos
		Parts []Part
		Plain bool // it has no ${}
	}
	// Num is a number, true, false or null, as written.
	Num struct {
		Pos
		Text string
	}
	// Name is a variable.
	Name struct {
		Pos
		Name string
	}
	// Prop is a property of something: On.Name.
	Prop struct {
		Pos
		On   Node
		Name string
	}
	// Index is On[Key].
	Index struct {
		Pos
		On, Key Node
	}
	// Call is On.Name(Args); On is nil for a plain name. Closures behind the
	// parentheses are the last arguments.
	Call struct {
		Pos
		On   Node
		Name string
		Args []Arg
	}
	// Apply calls what an expression gives.
	Apply struct {
		Pos
		Fn   Node
		Args []Arg
	}
	// New makes an object.
	New struct {
		Pos
		Type string
		Args []Arg
	}
	// List is [a, b].
	List struct {
		Pos
		Items []Node
	}
	// Map is [a: 1, b: 2].
	Map struct {
		Pos
		Entries []Arg
	}
	// Closure is { a -> … }.
	Closure struct {
		Pos
		Params []Param
		Body   []Node
	}
	// Binary is L Op R.
	Binary struct {
		Pos
		Op   string
		L, R Node
	}
	// Unary is Op X.
	Unary struct {
		Pos
		Op string
		X  Node
	}
	// Ternary is Cond ? Then : Else; Then is nil for Cond ?: Else.
	Ternary struct {
		Pos
		Cond, Then, Else Node
	}
	// Bad is something that could not be read.
	Bad struct{ Pos }
)

// Part is a part of a string: text, or an expression.
type Part struct {
	Text   string
	Breaks []int // for each line break in Text the line of the file that follows
	Expr   Node
	Line   int
}

// Arg is an argument, or an entry of a map. Key is nil for one without a name.
type Arg struct {
	Key   Node // a Str for a name
	Value Node
}

// Param is a parameter of a method or a closure.
type Param struct {
	Name    string
	Default Node
}

// Statements.
type (
	// Assign is Targets Op Value; Declared for def and types. Value may be nil.
	Assign struct {
		Pos
		Targets  []Node
		Op       string
		Value    Node
		Declared bool
	}
	// If has an Else that may be nil.
	If struct {
		Pos
		Cond       Node
		Then, Else []Node
	}
	// For is a loop over In, or, with Cond, one that counts.
	For struct {
		Pos
		Var      string
		In, Cond Node
		Body     []Node
	}
	// While is a loop.
	While struct {
		Pos
		Cond Node
		Body []Node
	}
	// Try is try, catch and finally.
	Try struct {
		Pos
		Body    []Node
		Catches []Catch
		Finally []Node
	}
	// Switch has its cases in order.
	Switch struct {
		Pos
		On    Node
		Cases []Case
	}
	// Return has a Value that may be nil.
	Return struct {
		Pos
		Value Node
	}
	// Throw throws.
	Throw struct {
		Pos
		Value Node
	}
	// Jump is break or continue.
	Jump struct {
		Pos
		Word string
	}
	// Method is the declaration of one.
	Method struct {
		Pos
		Name   string
		Params []Param
		Body   []Node
	}
	// Annotation is @Name(Args).
	Annotation struct {
		Pos
		Name string
		Args []Arg
	}
)

// Catch is a catch block.
type Catch struct {
	Line int
	Body []Node
}

// Case is a case of a switch; Values is empty for the default.
type Case struct {
	Line   int
	Values []Node
	Body   []Node
}

// File is what was read of a file.
type File struct {
	Body     []Node
	Methods  map[string]*Method
	Problems []Problem
}
