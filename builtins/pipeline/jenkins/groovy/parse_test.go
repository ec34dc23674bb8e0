package groovy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
)

func TestText(t *testing.T) {
	for _, row := range []struct{ name, source, want string }{
		{"call", `foo ( 'a' ,  "b" )`, `foo('a', 'b')`},
		{"call without parentheses", `sh script: 'x', returnStdout: true`, `sh(script: 'x', returnStdout: true)`},
		{"arguments on several lines", "foo a: 1,\n  b: 2", `foo(a: 1, b: 2)`},
		{"call with a list", `properties [a, b]`, `properties([a, b])`},
		{"index", `a[0] == b`, `a[0] == b`},
		{"block", `node('x') { sh 'y'; z() }`, `node('x') { sh('y'); z() }`},
		{"block on the next line", "stage('x')\n{\n sh 'y'\n}", `stage('x') { sh('y') }`},
		{"parameters", `xs.each { String x, y = 1 -> echo x }`, `xs.each { echo(x) }`},
		{"chain on several lines", "a\n  .b()\n  .c { d }", `a.b().c { d }`},
		{"map", `[a: 1, 'b c': [2, 3], (d): e]`, `[a: 1, b c: [2, 3], (d): e]`},
		{"empty map", `x = [:]`, `x = []`},
		{"interpolation", `"${a}-$b.c/${d.e(1)}"`, `"${a}-${b.c}/${d.e(1)}"`},
		{"nested strings", `"${x ? "a${y}" : 'b'}"`, `x ? "a${y}" : 'b'`},
		{"escapes", `'a\'b\\c'`, `'a'b\c'`},
		{"pattern", `x =~ /a\/b/`, `x =~ 'a/b'`},
		{"division", `a / b / c`, `a / b / c`},
		{"dollar pattern", `$/a/b/$`, `'a/b'`},
		{"precedence", `a + b * c == d && !e || f`, `a + b * c == d && !e || f`},
		{"brackets that matter", `(a || b) && c`, `(a || b) && c`},
		{"ternary", "a ? b\n : c", `a ? b : c`},
		{"elvis", `a ?: 'b'`, `a ?: 'b'`},
		{"safe", `a?.b*.c`, `a.b.c`},
		{"cast", `(String) x`, `x`},
		{"as", `x as Integer`, `x`},
		{"new", `new java.util.Date().format('y')`, `new Date().format('y')`},
		{"def", `def x = sh 'y'`, `x = sh('y')`},
		{"typed", `final Map<String, List<String>> x = [a: []]`, `x = [a: []]`},
		{"array", `String[] x = y.split('-')`, `x = y.split('-')`},
		{"closure call", `parallel a: { x }, b: { y }`, `parallel(a: { x }, b: { y })`},
		{"named by a string", `parallel "a ${b}": { x }`, `parallel(("a ${b}"): { x })`},
		{"comments", "a /* b */ + // c\n d", `a + d`},
		{"stage with an option", `stage ('x') { }`, `stage('x') {  }`},
		{"this", `this.foo(1)`, `this.foo(1)`},
		{"list of closures", `[1, 2].collect { it }`, `[1, 2].collect { it }`},
		{"spread", `foo(*x)`, `foo(x)`},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := groovy.Parse([]byte(row.source))
			if len(f.Problems) > 0 || len(f.Body) != 1 {
				t.Fatalf("%d statements, problems %v", len(f.Body), f.Problems)
			}
			if got := groovy.Text(f.Body[0]); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestStatements(t *testing.T) {
	for _, row := range []struct{ name, source, want string }{
		{"if else", "if (a) { b() }\nelse if (c) d()\nelse { e }\nf", "If Name"},
		{"if without else", "if (a) b\n\n\nc", "If Name"},
		{"try", "try { a } catch (E | F e) { b }\nfinally { c }\nd", "Try Name"},
		{"for in", "for (x in [1, 2]) { a }", "For"},
		{"for typed", "for (String x : xs) a", "For"},
		{"for counted", "for (int i = 0; i < 3; i++) { a }", "For"},
		{"while", "while (a) { b }", "While"},
		{"do while", "do { b } while (a)", "While"},
		{"switch", "switch (x) { case 'a': case 'b': y(); break\n default: z() }", "Switch"},
		{"methods", "def a(x, y = 2) { x }\nprivate static void b(Map m) { }\nString c() { 'x' }", "Method Method Method"},
		{"annotation alone", "@Library('x') _\na", "Annotation Name"},
		{"annotated", "@NonCPS\ndef a() { }", "Annotation Method"},
		{"annotated on its line", "@Field def x = 1", "Annotated"},
		{"import", "import a.b.C\nimport static d.e.*\nx", "Name Name Name"},
		{"return", "return\nreturn foo 'x'", "Return Return"},
		{"throw", "throw new Exception('x')", "Throw"},
		{"several variables", "def a = 1, b = 2", "Block"},
		{"tuple", "def (a, b) = [1, 2]", "Assign"},
		{"semicolons", "a; b;; c", "Name Name Name"},
		{"first line", "#!/usr/bin/env groovy\na", "Name"},
		{"assert", "assert a == b : 'x'", "Call"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := groovy.Parse([]byte(row.source))
			var got []string
			for _, n := range f.Body {
				got = append(got, strings.TrimPrefix(fmt.Sprintf("%T", n), "groovy."))
			}
			if len(f.Problems) > 0 || strings.Join(got, " ") != row.want {
				t.Errorf("got %v, problems %v; want %s", got, f.Problems, row.want)
			}
		})
	}
}

// TestLines counts lines through all that may hold line breaks.
func TestLines(t *testing.T) {
	f := groovy.Parse([]byte("'''a\nb\\\nc\\nd'''\n\"\"\"${x(\n)}\ny\"\"\" /* \n */\nz"))
	if len(f.Problems) > 0 {
		t.Fatal(f.Problems)
	}
	first := f.Body[0].(groovy.Str)
	if got := fmt.Sprint(first.Parts[0].Text, first.Parts[0].Breaks); got != "a\nbc\nd[2 3]" {
		t.Errorf("the first string is %q", got)
	}
	if f.Body[1].At() != 4 || f.Body[2].At() != 8 {
		t.Errorf("statements at %d and %d, not 4 and 8", f.Body[1].At(), f.Body[2].At())
	}
}

// TestLeftOut reads what is around a mistake.
func TestLeftOut(t *testing.T) {
	for _, row := range []struct{ name, source, body, problem string }{
		{"in a statement", "a()\nb c ) d\ne()", "a() e()", `2 problems: line 2: nothing opens the ")"`},
		{"in brackets", "stage(? ?) { b() }\nc()", "stage(…) { b() } c()", `1 problems: line 1: "?" was not understood`},
		{"a class", "class A { def b() { } }\nc()", "c()", "1 problems: line 1: the class A is not read"},
		{"a string", "a()\nsh 'x\nb()", "a() b()", "1 problems: line 2: nothing ends the string"},
		{"a block", "a {\n b()\nc()", "a { b(); c() }", `1 problems: line 1: nothing closes the "{"`},
		{"a comment", "a() /* b", "a()", "1 problems: line 1: nothing ends the comment"},
		{"after the end", "a { }\n'x", "a {  }", "1 problems: line 2: nothing ends the string"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := groovy.Parse([]byte(row.source))
			var body []string
			for _, n := range f.Body {
				body = append(body, groovy.Text(n))
			}
			if got := strings.Join(body, " "); got != row.body {
				t.Errorf("got %s, want %s", got, row.body)
			}
			problem := ""
			if len(f.Problems) > 0 {
				problem = fmt.Sprintf("%d problems: line %d: %s", len(f.Problems), f.Problems[0].Line, f.Problems[0].Text)
			}
			if problem != row.problem {
				t.Errorf("got %v, want %s", f.Problems, row.problem)
			}
		})
	}
}

