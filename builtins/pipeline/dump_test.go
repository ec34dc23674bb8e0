package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline"
	"github.com/waxseal/waxseal/builtins/pipeline/source"
)

func TestDump(t *testing.T) {
	dir, file := os.Getenv("DUMP_DIR"), os.Getenv("DUMP_FILE")
	if dir == "" {
		t.Skip()
	}
	r, err := pipeline.ReadFile(context.Background(), os.DirFS(dir), source.Limits{}, file)
	require.NoError(t, err)
	out, _ := json.MarshalIndent(r, "", " ")
	fmt.Println(string(out))
}
