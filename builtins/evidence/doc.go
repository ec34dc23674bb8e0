// Package evidence turns requests for facts into results, for one decision at
// a time: every tag is resolved once, everything is shared, all requests run
// in parallel under one deadline.
//
// A [Collector] lives as long as the process and keeps what may be kept
// between decisions: content by digest, listings that are not empty for
// [Config.ListingTTL], and the outcome of verification keyed by every byte
// that was verified. A [Decision] is one snapshot: it resolves tags and lives
// as long as one evaluation.
//
// Every method of a Decision returns a result or an error. The error means
// halt: the caller gave up, the request is the author's mistake, or there is a
// bug. Everything else, and every "cannot tell", is a result whose OK is false.
//
// A no is never answered from memory: what was kept is used only for answers
// that rest on positive evidence, everything else is asked again.
package evidence
