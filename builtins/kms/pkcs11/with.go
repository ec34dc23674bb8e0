//go:build pkcs11key && cgo

package pkcs11

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/miekg/pkcs11"
)

// ckkEdwards is CKK_EC_EDWARDS of PKCS #11 3.0, which the library does not name.
const ckkEdwards = 0x40

// turn is taken by whoever uses a module: a module is initialised once for the
// whole process, and finalising it ends everybody's sessions.
var turn = make(chan struct{}, 1)

// PublicKey reads the key that a URI names. It logs in only where a PIN is given
// and the key cannot be seen without: every wrong PIN counts, and some wrong ones
// lock the token.
func PublicKey(ctx context.Context, uri string) (crypto.PublicKey, error) {
	r, err := parse(uri)
	if err != nil {
		return nil, err
	}
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return r.read()
}

func (r *reference) read() (crypto.PublicKey, error) {
	module := pkcs11.New(r.module)
	if module == nil {
		return nil, fmt.Errorf("the module %s cannot be loaded", r.module)
	}
	defer module.Destroy()
	err := module.Initialize()
	switch {
	case errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED)): // by another user in this process
	case err != nil:
		return nil, fmt.Errorf("initialise the module %s: %w", r.module, err)
	default:
		defer func() { _ = module.Finalize() }() // the key has been read
	}
	slot, err := r.findSlot(module)
	if err != nil {
		return nil, err
	}
	session, err := module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return nil, fmt.Errorf("open a session: %w", err)
	}
	defer func() { _ = module.CloseSession(session) }() // the key has been read
	return r.find(module, session)
}

func (r *reference) findSlot(module *pkcs11.Ctx) (uint, error) {
	slots, err := module.GetSlotList(true)
	if err != nil {
		return 0, fmt.Errorf("list the tokens: %w", err)
	}
	var found []uint
	var labels []string
	for _, slot := range slots {
		info, err := module.GetTokenInfo(slot)
		if err != nil {
			continue // taken out meanwhile
		}
		if info.Label != "" {
			labels = append(labels, info.Label)
		}
		if r.names(slot, info) {
			found = append(found, slot)
		}
	}
	slices.Sort(labels)
	switch len(found) {
	case 0:
		return 0, fmt.Errorf("there is no such token; there are %q", labels)
	case 1:
		return found[0], nil
	}
	return 0, fmt.Errorf("%d tokens are named so; add serial", len(found))
}

func (r *reference) names(slot uint, info pkcs11.TokenInfo) bool {
	is := func(want, have string) bool { return want == "" || want == strings.TrimRight(have, " \x00") }
	return (r.slot == nil || *r.slot == slot) && is(r.token, info.Label) && is(r.serial, info.SerialNumber) &&
		is(r.manufacturer, info.ManufacturerID) && is(r.model, info.Model)
}

func (r *reference) find(module *pkcs11.Ctx, session pkcs11.SessionHandle) (crypto.PublicKey, error) {
	object, err := r.findObject(module, session)
	if !errors.Is(err, errNoObject) {
		return attributesOf(module, session, object, err)
	}
	pin, wrong := r.pin()
	switch {
	case wrong != nil:
		return nil, wrong
	case pin == "":
		return nil, fmt.Errorf("%w that can be seen without a PIN; pin-source or $%s give one", err, pinVariable)
	}
	if err := module.Login(session, pkcs11.CKU_USER, pin); err != nil {
		return nil, fmt.Errorf("log in (wrong PINs are counted by the token): %w", err)
	}
	defer func() { _ = module.Logout(session) }() // the key has been read
	object, err = r.findObject(module, session)
	return attributesOf(module, session, object, err)
}

var errNoObject = errors.New("the token has no such public key")

