// Package parity judges one corpus of cases in every host and compares: the
// same violations, in code, image, place and message, or the test fails.
//
// The corpus is tests/cases/<policy>/*.yaml. A case is an object, parameters and
// what is expected; its images stand in a registry that [NewWorld] fills with
// signatures and reports made at run time. Texts name them by placeholders:
//
//	${registry}      the host
//	${legacy}        the image "legacy" by digest
//	${legacy.tag}    by tag
//	${legacy.both}   by tag and digest
//	${legacy.digest} its digest
package parity
