// Package disk keeps manifests and blobs by digest in a folder, for the next
// process and, on a shared volume, for other replicas.
//
// Nobody has to trust the folder. What is read is hashed and compared with the
// digest that was asked for, so what somebody else wrote there is at worst
// fetched anew. A file's name says repository, kind and digest, so that content
// of one repository is never found in another. There are no locks: a file is
// written beside its place and renamed, and who evicts what another one reads
// costs that one a fetch.
package disk
