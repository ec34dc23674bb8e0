package lint_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/lint"
	"github.com/waxseal/waxseal/rego"
)

func TestLibraryIsClean(t *testing.T) {
	problems, err := lint.Dir(rego.FS)
	require.NoError(t, err)
	for _, p := range problems {
		t.Error(p)
	}
}

// Each rule has samples that it refuses and samples that it leaves alone.
//
// CVE-2022-36085: `with` replaces a builtin, and what is unsafe or denied passes.
func TestRules(t *testing.T) {
	for _, row := range []struct {
		rule string
		file string // lib/waxseal/a/a.rego if empty
		bad  []string
		good []string
	}{
		{
			rule: "parse",
			bad:  []string{"", "# nothing", "package lib.waxseal.a\n\nx := {", "package lib.waxseal.a\n\ndeny[x] { x := 1 }"},
			good: []string{"package lib.waxseal.a\n\nx := 1"},
		},
		{
			rule: "folder",
			bad:  []string{"package lib.waxseal.b", "package lib.waxseal.a.b", "package lib.a"},
			good: []string{"package lib.waxseal.a"},
		},
		{
			rule: "folder",
			file: "testing/host.rego",
			good: []string{"package lib.waxseal.host"},
		},
		{
			rule: "imports",
			bad: []string{
				"package lib.waxseal.a\n\nimport rego.v1",
				"package lib.waxseal.a\n\nimport input.review",
				"package lib.waxseal.a\n\nimport input as x",
				"package lib.waxseal.a\n\nimport future.keywords.in",
				"package lib.waxseal.a\n\nimport data.inventory",
			},
			good: []string{"package lib.waxseal.a\n\nimport data.lib.waxseal.image", "package lib.waxseal.a\n\nimport data.lib.waxseal.policy.b"},
		},
		{
			rule: "imports",
			file: "lib/waxseal/policy/a/a.rego",
			bad:  []string{"package lib.waxseal.policy.a\n\nimport data.lib.waxseal.policy.b", "package lib.waxseal.policy.a\n\nimport data.lib.acme.policy.b as c"},
			good: []string{"package lib.waxseal.policy.a\n\nimport data.lib.waxseal.authority"},
		},
		{
			rule: "imports",
			file: "host.rego",
			good: []string{"package lib.waxseal.host\n\nimport data.waxseal"},
		},
		{
			rule: "data",
			bad: []string{
				"package lib.waxseal.a\n\nx if data.lib.b.y",
				"package lib.waxseal.a\n\nx if count(data.lib.b.y) > 0",
				"package lib.waxseal.a\n\nx contains y if some y in data.lib.b.y",
				"package lib.waxseal.a\n\nx := data.inventory",
				"package lib.waxseal.a\n\nx := [y | some y in [data.lib.b]]",
				"package lib.waxseal.a\n\nx if false\n\nelse := data.b",
			},
			good: []string{"package lib.waxseal.a\n\nimport data.lib.waxseal.b\n\nx := b.data"},
		},
		{
			rule: "world",
			bad: []string{
				"package lib.waxseal.a\n\nx := input.y",
				"package lib.waxseal.a\n\nx := input",
				"package lib.waxseal.a\n\nx := evidence.collect({1})",
				"package lib.waxseal.a\n\nx := [y | some y in external_data({}).responses]",
				"package lib.waxseal.a\n\nx if http.send({}).status_code == 200",
				"package lib.waxseal.a\n\nx := time.now_ns()",
				"package lib.waxseal.a\n\nx := registry.digest(\"a\")",
				"package lib.waxseal.a\n\nx := cosign.verify(\"a\", {})",
			},
			good: []string{
				"package lib.waxseal.a\n\nimport data.lib.waxseal.evidence\n\nx := evidence.collect(\"a\")",
				"package lib.waxseal.a\n\nimport data.lib.waxseal.host\n\nx := host.input",
			},
		},
		{
			rule: "world",
			file: "gatekeeper/host_builtin.rego",
			good: []string{"package lib.waxseal.host\n\nobject := input.review.object\n\ncollect(requests) := evidence.collect(requests)"},
		},
		{
			rule: "mock",
			bad:  []string{"package lib.waxseal.a\n\nx if y with z as 1", "package lib.waxseal.a\n\nx if {\n\tsome y in z\n\tf(y) with f as 1\n}"},
			good: []string{"package lib.waxseal.a\n\nx := f(1)\n\nf(_) := 1"},
		},
		{
			rule: "negated-result",
			bad: []string{
				"package lib.waxseal.a\n\nx if {\n\tr := f(1)\n\tnot r.ok\n}",
				"package lib.waxseal.a\n\nx if {\n\tr = f(1)\n\tnot r.a.ok == true\n}",
				"package lib.waxseal.a\n\nx contains 1 if {\n\tsome y in [1]\n\tr := f(y)\n\tcount([1 | not r.ok]) > 0\n}",
			},
			good: []string{
				"package lib.waxseal.a\n\nx if not _ok(1)\n\n_ok(y) if f(y).ok",
				"package lib.waxseal.a\n\nx if {\n\tr := f(1)\n\tr.ok\n}",
				"package lib.waxseal.a\n\nx if {\n\tsome r in y\n\tnot r.ok\n}",
			},
		},
		{
			rule: "negated-call",
			bad: []string{
				"package lib.waxseal.a\n\nx if not f(1).ok",
				"package lib.waxseal.a\n\nx if not f(1).ok == true",
				"package lib.waxseal.a\n\nx if not \"a\" in object.keys(y)",
				"package lib.waxseal.a\n\nx if not g(f(1))",
			},
			good: []string{
				"package lib.waxseal.a\n\nx if not f(1)",
				"package lib.waxseal.a\n\nx if f(1).ok",
				"package lib.waxseal.a\n\nx if not y",
				"package lib.waxseal.a\n\nx if not \"a\" in [f(y) | some y in z]",
			},
		},
		{
			rule: "negated-argument",
			bad: []string{
				"package lib.waxseal.a\n\nx if not f(y.z)",
				"package lib.waxseal.a\n\nx if not startswith(y.z, \"a\")",
				"package lib.waxseal.a\n\nx if not \"a\" in y.z",
			},
			good: []string{
				"package lib.waxseal.a\n\nx contains ctr if {\n\tsome ctr in y\n\tnot f(ctr.image)\n}",
				"package lib.waxseal.a\n\nx if not y.z",
				"package lib.waxseal.a\n\nx if not y.z == 1",
				"package lib.waxseal.a\n\nx if {\n\tsome z in y\n\tnot f(z)\n}",
			},
		},
		{
			rule: "pattern",
			bad: []string{
				"package lib.waxseal.a\n\nx if regex.match(`a`, y)",
				"package lib.waxseal.a\n\nx if regex.match(`^a`, y)",
				"package lib.waxseal.a\n\nx if regex.match(\"^a$\", y)",
				"package lib.waxseal.a\n\nx if regex.match(y, z)",
				"package lib.waxseal.a\n\nx := regex.replace(y, `a$`, z)",
				"package lib.waxseal.a\n\n_p := `a`\n\nx if regex.match(_p, y)",
				"package lib.waxseal.a\n\nf(p) if regex.match(p, \"a\")",
			},
			good: []string{
				"package lib.waxseal.a\n\nx if regex.match(`^a$`, y)",
				"package lib.waxseal.a\n\n_p := `^a$`\n\nx if regex.match(_p, y)",
				"package lib.waxseal.a\n\nx := regex.replace(y, `^a$`, z)",
			},
		},
		{
			rule: "builtin",
			bad:  []string{"package lib.waxseal.a\n\nx := strings.split_n(\"a.b.c\", \".\", 2)"},
			good: []string{"package lib.waxseal.a\n\nx := object.union(y, z)", "package lib.waxseal.a\n\nx := evidence.unheard_of(1)"},
		},
		{
			rule: "exports",
			file: "lib/waxseal/policy/a/a.rego",
			bad: []string{
				"package lib.waxseal.policy.a\n\ndeny contains 1\n\npass contains 1\n\nnotes := set()",
				strings.Replace(policy, "notes := set()", "", 1),
				policy + "\nhelper := 1\n",
				policy + "\ncheck(x) if x\n",
			},
			good: []string{policy, policy + "\n_helper := 1\n"},
		},
		{
			rule: "head",
			file: "lib/waxseal/policy/a/a.rego",
			bad: []string{
				strings.Replace(policy, "result.new(rego.metadata.chain(), {})", "{\"code\": \"a.b\"}", 1),
				strings.Replace(policy, "result.new(rego.metadata.chain(), {})", "result.new([], {})", 1),
				strings.Replace(policy, "result.new(rego.metadata.chain(), {})", "result.note(rego.metadata.chain(), {})", 1),
				strings.Replace(policy, "result.new(rego.metadata.chain(), {})", "result.note_at(rego.metadata.chain(), {})", 1),
				strings.Replace(policy, "result.new(rego.metadata.chain(), {})", "result.at(rego.metadata.chain(), {\"why\": f(1)})", 1),
				strings.Replace(policy, "result.new(rego.metadata.chain(), {})", "result.new(rego.metadata.chain(), {\"why\": f(1)})", 1),
				strings.Replace(policy, "notes := set()", "notes := {1}", 1),
				strings.Replace(policy, "notes := set()", "notes contains result.new(rego.metadata.chain(), {})", 1),
			},
			good: []string{
				policy,
				strings.Replace(policy, "notes := set()", "notes contains result.note(rego.metadata.chain(), {})", 1),
				strings.Replace(policy, "notes := set()", "notes contains result.note_at(rego.metadata.chain(), {})", 1),
				strings.Replace(policy, "result.new(rego.metadata.chain(), {})", "result.at(rego.metadata.chain(), {})", 1),
			},
		},
		{
			rule: "metadata",
			file: "lib/waxseal/policy/a/a.rego",
			bad: []string{
				strings.Replace(policy, "# title: Policy", "# custom: {}", 1),
				strings.Replace(policy, "# description: Of the policy", "# custom: {}", 1),
				strings.Replace(policy, "# METADATA\n# title: Policy", "# title: Policy", 1),
				strings.Replace(policy, "# METADATA\n# title: Rule", "# title: Rule", 1),
				strings.Replace(policy, "# title: Rule\n", "", 1),
				strings.Replace(policy, "# related_resources:\n#   - https://example.org/rule\n", "", 1),
				strings.Replace(policy, "code: a.b", "code: other.b", 1),
				strings.Replace(policy, "code: a.b", "code: ab", 1),
				strings.Replace(policy, "severity: high", "severity: dreadful", 1),
				strings.Replace(policy, "remediation: Do it.", "remedy: Do it.", 1),
				strings.Replace(policy, "controls: [\"CWE:494\"]", "controls: []", 1),
			},
			good: []string{policy},
		},
	} {
		file := row.file
		if file == "" {
			file = "lib/waxseal/a/a.rego"
		}
		for _, source := range row.bad {
			require.Contains(t, rules(lint.File(file, source)), row.rule, "%s", source)
		}
		for _, source := range row.good {
			require.NotContains(t, rules(lint.File(file, source)), row.rule, "%s", source)
		}
	}
}

