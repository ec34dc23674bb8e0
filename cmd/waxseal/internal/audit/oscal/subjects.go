package oscal

import (
	"strconv"
	"strings"

	"github.com/waxseal/waxseal/cmd/waxseal/internal/audit/report"
)

// tool is what judged.
func (o *writer) tool() string { return stable("tool/waxseal").String() }

func (o *writer) origins() []origin {
	return []origin{{[]actor{{"tool", o.tool()}}}}
}

// local are the clusters, the policy, the images and the tool.
func (o *writer) local() local {
	l := local{Assets: assets{
		Components: []component{{o.tool(), "software", "Waxseal", "The tool that gathered and judged", props("version", o.r.Audit.Tool), state{State: "operational"}}},
		Platforms:  []platform{{o.id("platform"), "Waxseal", []uses{{o.tool()}}}},
	}}
	for _, c := range o.r.Scope.Clusters {
		id := stable("cluster/" + c.Name).String()
		o.clusters[c.Name] = id
		l.Components = append(l.Components, component{
			id, "system", or(c.Name, "cluster"), "A Kubernetes cluster, or a folder with its manifests",
			props("server", c.Server, "kubernetes-version", c.Version, "pods", strconv.Itoa(c.Pods), "images", strconv.Itoa(c.Images)), state{State: "operational"},
		})
	}
	p := o.r.Policy
	l.Components = append(l.Components, component{
		stable("policy/" + p.File).String(), "policy", or(p.File, "Image policy"), "The policy for container images, as it was applied",
		props("version", p.Version, "review-date", p.ReviewDate, "digest", o.r.Audit.Config, "registries", strings.Join(p.Registries, " ")), state{State: "operational"},
	})
	for _, i := range o.r.Images {
		if _, known := o.images[i.Ref]; known {
			continue
		}
		o.images[i.Ref] = stable("image/" + i.Ref).String()
		l.Items = append(l.Items, item{o.images[i.Ref], or("Container image "+i.Ref, "Container image"), imageProps(i)})
	}
	return l
}

func imageProps(i report.Image) []prop {
	pairs := []string{
		"asset-type", "container-image", "repository", i.Repository, "tag", i.Tag, "digest", i.Digest, "pods", strconv.Itoa(i.Pods),
		"verdict", i.Verdict, "signed", string(i.Signed), "scanned", string(i.Scanned), "registry", string(i.Registry), "sbom", string(i.SBOM), "provenance", string(i.Provenance),
	}
	for _, namespace := range i.Namespaces {
		pairs = append(pairs, "namespace", namespace)
	}
	return props(pairs...)
}

// subjectOf is the image or the cluster that a finding is about.
func (o *writer) subjectOf(f report.Finding) []subject {
	for _, ref := range []string{f.Image, f.Image + "@" + f.Digest} {
		if id := o.images[ref]; id != "" {
			return []subject{{id, "inventory-item", text(ref)}}
		}
	}
	if id := o.clusters[f.Cluster]; id != "" {
		return []subject{{id, "component", text(f.Cluster)}}
	}
	return nil
}
