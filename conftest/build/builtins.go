// Command conftest is conftest with the builtins of Waxseal inside: the main.go
// of upstream, which builtins/hosted/build.sh lays over this package, and the
// imports here. They read the waxseal.yaml that $WAXSEAL_CONFIG names.
//
// The path of the module stands below conftest's, because conftest's commands
// are internal to it. It is never published.
package main

import (
	_ "github.com/waxseal/waxseal/builtins/hosted"
	_ "github.com/waxseal/waxseal/builtins/kms" // keys: {name: {kms: URI}}
)