func TestDirSaysWhere(t *testing.T) {
	problems, err := lint.Dir(fstest.MapFS{
		"lib/waxseal/a/a.rego":      {Data: []byte("package lib.waxseal.a\n\nx := input\n\ny if not f(1).ok\n")},
		"lib/waxseal/a/a_test.rego": {Data: []byte("package lib.waxseal.a_test\n\nx := input\n")},
		"lib/waxseal/a/a.json":      {Data: []byte("{}")},
	})
	require.NoError(t, err)
	require.Len(t, problems, 2)
	require.Equal(t, "lib/waxseal/a/a.rego:3: world: input is read only in host.rego: read host.object and host.parameters", problems[0].String())
	require.Equal(t, lint.Problem{File: "lib/waxseal/a/a.rego", Line: 5, Rule: "negated-call", Text: problems[1].Text}, problems[1])
}

// A policy may have parts: what it has to export stands in its own file, and
// what it may export is the same for all.
func TestPartsOfAPolicy(t *testing.T) {
	const whole = `# METADATA
# title: a
# description: b
# related_resources:
#   - https://example.com
# custom:
#   controls: []
package lib.waxseal.policy.a

requests := set()

deny := set()

pass := set()

notes := set()
`
	const part = "package lib.waxseal.policy.a\n\n_x := 1\n\ny := 1\n"
	found := func(files fstest.MapFS) []string {
		problems, err := lint.Dir(files)
		require.NoError(t, err)
		return rules(problems)
	}
	own, other := &fstest.MapFile{Data: []byte(whole)}, &fstest.MapFile{Data: []byte(part)}
	alone := found(fstest.MapFS{"lib/waxseal/policy/a/a.rego": own})
	require.Equal(t, append(alone, "exports"), found(fstest.MapFS{"lib/waxseal/policy/a/a.rego": own, "lib/waxseal/policy/a/b.rego": other}))
	require.Equal(t, []string{"exports", "exports", "exports", "exports", "metadata", "exports"}, found(fstest.MapFS{"lib/waxseal/policy/a/b.rego": other}))
}

