// Package trustroot loads trust roots by TUF, The Update Framework: the one of
// Sigstore's public-good instance, and those of private instances.
//
// A [Source] starts from a root.json that is known beforehand, follows the
// chain of signed metadata from there, and returns the trusted_root.json that
// it leads to. It loads at first use, never at start. What it loaded it keeps in
// memory, and refreshes after a day while the old one is used; and in a folder,
// for the next process, which refreshes it first when it is a day old, and uses
// it as it is when that takes too long. Nothing is used longer than the metadata
// says.
//
// The cache is one file for each repository. It holds what the repository sent
// and is verified again from the root.json whenever it is read: who can write
// the file can delay updates until the metadata expires, and nothing else.
// Nothing that a repository says becomes a path.
//
// Errors carry these codes:
//
//   - [fault.Unavailable]: the repository cannot be reached, or offline and
//     nothing usable in the cache.
//   - [fault.SignatureInvalid]: the metadata is refused. It is signed by the
//     wrong keys, expired, rolled back, or does not match its hash. This is an
//     answer, not a hiccup: an attack looks like that.
//   - [fault.TooLarge], [fault.Malformed], [fault.Unsupported]: what was sent
//     cannot be read.
//   - [fault.Timeout]: the caller's deadline passed first.
//
// None of them is kept.
package trustroot
