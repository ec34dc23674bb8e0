package admission

// Object is a Kubernetes object, or a file of Helm values.
type Object struct {
	File     string
	Document int            // number of the document in its file, from 1
	Value    map[string]any // as encoding/json gives it, numbers as json.Number or float64
	// Line returns the line of the field that a path names, as in
	// spec.rules[0].name, or of the nearest field above it. It may be nil.
	Line func(path string) int
}

// Options are what the objects do not say.
type Options struct {
	// Complete says that the objects are everything that the cluster has, so that
	// what is not among them is missing. The default is that it is unknown.
	Complete bool
}

// Parse reads all objects together: what one of them says of another counts.
func Parse(objects []Object, options Options) *Configuration {
	return &Configuration{}
}

type matcher interface{}