// Rego of a user's own reads input, calls the builtins and imports what it
// likes; what admits silently is said there too.
func TestOwnRegoIsItsOwn(t *testing.T) {
	const own = `package deploy

import data.teams
import rego.v1

deny contains ctr.image if {
	some ctr in input.spec.containers
	not _signed(ctr.image)
}

_signed(ref) if cosign.verify(ref, {"keys": teams.keys}).ok
`
	require.Empty(t, lint.File("policy/deploy.rego", strings.Replace(own, "package deploy", "package policy", 1)))
	require.Empty(t, lint.File("deploy/deploy.rego", own))
	require.Empty(t, lint.File("own/policy/deploy/deploy.rego", strings.Replace(own, "package deploy", "package own.policy.deploy", 1)))
	require.Equal(t, []string{"negated-call"}, rules(lint.File("deploy/deploy.rego", own+"\nallow if not cosign.verify(\"a\", {}).ok\n")))
	require.Equal(t, []string{"imports", "imports", "world", "world"},
		rules(lint.File("lib/waxseal/deploy/deploy.rego", strings.Replace(own, "package deploy", "package lib.waxseal.deploy", 1))))
}

func TestGoodPolicyIsClean(t *testing.T) {
	require.Empty(t, lint.File("lib/waxseal/policy/a/a.rego", policy))
}

const policy = `# METADATA
# title: Policy
# description: Of the policy
# related_resources:
#   - https://example.org
package lib.waxseal.policy.a

import data.lib.waxseal.result

requests := set()

# METADATA
# title: Rule
# description: Of the rule
# related_resources:
#   - https://example.org/rule
# custom:
#   code: a.b
#   severity: high
#   remediation: Do it.
#   controls: ["CWE:494"]
deny contains result.new(rego.metadata.chain(), {}) if _refused

pass := set()

notes := set()

_refused if false
`

func rules(problems []lint.Problem) []string {
	out := []string{}
	for _, p := range problems {
		out = append(out, p.Rule)
	}
	return out
}
