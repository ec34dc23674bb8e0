// Package notary reads Docker Content Trust: the targets that a Notary v1
// server holds for a repository, verified from a root that the operator pinned.
//
// A [Source] is one notary server with its pins. [Source.Open] fetches the
// metadata of one repository (its GUN, "globally unique name", is the
// normalised name of the repository, such as docker.io/library/nginx) and
// verifies root, timestamp, snapshot and targets; [Repository.Targets] reads the
// targets of the roles asked for, and loads the delegations on the way there.
//
// The package is the only one that knows github.com/theupdateframework/notary.
// That library is archived and nobody mends it any more, but its metadata has a
// canonical JSON and signature methods of its own, so a generic TUF library
// cannot read it, and the cryptography is not ours to write. So nothing reaches
// it unseen:
//
//   - What comes from outside is bounded: bytes by the one who fetches, nesting
//     and duplicate names of JSON by [check], root versions, delegations and
//     their depth by the constants of this package.
//   - Duplicate names are refused, because the library verifies the last of them
//     and reads all: two "targets" objects in one file would be merged after
//     one of them was verified.
//   - Panics become [fault.Malformed].
//   - Trust on first use is off: there is always a pin.
//   - Expiry is checked here, against [Config.Now], so that a recorded decision
//     verifies again later. Only the validity of the certificates in a root is
//     compared with the clock of the machine too.
//
// The library writes to the standard logger of logrus what it thinks of
// certificates that are about to expire.
//
// Errors carry these codes:
//
//   - [fault.Unsigned]: the server has no trust data for the repository.
//   - [fault.UntrustedIdentity]: the root is none of those pinned, or none is
//     pinned for the repository.
//   - [fault.SignatureInvalid]: a signature, a threshold or a rotation of the
//     root does not verify; or a version is lower than one seen before, and the
//     text says "tuf rollback".
//   - [fault.Expired], [fault.DigestMismatch], [fault.Malformed],
//     [fault.TooLarge]: the metadata has ended, or is not what other metadata or
//     the format says.
//   - [fault.Unavailable] and the others of the one who fetches.
package notary
