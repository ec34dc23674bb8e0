// Package notation verifies signatures of the Notary Project over bytes in hand,
// with its own libraries: trust policy documents as notation reads them, JWS and
// COSE envelopes, RFC 3161 time stamps, lists of revoked certificates. It makes no
// call and reads no file.
//
// A [Policy] is a trust policy document with its trust stores, made once. For a
// repository it has one [Statement], and the statement verifies an [Envelope]
// against the digest of an image. Every error that is an answer carries a code of
// package fault.
//
// What notation lets pass and is no proof is refused here: the levels skip and
// audit ([Statement.Enforced]), signatures of blobs, critical attributes that
// nobody understands.
package notation
