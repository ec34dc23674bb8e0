package parity_test

import (
	"flag"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/tests/parity"
)

const corpus = "../cases"

var update = flag.Bool("update", false, "write what the library says into the corpus")

// TestCorpus keeps the corpus as large as is promised, with a name for each case.
func TestCorpus(t *testing.T) {
	cases, err := parity.Load(corpus)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(cases), 150)
	var notes []string
	for _, c := range cases {
		notes = append(notes, c.File+" "+c.Note)
	}
	slices.Sort(notes)
	require.Equal(t, slices.Compact(slices.Clone(notes)), notes, "two cases have one name")
}

// TestLibrary compares the library in this process.
func TestLibrary(t *testing.T) {
	cases, err := parity.Load(corpus)
	require.NoError(t, err)
	w := parity.NewWorld(t)
	if *update {
		require.NoError(t, parity.Update(t, w, cases, parity.Library{}))
		cases, err = parity.Load(corpus)
		require.NoError(t, err)
	}
	parity.Compare(t, w, cases, parity.Library{})
}

// TestCommandLine compares `waxseal admit`.
func TestCommandLine(t *testing.T) {
	compare(t, parity.CLI{Waxseal: parity.Binary(t, "WAXSEAL")})
}

// TestServer compares `waxseal run --server`.
func TestServer(t *testing.T) {
	compare(t, parity.Server{Waxseal: parity.Binary(t, "WAXSEAL")})
}

// TestOPA compares an unmodified OPA server that asks a waxseal server.
func TestOPA(t *testing.T) {
	compare(t, parity.OPA{OPA: parity.Binary(t, "OPA"), Waxseal: parity.Binary(t, "WAXSEAL")})
}

// TestConftestWithBuiltins compares a conftest with the builtins inside.
func TestConftestWithBuiltins(t *testing.T) {
	compare(t, parity.ConftestBuiltin{Conftest: parity.Binary(t, "CONFTEST")})
}

// TestConftest compares an unmodified conftest with `waxseal collect`.
func TestConftest(t *testing.T) {
	compare(t, parity.Conftest{Conftest: parity.Binary(t, "CONFTEST_STOCK"), Waxseal: parity.Binary(t, "WAXSEAL")})
}

func compare(t *testing.T, h parity.Host) {
	cases, err := parity.Load(corpus)
	require.NoError(t, err)
	parity.Compare(t, parity.NewWorld(t), cases, h)
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(m.Run())
}