func (r *reference) findObject(module *pkcs11.Ctx, session pkcs11.SessionHandle) (pkcs11.ObjectHandle, error) {
	template := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PUBLIC_KEY)}
	if r.object != "" {
		template = append(template, pkcs11.NewAttribute(pkcs11.CKA_LABEL, r.object))
	}
	if len(r.id) > 0 {
		template = append(template, pkcs11.NewAttribute(pkcs11.CKA_ID, r.id))
	}
	if err := module.FindObjectsInit(session, template); err != nil {
		return 0, fmt.Errorf("look for the key: %w", err)
	}
	objects, _, err := module.FindObjects(session, 2)
	if end := module.FindObjectsFinal(session); err == nil {
		err = end
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("look for the key: %w", err)
	case len(objects) == 0:
		return 0, errNoObject
	case len(objects) > 1:
		return 0, errors.New("several public keys are named so; add id")
	}
	return objects[0], nil
}

// attributesOf reads the public key of an object, unless there is an error already.
func attributesOf(module *pkcs11.Ctx, session pkcs11.SessionHandle, object pkcs11.ObjectHandle, err error) (crypto.PublicKey, error) {
	if err != nil {
		return nil, err
	}
	get := func(kinds ...uint) ([][]byte, error) {
		var template []*pkcs11.Attribute
		for _, kind := range kinds {
			template = append(template, pkcs11.NewAttribute(kind, nil))
		}
		attributes, err := module.GetAttributeValue(session, object, template)
		if err != nil {
			return nil, fmt.Errorf("read the key: %w", err)
		}
		var out [][]byte
		for _, a := range attributes {
			out = append(out, a.Value)
		}
		return out, nil
	}
	kind, err := get(pkcs11.CKA_KEY_TYPE)
	if err != nil {
		return nil, err
	}
	is := func(want uint) bool { return string(kind[0]) == string(pkcs11.NewAttribute(0, want).Value) }
	switch {
	case is(pkcs11.CKK_EC):
		return ellipticOf(get, asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}) // id-ecPublicKey, RFC 5480
	case is(ckkEdwards):
		return ellipticOf(get, nil)
	case is(pkcs11.CKK_RSA):
		return rsaOf(get)
	}
	return nil, fmt.Errorf("a key of PKCS #11 type %#x; expected EC, Ed25519 or RSA", kind[0])
}

// ellipticOf writes the SubjectPublicKeyInfo of the key, and has it read: the
// point is on the curve then. Without an algorithm it is Ed25519 (RFC 8410).
func ellipticOf(get func(...uint) ([][]byte, error), algorithm asn1.ObjectIdentifier) (crypto.PublicKey, error) {
	values, err := get(pkcs11.CKA_EC_PARAMS, pkcs11.CKA_EC_POINT)
	if err != nil {
		return nil, err
	}
	var point []byte
	if rest, err := asn1.Unmarshal(values[1], &point); err != nil || len(rest) > 0 {
		point = values[1] // some tokens leave the OCTET STRING out
	}
	type identifier struct {
		Algorithm  asn1.ObjectIdentifier
		Parameters asn1.RawValue `asn1:"optional"`
	}
	info := struct {
		Algorithm identifier
		Key       asn1.BitString
	}{identifier{algorithm, asn1.RawValue{FullBytes: values[0]}}, asn1.BitString{Bytes: point, BitLength: 8 * len(point)}}
	if algorithm == nil {
		info.Algorithm = identifier{Algorithm: asn1.ObjectIdentifier{1, 3, 101, 112}}
	}
	der, err := asn1.Marshal(info)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	return x509.ParsePKIXPublicKey(der)
}

func rsaOf(get func(...uint) ([][]byte, error)) (crypto.PublicKey, error) {
	values, err := get(pkcs11.CKA_MODULUS, pkcs11.CKA_PUBLIC_EXPONENT)
	if err != nil {
		return nil, err
	}
	exponent := new(big.Int).SetBytes(values[1])
	if exponent.BitLen() > 31 {
		return nil, errors.New("an RSA key with a public exponent of more than 31 bits")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(values[0]), E: int(exponent.Int64())}, nil
}