// TestHostile reads texts that are made to be expensive.
func TestHostile(t *testing.T) {
	const n = 1 << 18
	for name, source := range map[string]string{
		"deep blocks":         strings.Repeat("a { ", n/4),
		"deep brackets":       strings.Repeat("(", n),
		"deep lists":          strings.Repeat("[", n/2) + strings.Repeat("]", n/2),
		"wrong brackets":      strings.Repeat("{", n/2) + strings.Repeat(")", n/2),
		"slashes":             strings.Repeat("= /", n/3),
		"a long line":         strings.Repeat("a + ", n/4),
		"strings in strings":  strings.Repeat(`"${`, n/3),
		"dollars":             `"` + strings.Repeat("$", n) + `"`,
		"not":                 strings.Repeat("!", n),
		"else if":             strings.Repeat("if (a) b else ", n/14),
		"equals":              strings.Repeat("a = ", n/4),
		"quotes":              strings.Repeat("'", n),
		"arrows":              strings.Repeat("{ a -> ", n/7),
		"lines":               strings.Repeat("\n", n) + "a ?",
		"questions":           strings.Repeat("a ? ", n/4),
		"generics":            strings.Repeat("A<", n/2),
		"cases":               "switch (a) {" + strings.Repeat("case 1: ", n/8) + "}",
		"annotations":         strings.Repeat("@A ", n/3),
		"casts":               strings.Repeat("(A) ", n/4),
		"closures as a value": strings.Repeat("a = {", n/5),
		"zero bytes":          strings.Repeat("\x00", n),
		"no text":             strings.Repeat("\xff\xfe", n/2),
	} {
		t.Run(name, func(t *testing.T) {
			f := groovy.Parse([]byte(source))
			if len(f.Problems) > 40 {
				t.Errorf("%d problems", len(f.Problems))
			}
			for _, body := range f.Body {
				groovy.Text(body)
			}
		})
	}
}

// FuzzParse: whatever the text, reading it ends, and so does writing what was
// read.
func FuzzParse(f *testing.F) {
	f.Add([]byte("pipeline { stages { stage('a') { steps { sh \"x ${y}\" } } } }"))
	f.Add([]byte("def f(a, b = 1) { [1].each { x -> parallel a: { }, b: { } } }"))
	f.Add([]byte("switch (x) { case /a/: try { } catch (e) { throw e } }"))
	f.Fuzz(func(t *testing.T, source []byte) {
		if len(source) > 1<<16 {
			return
		}
		file := groovy.Parse(source)
		for _, n := range file.Body {
			groovy.Text(n)
		}
	})
}
