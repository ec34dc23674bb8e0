package github_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOccasion: what starts a workflow decides some of its conditions.
func TestOccasion(t *testing.T) {
	for _, row := range []struct {
		name, on, condition string
		want                string // of the signature: its conditions, or never
	}{
		{"tags only", "{push: {tags: ['v*']}}", "startsWith(github.ref, 'refs/tags/')", ""},
		{"tags that begin so", "{push: {tags: ['v*']}}", "startsWith(github.ref, 'refs/tags/v')", ""},
		{"tags that begin otherwise", "{push: {tags: ['*']}}", "startsWith(github.ref, 'refs/tags/v')", "startsWith(github.ref, 'refs/tags/v')"},
		{"an optional letter", "{push: {tags: ['v?[0-9]*']}}", "startsWith(github.ref, 'refs/tags/v')", "startsWith(github.ref, 'refs/tags/v')"},
		{"a release is of a tag", "{release: {types: [published]}}", "github.ref_type == 'tag'", ""},
		{"branches too", "{push: {tags: ['v*'], branches: [main]}}", "startsWith(github.ref, 'refs/tags/')", "startsWith(github.ref, 'refs/tags/')"},
		{"by hand too", "{push: {tags: ['v*']}, workflow_dispatch: {}}", "startsWith(github.ref, 'refs/tags/')", "startsWith(github.ref, 'refs/tags/')"},
		{"every push", "push", "startsWith(github.ref, 'refs/tags/')", "startsWith(github.ref, 'refs/tags/')"},
		{"one branch", "{push: {branches: [main]}}", "github.ref == 'refs/heads/main'", ""},
		{"one of two branches", "{push: {branches: [main, dev]}}", "github.ref == 'refs/heads/main'", "github.ref == 'refs/heads/main'"},
		{"no pull requests", "{push: {branches: [main]}}", "github.event_name != 'pull_request'", ""},
		{"pull requests", "[push, pull_request]", "github.event_name != 'pull_request'", "github.event_name != 'pull_request'"},
		{"an event that does not start it", "push", "github.event_name == 'release'", "never"},
		{"not the only event", "push", "github.event_name != 'push'", "never"},
		{"case does not count, it is the event", "push", "github.event_name == 'Push'", ""},
		{"case does not count, it is not the event", "push", "github.event_name != 'PUSH'", "never"},
		{"case does not count among several", "[push, pull_request]", "github.event_name != 'Pull_Request'", "github.event_name != 'Pull_Request'"},
		{"called by others", "{push: {tags: ['v*']}, workflow_call: {}}", "github.event_name == 'release'", "github.event_name == 'release'"},
	} {
		t.Run(row.name, func(t *testing.T) {
			pipeline := one(t, "on: "+row.on+"\njobs:\n  b:\n    runs-on: x\n    steps:\n      - if: "+row.condition+"\n        run: cosign sign --yes ghcr.io/a/b:1\n")
			got := "never"
			for _, step := range pipeline.Jobs[0].Steps {
				if len(step.Actions) > 0 {
					got = strings.Join(step.When, " && ")
				}
			}
			require.Equal(t, row.want, got)
		})
	}
}
