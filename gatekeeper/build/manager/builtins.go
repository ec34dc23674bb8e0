// Command manager is Gatekeeper with the builtins of Waxseal inside: the main of
// upstream, which builtins/hosted/build.sh lays over this package, and the
// imports here. They read the waxseal.yaml that $WAXSEAL_CONFIG names.
package main

import (
	_ "github.com/waxseal/waxseal/builtins/hosted"
	_ "github.com/waxseal/waxseal/builtins/kms" // keys: {name: {kms: URI}}
)
