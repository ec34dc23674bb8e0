package lib.waxseal.image_test

import data.lib.waxseal.image

# The vectors of github.com/distribution/reference (Apache-2.0), reference_test.go: what its Parse
# accepts and refuses, with the names in normalised form. Left out: a sha512 digest, which its test
# refuses because that test does not link the algorithm; Kubernetes links it.
_vectors := {
	"test_com": {"name": "docker.io/library/test_com", "tag": "latest", "digest": ""},
	"test.com:tag": {"name": "docker.io/library/test.com", "tag": "tag", "digest": ""},
	"test.com:5000": {"name": "docker.io/library/test.com", "tag": "5000", "digest": ""},
	"test.com/repo:tag": {"name": "test.com/repo", "tag": "tag", "digest": ""},
	"test:5000/repo": {"name": "test:5000/repo", "tag": "latest", "digest": ""},
	"test:5000/repo:tag": {"name": "test:5000/repo", "tag": "tag", "digest": ""},
	"test:5000/repo@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff": {"name": "test:5000/repo", "tag": "", "digest": "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	"test:5000/repo:tag@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff": {"name": "test:5000/repo", "tag": "tag", "digest": "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	"test:5000/repo": {"name": "test:5000/repo", "tag": "latest", "digest": ""},
	"": {"name": "", "tag": "", "digest": ""},
	":justtag": {"name": "", "tag": "", "digest": ""},
	"@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff": {"name": "", "tag": "", "digest": ""},
	"repo@sha256:ffffffffffffffffffffffffffffffffff": {"name": "", "tag": "", "digest": ""},
	"validname@invaliddigest:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff": {"name": "", "tag": "", "digest": ""},
	"Uppercase:tag": {"name": "", "tag": "", "digest": ""},
	"test:5000/Uppercase/lowercase:tag": {"name": "", "tag": "", "digest": ""},
	"lowercase:Uppercase": {"name": "docker.io/library/lowercase", "tag": "Uppercase", "digest": ""},
	"a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a:tag-puts-this-over-max": {"name": "docker.io/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", "tag": "tag-puts-this-over-max", "digest": ""},
	"aa/asdf$$^/aa": {"name": "", "tag": "", "digest": ""},
	"sub-dom1.foo.com/bar/baz/quux": {"name": "sub-dom1.foo.com/bar/baz/quux", "tag": "latest", "digest": ""},
	"sub-dom1.foo.com/bar/baz/quux:some-long-tag": {"name": "sub-dom1.foo.com/bar/baz/quux", "tag": "some-long-tag", "digest": ""},
	"b.gcr.io/test.example.com/my-app:test.example.com": {"name": "b.gcr.io/test.example.com/my-app", "tag": "test.example.com", "digest": ""},
	"xn--n3h.com/myimage:xn--n3h.com": {"name": "xn--n3h.com/myimage", "tag": "xn--n3h.com", "digest": ""},
	"xn--7o8h.com/myimage:xn--7o8h.com@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff": {"name": "xn--7o8h.com/myimage", "tag": "xn--7o8h.com", "digest": "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	"foo_bar.com:8080": {"name": "docker.io/library/foo_bar.com", "tag": "8080", "digest": ""},
	"foo/foo_bar.com:8080": {"name": "docker.io/foo/foo_bar.com", "tag": "8080", "digest": ""},
	"192.168.1.1": {"name": "docker.io/library/192.168.1.1", "tag": "latest", "digest": ""},
	"192.168.1.1:tag": {"name": "docker.io/library/192.168.1.1", "tag": "tag", "digest": ""},
	"192.168.1.1:5000": {"name": "docker.io/library/192.168.1.1", "tag": "5000", "digest": ""},
	"192.168.1.1/repo": {"name": "192.168.1.1/repo", "tag": "latest", "digest": ""},
	"192.168.1.1:5000/repo": {"name": "192.168.1.1:5000/repo", "tag": "latest", "digest": ""},
	"192.168.1.1:5000/repo:5050": {"name": "192.168.1.1:5000/repo", "tag": "5050", "digest": ""},
	"[2001:db8::1]": {"name": "", "tag": "", "digest": ""},
	"[2001:db8::1]:5000": {"name": "", "tag": "", "digest": ""},
	"[2001:db8::1]:tag": {"name": "", "tag": "", "digest": ""},
	"[2001:db8::1]/repo": {"name": "[2001:db8::1]/repo", "tag": "latest", "digest": ""},
	"[2001:db8:1:2:3:4:5:6]/repo:tag": {"name": "[2001:db8:1:2:3:4:5:6]/repo", "tag": "tag", "digest": ""},
	"[2001:db8::1]:5000/repo": {"name": "[2001:db8::1]:5000/repo", "tag": "latest", "digest": ""},
	"[2001:db8::1]:5000/repo:tag": {"name": "[2001:db8::1]:5000/repo", "tag": "tag", "digest": ""},
	"[2001:db8::1]:5000/repo@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff": {"name": "[2001:db8::1]:5000/repo", "tag": "", "digest": "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	"[2001:db8::1]:5000/repo:tag@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff": {"name": "[2001:db8::1]:5000/repo", "tag": "tag", "digest": "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
	"[2001:db8::]:5000/repo": {"name": "[2001:db8::]:5000/repo", "tag": "latest", "digest": ""},
	"[::1]:5000/repo": {"name": "[::1]:5000/repo", "tag": "latest", "digest": ""},
	"[fe80::1%eth0]:5000/repo": {"name": "", "tag": "", "digest": ""},
	"[fe80::1%@invalidzone]:5000/repo": {"name": "", "tag": "", "digest": ""},
}

test_parse_vectors if {
	wrong := {ref: got |
		some ref, want in _vectors
		parsed := image.parse(ref)
		got := object.filter(parsed, {"name", "tag", "digest"})
		got != want
	}
	wrong == {}
}
