package lib.waxseal.image_test

import data.lib.waxseal.image

_a := "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

_b := concat("", ["sha512:", _repeat("b", 128)])

_repeat(text, n) := concat("", [text | some _ in numbers.range(1, n)])

_invalid := {"valid": false, "registry": "", "repository": "", "name": "", "written": "", "tag": "", "digest": ""}

test_parse_whole if {
	image.parse(concat("", ["Registry.Example:443/Team/x", "@", _a])) == _invalid
	image.parse(concat("", ["Registry.Example:443/team/x:1", "@", _a])) == {
		"valid": true,
		"registry": "registry.example",
		"repository": "team/x",
		"name": "registry.example/team/x",
		"written": "registry.example/team/x",
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

_mirrors := {
	"Mirror.corp:443/dockerhub": "docker.io",
	"mirror.corp/dockerhub/internal": "registry.corp/internal",
	"quay.corp": "quay.io",
	"one.corp/nginx": "docker.io/nginx",
	"hub.corp": "index.docker.io",
}

test_origins if {
	wrong := {ref: got |
		some ref, want in {
			"mirror.corp/dockerhub/library/nginx:1": "docker.io/library/nginx",
			"MIRROR.corp/dockerhub/nginx": "docker.io/library/nginx",
			"mirror.corp/dockerhub/acme/app": "docker.io/acme/app",
			"mirror.corp/dockerhub/internal/app": "registry.corp/internal/app",
			"mirror.corp/dockerhub/internals/app": "docker.io/internals/app",
			"mirror.corp/dockerhubevil/library/nginx": "mirror.corp/dockerhubevil/library/nginx",
			"mirror.corp/dockerhub": "mirror.corp/dockerhub",
			"mirror.corp.evil/dockerhub/library/nginx": "mirror.corp.evil/dockerhub/library/nginx",
			"mirror.corp:5000/dockerhub/library/nginx": "mirror.corp:5000/dockerhub/library/nginx",
			"other.corp/mirror.corp/dockerhub/library/nginx": "other.corp/mirror.corp/dockerhub/library/nginx",
			"quay.corp/prometheus/node": "quay.io/prometheus/node",
			"one.corp/nginx": "docker.io/library/nginx",
			"one.corp/nginx/x": "docker.io/nginx/x",
			"hub.corp/nginx": "docker.io/library/nginx",
			"nginx": "docker.io/library/nginx",
		}
		got := image.parse(ref).name with data.lib.waxseal.host.parameters as {"origins": _mirrors}
		got != want
	}
	wrong == {}
}

test_origins_both_names if {
	got := image.parse("mirror.corp/dockerhub/nginx:1") with data.lib.waxseal.host.parameters as {"origins": _mirrors}
	got == {
		"valid": true,
		"registry": "docker.io",
		"repository": "library/nginx",
		"name": "docker.io/library/nginx",
		"written": "mirror.corp/dockerhub/nginx",
		"tag": "1",
		"digest": "",
	}
}

# What is written wrongly changes no name; the verdict refuses it.
test_origins_malformed if {
	every table in [null, "x", [], {"mirror.corp": 5}, {"mirror.*": "docker.io"}, {"mirror.corp": "**"}, {"mirror": "docker.io"}, {"mirror.corp/x:1": "docker.io"}] {
		got := image.parse("mirror.corp/x/y").name with data.lib.waxseal.host.parameters as {"origins": table}
		got == "mirror.corp/x/y"
	}
}

test_origins_problems if {
	image.origins_problems(_mirrors) == set()
	image.origins_problems({"mirror.*": "docker.io", "b.corp": "quay"}) == {
		`origins has "mirror.*": write a host, or a host with a path, without * and without a tag`,
		`origins has "quay": write a host, or a host with a path, without * and without a tag`,
	}
	image.origins_problems({"a.corp": "b.corp/x", "b.corp": "docker.io"}) == {"origins names b.corp/x as the origin of a.corp, and an origin for b.corp: an origin cannot have one itself"}
	image.origins_problems({"a.corp": "a.corp"}) == {"origins names a.corp as the origin of a.corp, and an origin for a.corp: an origin cannot have one itself"}
	image.origins_problems({"a.corp": "b.corp", "b.corp/hub": "docker.io"}) == {"origins names b.corp as the origin of a.corp, and an origin for b.corp/hub: an origin cannot have one itself"}
	image.origins_problems({"a.corp": "docker.io", "A.corp:443": "quay.io"}) == {"origins has A.corp:443 and a.corp, which are the same place"}
}

test_matches_any_name if {
	params := {"origins": _mirrors}
	ref := "mirror.corp/dockerhub/acme/app"
	image.matches(ref, "docker.io/acme/*") with data.lib.waxseal.host.parameters as params
	not image.matches(ref, "mirror.corp/**") with data.lib.waxseal.host.parameters as params
	image.matches_any_name(ref, "docker.io/acme/*") with data.lib.waxseal.host.parameters as params
	image.matches_any_name(ref, "mirror.corp/**") with data.lib.waxseal.host.parameters as params
	not image.matches_any_name(ref, "mirror.corp/other/**") with data.lib.waxseal.host.parameters as params
}
