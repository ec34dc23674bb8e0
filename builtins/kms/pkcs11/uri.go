// Package pkcs11 reads public keys from PKCS #11 tokens: hardware security
// modules, smart cards, SoftHSM. Keys are named by URI (RFC 7512):
//
//	pkcs11:token=LABEL;object=LABEL?module-path=/usr/lib/softhsm/libsofthsm2.so
//
// PKCS #11 is a C interface, so it is in builds with cgo and the tag pkcs11key
// (cosign's) only; others refuse the URIs and say how to build.
package pkcs11

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Scheme is how the URIs begin.
const Scheme = "pkcs11:"

const (
	moduleVariable = "COSIGN_PKCS11_MODULE_PATH"
	pinVariable    = "COSIGN_PKCS11_PIN"
	maxPIN         = 1024 // bytes of a file with a PIN
)

// attributes are those of RFC 7512 that are understood; others are refused, for a
// key that is named more narrowly than it is looked for may be another one.
var (
	pathAttributes  = []string{"token", "serial", "manufacturer", "model", "slot-id", "object", "id", "type"}
	queryAttributes = []string{"module-path", "pin-source", "pin-value"}
)

// reference is what a URI names.
type reference struct {
	token, serial, manufacturer, model string
	slot                               *uint
	object                             string
	id                                 []byte
	module                             string // absolute path
	pin                                func() (string, error)
}

// parse reads a URI. No message holds what stands behind its question mark.
func parse(uri string) (*reference, error) {
	path, query, _ := strings.Cut(strings.TrimPrefix(uri, Scheme), "?")
	where, err := split(path, ";", pathAttributes)
	if err != nil {
		return nil, err
	}
	how, err := split(query, "&", queryAttributes)
	if err != nil {
		return nil, err
	}
	r := &reference{
		token: where["token"], serial: where["serial"], manufacturer: where["manufacturer"], model: where["model"],
		object: where["object"], id: []byte(where["id"]),
	}
	if text, given := where["slot-id"]; given {
		slot, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("slot-id %q is not a number", text)
		}
		number := uint(slot)
		r.slot = &number
	}
	switch {
	case r.token == "" && r.serial == "" && r.slot == nil:
		return nil, errors.New("one of token, serial and slot-id is needed")
	case r.object == "" && len(r.id) == 0:
		return nil, errors.New("one of object and id is needed")
	case where["type"] != "" && where["type"] != "public":
		return nil, fmt.Errorf("type=%s: only public keys are read", where["type"])
	}
	if r.module, err = module(how["module-path"]); err != nil {
		return nil, err
	}
	r.pin, err = pin(how)
	return r, err
}

// split reads attributes, each once.
func split(text, separator string, known []string) (map[string]string, error) {
	out := map[string]string{}
	if text == "" {
		return out, nil
	}
	for _, part := range strings.Split(text, separator) {
		name, value, _ := strings.Cut(part, "=")
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("an attribute is none of %s", strings.Join(known, ", "))
		}
		plain, err := url.PathUnescape(value) // + is a plus here
		if err != nil || plain == "" {
			return nil, fmt.Errorf("the attribute %s is empty, or not percent-encoded", name)
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("the attribute %s stands twice", name)
		}
		out[name] = plain
	}
	return out, nil
}

// module returns the library to load. It runs in this process, so it is named by
// its place and nothing is searched for.
func module(path string) (string, error) {
	if path == "" {
		path = os.Getenv(moduleVariable)
	}
	if path == "" {
		return "", fmt.Errorf("no module: name the library of the token with module-path or $%s", moduleVariable)
	}
	info, err := os.Stat(path)
	switch {
	case !filepath.IsAbs(path):
		return "", fmt.Errorf("the module %s: expected an absolute path", path)
	case err != nil || !info.Mode().IsRegular():
		return "", fmt.Errorf("the module %s is not a file that can be read", path)
	case info.Mode().Perm()&0o002 != 0:
		return "", fmt.Errorf("the module %s may be written by everybody (mode %04o), and would run in Waxseal; chmod o-w it", path, info.Mode().Perm())
	}
	return path, nil
}

// pin returns how the PIN is had. Public keys can be read without one in most
// tokens: then there is none, and nobody logs in.
func pin(how map[string]string) (func() (string, error), error) {
	source, fromFile := how["pin-source"]
	switch {
	case how["pin-value"] != "":
		return nil, fmt.Errorf("pin-value: a PIN does not belong into waxseal.yaml; write it to a file that only Waxseal may read and name that with pin-source, or put it into $%s", pinVariable)
	case !fromFile:
		return func() (string, error) { return os.Getenv(pinVariable), nil }, nil
	case strings.HasPrefix(source, "|"):
		return nil, errors.New("pin-source: no program is run; name a file")
	}
	path := strings.TrimPrefix(strings.TrimPrefix(source, "file:"), "//")
	if !filepath.IsAbs(path) {
		return nil, errors.New("pin-source: expected the absolute path of a file")
	}
	return func() (string, error) { return readPIN(path) }, nil
}

func readPIN(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", errors.New("pin-source: the file cannot be read")
	case !info.Mode().IsRegular() || info.Size() > maxPIN:
		return "", fmt.Errorf("pin-source: expected a file of at most %d bytes", maxPIN)
	case info.Mode().Perm()&0o007 != 0:
		return "", fmt.Errorf("pin-source: everybody may read the file (mode %04o); chmod o= it", info.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", errors.New("pin-source: the file cannot be read")
	}
	return strings.TrimRight(string(raw), "\r\n"), nil
}
