package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/config"
)

func TestNotary(t *testing.T) {
	dir := t.TempDir()
	chain := certificate(t)
	write(t, dir, "ca.pem", chain)
	write(t, dir, "root.json", []byte("{}"))
	c, err := config.Parse("w.yaml", []byte(minimal+`notary:
  team:
    url: https://notary.example:4443
    ca: ca.pem
    token_hosts: [Auth.example]
    guns:
      - {gun: registry.example/team/*, key_ids: [abc, def]}
      - {gun: docker.io/team/*, root_ca: ca.pem}
      - {gun: registry.example/team/app, root: root.json}
  local: {url: "http://127.0.0.1:4443", guns: [{gun: "*", key_ids: [abc]}]}
`), dir)
	require.NoError(t, err)
	require.Equal(t, map[string]config.Notary{
		"team": {
			URL: "https://notary.example:4443", CA: chain, TokenHosts: []string{"auth.example"},
			GUNs: []config.NotaryGUN{
				{GUN: "registry.example/team/*", KeyIDs: []string{"abc", "def"}},
				{GUN: "docker.io/team/*", CA: chain},
				{GUN: "registry.example/team/app", Root: []byte("{}")},
			},
		},
		"local": {URL: "http://127.0.0.1:4443", GUNs: []config.NotaryGUN{{GUN: "*", KeyIDs: []string{"abc"}}}},
	}, c.Notaries)
}

func TestNotaryMistakes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "text", []byte("hello"))
	one := func(entry string) string {
		return minimal + "notary: {n: {url: https://n.example, guns: [" + entry + "]}}"
	}
	at := func(url string) string {
		return minimal + "notary: {n: {url: \"" + url + "\", guns: [{gun: a, key_ids: [a]}]}}"
	}
	raw, err := config.Schema(nil)
	require.NoError(t, err)
	published := compile(t, raw)
	for _, row := range []struct {
		text, want string
		shape      bool // the published schema refuses it too
	}{
		{minimal + "notary: {n: {}}", "w.yaml:3:13: notary.n.guns: missing: the repositories that it answers for, each with the root that is trusted; of several entries that match, the longest counts", true},
		{one(""), "w.yaml:3:44: notary.n.guns: empty: the repositories that it answers for, each with the root that is trusted; of several entries that match, the longest counts", true},
		{one("{gun: a}"), "w.yaml:3:45: notary.n.guns[0]: needs one of key_ids, root_ca, root", true},
		{one("{gun: a, root: text, root_ca: text}"), "w.yaml:3:45: notary.n.guns[0]: has root_ca and root; keep one of them", true},
		{one("{gun: a, key_ids: []}"), "w.yaml:3:63: notary.n.guns[0].key_ids: empty: IDs of root keys, 64 hexadecimal digits, as root.json names them", true},
		{one("{gun: a, root: text}"), "w.yaml:3:54: notary.n.guns[0].root: text is not JSON; expected a root.json", false},
		{one("{gun: a, root_ca: text}"), "w.yaml:3:54: notary.n.guns[0].root_ca: text holds no certificate; expected -----BEGIN CERTIFICATE-----", false},
		{one("{gun: a, tofu: true}"), "w.yaml:3:54: notary.n.guns[0].tofu: unknown key; expected gun, key_ids, root, root_ca", true},
		{at("http://n.example"), `w.yaml:3:14: notary.n.url: "http://n.example" is not https`, false},
		{at("n.example"), `w.yaml:3:14: notary.n.url: "n.example" is not an address such as https://notary.example`, false},
		{at("https://u:p@n.example"), "w.yaml:3:14: notary.n.url: the address must not hold credentials; put them under credentials, for its host", false},
	} {
		require.Contains(t, problems(t, row.text, dir), row.want)
		if row.shape {
			require.Error(t, validate(t, published, row.text), row.text)
		} else {
			require.NoError(t, validate(t, published, row.text), row.text)
		}
	}
}
