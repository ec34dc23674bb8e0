package doctor

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/cluster"
)

type namespace struct{ Metadata metadata }

// labelsOf are the labels of a namespace, with the one that Kubernetes gives.
func labelsOf(n namespace) labels.Set {
	set := labels.Set{"kubernetes.io/metadata.name": n.Metadata.Name}
	maps.Copy(set, n.Metadata.Labels)
	return set
}

func (e *examination) readNamespaces(ctx context.Context) {
	var err error
	if e.namespaces, err = cluster.List[namespace](ctx, e.api, "/api/v1/namespaces"); err != nil {
		e.unread("namespaces, to see which of them are left out", err)
	}
}

// configs lists the namespaces that Gatekeeper's Config objects leave out.
func (e *examination) configs(ctx context.Context) {
	type config struct {
		Metadata metadata
		Spec     struct {
			Match []struct{ Processes, ExcludedNamespaces []string }
		}
	}
	all, err := cluster.List[config](ctx, e.api, "/apis/config.gatekeeper.sh/v1alpha1/configs")
	if cluster.Absent(err) {
		return
	}
	if err != nil {
		e.unread("Config objects of Gatekeeper", err)
		return
	}
	for _, c := range all {
		for _, m := range c.Spec.Match {
			if slices.ContainsFunc(m.Processes, func(p string) bool { return p != "sync" }) {
				e.leftOut("Config "+c.Metadata.Namespace+"/"+c.Metadata.Name, "spec.match ("+strings.Join(m.Processes, ", ")+")", m.ExcludedNamespaces)
			}
		}
	}
}

// arguments looks at how Gatekeeper was started.
func (e *examination) arguments(ctx context.Context) {
	type deployment struct {
		Metadata metadata
		Spec     struct {
			Template struct {
				Spec struct {
					Containers []struct{ Args, Command []string }
				}
			}
		}
	}
	all, err := cluster.List[deployment](ctx, e.api, "/apis/apps/v1/namespaces/"+url.PathEscape(e.gatekeeperNamespace)+"/deployments")
	if err != nil {
		e.unread("Deployments of "+e.gatekeeperNamespace+", to see how Gatekeeper was started", err)
		return
	}
	if len(all) == 0 {
		e.say(Notice, "Deployments of "+e.gatekeeperNamespace, "there are none: how Gatekeeper was started is not known (--gatekeeper-namespace says where it runs)")
	}
	for _, d := range all {
		for _, c := range d.Spec.Template.Spec.Containers {
			for _, argument := range slices.Concat(c.Command, c.Args) {
				e.argument("Deployment "+d.Metadata.Namespace+"/"+d.Metadata.Name, argument)
			}
		}
	}
}

func (e *examination) argument(object, argument string) {
	flag, value, _ := strings.Cut(strings.TrimLeft(argument, "-"), "=")
	switch flag {
	case "exempt-namespace":
		e.mayLeave(object, argument, value)
	case "exempt-namespace-prefix":
		e.mayLeave(object, argument, value+"*")
	case "exempt-namespace-suffix":
		e.mayLeave(object, argument, "*"+value)
	case "enable-external-data":
		if value == "false" {
			e.problem(object, "external data", "Remove the flag, or run a Gatekeeper with the builtins inside.", "%s: providers are never asked", argument)
		}
	}
}

// mayLeave says which namespaces may leave themselves out.
func (e *examination) mayLeave(object, argument, namespaces string) {
	if slices.Contains(e.exempt, namespaces) {
		e.say(Exclusion, object, "%s: namespace %s may leave itself out, as is expected", argument, namespaces)
		return
	}
	e.problem(object, "no other namespace than "+strings.Join(e.exempt, ", "), "Remove the flag, or say with --exempt "+namespaces+" that it is meant.",
		"%s: namespace %s may leave itself out with the label admission.gatekeeper.sh/ignore", argument, namespaces)
}
