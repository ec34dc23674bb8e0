package lib.waxseal.image_test

import data.lib.waxseal.image

_a := "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

_b := concat("", ["sha512:", _repeat("b", 128)])

_repeat(text, n) := concat("", [text | some _ in numbers.range(1, n)])

_invalid := {"valid": false, "registry": "", "repository": "", "name": "", "tag": "", "digest": ""}

test_parse_whole if {
	image.parse(concat("", ["Registry.Example:443/Team/x", "@", _a])) == _invalid
	image.parse(concat("", ["Registry.Example:443/team/x:1", "@", _a])) == {
		"valid": true,
		"registry": "registry.example",
		"repository": "team/x",
		"name": "registry.example/team/x",
		"tag": "1",
		"digest": _a,
	}
}

test_parse_normalised if {
	wrong := {ref: got |
		some ref, want in {
			"nginx": "docker.io/library/nginx",
			"nginx:1.27": "docker.io/library/nginx",
			"acme/app": "docker.io/acme/app",
			"docker.io/nginx": "docker.io/library/nginx",
			"index.docker.io/nginx": "docker.io/library/nginx",
			"registry-1.docker.io/acme/app": "docker.io/acme/app",
			"Index.Docker.io:443/nginx": "docker.io/library/nginx",
			"docker.io./nginx": "docker.io/library/nginx",
			"registry.example./x": "registry.example/x",
			"Registry.example.:5000/x": "registry.example:5000/x",
			"registry.example:443/x": "registry.example/x",
			"registry.example:0443/x": "registry.example:0443/x",
			"localhost/x": "localhost/x",
			"localhost:443/x": "localhost/x",
			"localhost:5000/x": "localhost:5000/x",
			"Localhost/x": "localhost/x",
			"foo:443/x": "foo:443/x",
			"foo:80/x": "foo:80/x",
			"foo.:80/x": "foo:80/x",
			"Foo/x": "foo:443/x",
			"[2001:DB8::1]:443/x": "[2001:db8::1]/x",
			"[::1].:443/x": "[::1]/x",
			"a.b:443./c/d": "",
			"a.b:443./c/d@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff": "",
			"a.b.:443./x": "",
			"[::1]:443./x": "",
			"foo./x": "",
			"Foo./x": "",
			"registry.example../x": "",
			"docker.io/": "",
			"/x": "",
			"x/": "",
			"a//b": "",
			" nginx": "",
			"nginx\n": "",
			"nginx\n.b/x": "",
			"https://registry.example/x": "",
			"x@sha256:AAAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "",
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": "",
		}
		got := image.parse(ref).name
		got != want
	}
	wrong == {}
}

test_parse_is_total if {
	every ref in {null, 5, true, {}, [], "", _repeat("a", 256), _repeat("a", 4097)} {
		image.parse(ref) == _invalid
	}
}

test_parse_tag_and_digest if {
	object.filter(image.parse("nginx"), {"tag", "digest"}) == {"tag": "latest", "digest": ""}
	object.filter(image.parse(concat("@", ["nginx", _a])), {"tag", "digest"}) == {"tag": "", "digest": _a}
	object.filter(image.parse(concat("@", ["nginx:1", _b])), {"tag", "digest"}) == {"tag": "1", "digest": _b}
}

test_matches if {
	wrong := {[pattern, ref] |
		some [pattern, ref] in [
			["registry.example", "registry.example/a"],
			["registry.example", "registry.example/a/b/c:1"],
			["Registry.Example:443", "registry.example/a"],
			["registry.example/*", "registry.example/a"],
			["registry.example/team/*", "registry.example/team/app:1"],
			["registry.example/te*m/a*", "registry.example/team/app"],
			["registry.example/**", "registry.example/a/b/c"],
			["registry.example/team/**", "registry.example/team/a"],
			["docker.io/acme/*", "acme/x"],
			["index.docker.io/acme/*", "acme/x"],
			["docker.io/nginx", "nginx"],
			["docker.io/*", "nginx"],
			["docker.io", "acme/x"],
			["docker.io/**", "acme/x"],
			["*.example", "a.example/x"],
			["*.example/x", "a.b.example/x"],
			["localhost:5000/x", "localhost:5000/x"],
			["localhost/x", "localhost/x"],
			["[::1]:5000/x", "[::1]:5000/x"],
			["[::1]", "[::1]/x"],
			["foo:443/x", "Foo/x"],
			["*", "nginx"],
			["**", "registry.example/a/b"],
			["*/library/nginx", "nginx"],
		]
		not image.matches(ref, pattern)
	}
	wrong == set()
}

test_matches_not if {
	wrong := {[pattern, ref] |
		some [pattern, ref] in [
			["docker.io/acme", "acmeevil/x"],
			["docker.io/acme", "acme/x"],
			["docker.io/acme/*", "acmeevil/x"],
			["docker.io/acme/**", "acmeevil/x"],
			["registry.example", "registry.example.evil/x"],
			["registry.example", "registry.example:5000/x"],
			["registry.example/team/*", "registry.example/team/a/b"],
			["registry.example/team/*", "registry.example/team"],
			["registry.example/team/**", "registry.example/team"],
			["registry.example/team/**", "registry.example/teams/a"],
			["registry.example/*", "registry.example/a/b"],
			["*.example/x", "example/x"],
			["registry.example/a", "not valid"],
			["registry.example/?", "registry.example/a"],
			["registryxexample/a", "registry.example/a"],
			["registry.example/**", ""],
			["*", ""],
			["**", "not valid"],
		]
		image.matches(ref, pattern)
	}
	wrong == set()
}

test_valid_pattern_not if {
	wrong := {pattern |
		some pattern in {
			"", "acme", "acme/*", "*acme/x", "a.b/", "a.b//c", "/x", "a.b/**/c", "**/c", "a.b/c**", "a**.b/c",
			"a.b/C", "a.b/c:1", "a.b/c@sha256:aa", "a.b/{c,d}", "a.b/[ab]", "a.b/c d", "a.b/\\*", " a.b", "***", "a.b/***",
			null, 5, _repeat("a.", 2049),
		}
		image.valid_pattern(pattern)
	}
	wrong == set()
}
