// Command tsa is Sigstore's timestamp authority, with a signer in memory. Its own
// command serves metrics at port 2112 of all addresses whatever it is told; here
// it is the API alone, on the loopback address: tsa PORT.
package main

import (
	"log"
	"os"
	"strconv"
	"time"

	"github.com/sigstore/timestamp-authority/v2/pkg/server"
	"github.com/spf13/viper"
)

func main() {
	port, err := strconv.Atoi(os.Args[len(os.Args)-1])
	if err != nil {
		log.Fatal("tsa PORT: ", err)
	}
	const policy = "1.3.6.1.4.1.57264.2"
	for name, value := range map[string]any{
		"timestamp-signer": "memory", "timestamp-signer-hash": "sha256", "max-request-body-size": 1 << 20,
		"default-policy-oid": policy, "accepted-policy-oids": []string{policy},
	} {
		viper.Set(name, value)
	}
	s := server.NewRestAPIServer("127.0.0.1", port, []string{"http"}, false, 30*time.Second, 30*time.Second)
	s.CleanupTimeout = time.Second
	if err := s.Serve(); err != nil {
		log.Fatal(err)
	}
}
