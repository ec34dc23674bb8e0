// Package monitoring is a module of its own, so that Grafana's types stay out of
// the library's go.sum.
package monitoring
