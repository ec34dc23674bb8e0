// Package deploy proves that the deployment files of Gatekeeper are what
// Kubernetes takes: rendered by kustomize's and Helm's own code, read strictly
// into the types. It is a module of its own, because nothing else needs these
// libraries.
package deploy
