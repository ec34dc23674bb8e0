// Package hosts holds no code: its tests run the hosts that `make conftest` and
// `make gatekeeper` build, beside those that upstream ships.
package hosts
