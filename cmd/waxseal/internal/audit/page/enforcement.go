package page

import (
	"fmt"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// cluster is what a cluster enforces.
type cluster struct {
	report.Cluster
	Coverage []covered
	Objects  []admissionObject
}

// covered is a part of a whole, as a bar.
type covered struct {
	Name string
	report.Of
	Permille int
}

type admissionObject struct {
	report.AdmissionObject
	Title string // ValidatingWebhookConfiguration shop/name
	Place string // file:line; "" in a cluster
}

func clusters(list []report.Cluster) []cluster {
	out := make([]cluster, 0, len(list))
	for _, c := range list {
		row := cluster{Cluster: c, Coverage: []covered{
			{Name: "Namespaces", Of: c.Covered.Namespaces}, {Name: "Workloads", Of: c.Covered.Workloads}, {Name: "Containers", Of: c.Covered.Containers},
		}}
		for i := range row.Coverage {
			if of := &row.Coverage[i]; of.Whole > 0 {
				of.Permille = of.Part * 1000 / of.Whole
			}
		}
		for _, o := range c.Objects {
			row.Objects = append(row.Objects, admissionObject{o, objectTitle(o), objectPlace(o)})
		}
		out = append(out, row)
	}
	return out
}

func objectTitle(o report.AdmissionObject) string {
	name := o.Name
	if o.Namespace != "" {
		name = o.Namespace + "/" + name
	}
	return strings.TrimSpace(o.Kind + " " + name)
}

func objectPlace(o report.AdmissionObject) string {
	if o.File == "" || o.Line == 0 {
		return o.File
	}
	return fmt.Sprintf("%s:%d", o.File, o.Line)
}
