package logs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/waxseal/waxseal/builtins/logs"
)

// Who pulls can choose the name that the log of a registry has of them (a URL with a
// user). It hides no pull.
func TestForgedNames(t *testing.T) {
	const pull = ` [05/Nov/2026:10:00:00 +0000] "GET /v2/evil/app/manifests/v1 HTTP/1.1" 200 1234 "" "containerd"` + "\n"
	for name, row := range map[string]struct {
		user   string
		images []string
		unread int
	}{
		"a name":              {"dev", []string{"registry.example/evil/app:v1"}, 0},
		"an empty list":       {`{"kind":"EventList"}`, []string{"registry.example/evil/app:v1"}, 0},
		"a record":            {`{"kind": "EventList"}`, []string{}, 1},
		"a request of before": {`dev [05/Nov/2026:10:00:00 +0000] "GET /v2/good/app/manifests/v1 HTTP/1.1" 200 1 "" "" x`, []string{}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			source := held("a", []byte("10.0.0.1 - "+row.user+pull))
			source.Registry = "registry.example"
			l, _ := read(t, logs.Options{}, source)
			images := []string{}
			for _, a := range l.Admissions {
				images = append(images, a.Image)
			}
			require.Equal(t, row.images, images)
			require.Equal(t, row.unread, l.Sources[0].Unread)
		})
	}
}

// A log at the level Metadata does not say what a patch has changed.
func TestPatchWithoutBody(t *testing.T) {
	const begin = `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"1","stage":"ResponseComplete","requestURI":"/apis/apps/v1/namespaces/shop/deployments/web","verb":"patch","user":{"username":"dev"},` +
		`"objectRef":{"resource":"deployments","namespace":"shop","name":"web","apiGroup":"apps","apiVersion":"v1"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-05T10:00:00.000000Z","stageTimestamp":"2026-11-05T10:00:00.100000Z"`
	for rest, reasons := range map[string]int{`}`: 1, `,"requestObject":{"spec":{"replicas":3}}}`: 0} {
		l, _ := read(t, logs.Options{}, held("a", []byte(begin+rest+"\n")))
		require.Equal(t, 1, l.Sources[0].Events)
		require.Len(t, l.Reasons, reasons, rest)
	}
}
