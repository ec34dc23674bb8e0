package notation_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/notation"
	fixture "github.com/waxseal/waxseal/tests/fixture/notation"
)

// FuzzVerify: whatever the bytes are, verification ends with an answer, and it is
// never yes where nobody who is trusted has signed.
func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	stranger, err := w.evil.Signer(fixture.Holder{Name: "release"})
	require.NoError(f, err)
	for _, media := range []string{fixture.JWS, fixture.COSE} {
		f.Add(media == fixture.COSE, sign(f, stranger, fixture.Options{Envelope: media}).Body)
	}
	f.Add(false, []byte(`{"payload":"","protected":"","header":{},"signature":""}`))
	s, err := w.policy(f, w.source(f, strict())).For(repository)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, binary bool, body []byte) {
		media := fixture.JWS
		if binary {
			media = fixture.COSE
		}
		_, err := s.Verify(context.Background(), notation.Envelope{MediaType: media, Body: body}, image, nil)
		_, known := fault.CodeOf(err)
		require.True(t, known, "%v", err)
	})
}
