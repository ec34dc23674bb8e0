// Command shop writes the folder of package shop: the registry of the examples
// as an OCI layout, and the waxseal.yaml that reads it. With
// WAXSEAL_CONFIG=DIR/waxseal.yaml, suites and samples find their images.
package main

import (
	"fmt"
	"os"

	"github.com/waxseal/waxseal/tests/fixture/shop"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./tests/shop DIR")
		os.Exit(2)
	}
	refs, err := shop.Write(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(2)
	}
	for name, ref := range refs {
		fmt.Println(name, ref)
	}
}
