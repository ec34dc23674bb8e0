package tool_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/pipeline/tool"
)

// Files that ask for too much are read in little time, and say little.
func TestHostileFiles(t *testing.T) {
	var doubling, env, inherits strings.Builder
	doubling.WriteString("variable \"V0\" { default = \"xxxxxxxx\" }\n")
	env.WriteString("env:\n  - V0=xxxxxxxx\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&doubling, "variable \"V%d\" { default = \"${V%d}${V%d}\" }\n", i, i-1, i-1)
		fmt.Fprintf(&env, "  - V%d={{ .Env.V%d }}{{ .Env.V%d }}\n", i, i-1, i-1)
		fmt.Fprintf(&inherits, "target \"t%d\" { inherits = [%s\"t%d\"] }\n", i, strings.Repeat(fmt.Sprintf("\"t%d\", ", i-1), 20), i)
	}
	many := strings.Repeat("  - x/y\n", 20_000)
	for name, row := range map[string]struct{ line, file, text string }{
		"doubling variables":   {"docker buildx bake", "docker-bake.hcl", doubling.String() + "target \"default\" { tags = [\"a:${V59}\"] }"},
		"doubling environment": {"goreleaser release", ".goreleaser.yaml", env.String() + "dockers:\n  - image_templates: ['a:{{ .Env.V59 }}']\n"},
		"inheriting twice":     {"docker buildx bake t59", "docker-bake.hcl", inherits.String()},
		"deep blocks":          {"docker buildx bake", "docker-bake.hcl", strings.Repeat("a {\n", 100_000)},
		"deep lists":           {"docker buildx bake", "docker-bake.hcl", "target \"a\" {\n tags = " + strings.Repeat("[", 100_000)},
		"names times tags":     {"goreleaser release", ".goreleaser.yaml", "dockers_v2:\n- images:\n" + many + "  tags:\n" + many},
		"signatures of all":    {"goreleaser release", ".goreleaser.yaml", "dockers_v2:\n" + strings.Repeat("- {images: [a/b]}\n", 10_000) + "docker_signs:\n" + strings.Repeat("- {stdin: x}\n", 10_000)},
		"long line":            {"docker buildx bake", "docker-bake.hcl", "target \"a\" { tags = [\"" + strings.Repeat("${", 1_000_000) + "\"] }"},
	} {
		t.Run(name, func(t *testing.T) {
			e := tool.Read(command(row.line), files(map[string]string{row.file: row.text}))
			require.LessOrEqual(t, len(e.Actions), 20_000)
			require.Less(t, len(show(e)), 8<<20)
		})
	}
}
