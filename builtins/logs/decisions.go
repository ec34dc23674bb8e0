package logs

import (
	"encoding/json"
	"strings"

	"github.com/waxseal/waxseal/builtins/audit"
)

// decision is what is read of a decision of ours: an AdmissionReview with its answer,
// or an image or object with a report.
type decision struct {
	Input struct {
		Image   string
		Request *struct {
			Operation, SubResource, Namespace string
			DryRun                            bool
			UserInfo                          struct{ Username string }
			Object                            json.RawMessage
		}
	}
	Result decisionResult
}

type decisionResult struct {
	Response *struct {
		Allowed bool
		Status  struct {
			Code    int
			Message string
		}
		Warnings []string
	}
	Violations []said
}

// said is a violation.
type said struct {
	Code, Msg, Image string
	Where            struct{ Namespace string }
}

// takeDecision reads a decision log of OPA. The mask of our bundles keeps images.
func (r *reader) takeDecision(v *record) {
	if !r.recognised(OPADecisions) {
		return
	}
	at := moment(v.timestamp)
	if at.IsZero() {
		at = moment(v.time)
	}
	if !r.event(at) {
		return
	}
	var d decision
	if err := json.Unmarshal(v.raw, &struct {
		Input  *json.RawMessage
		Result *json.RawMessage
	}{}); err != nil {
		r.unread(r.at, err.Error())
		return
	}
	// Others ask the same OPA, with inputs and results of other forms.
	if json.Unmarshal(v.raw, &d) != nil || r.all.again(identity(v.decisionID, v.timestamp, v.time, v.raw)) {
		return
	}
	when := once(at)
	if d.Input.Request != nil && d.Result.Response != nil {
		r.reviewed(&d, when)
		return
	}
	r.decided(&d.Result, when)
}

// reviewed reads the answer of our webhook: "[code] message" in lines.
func (r *reader) reviewed(d *decision, when span) {
	q, a := d.Input.Request, d.Result.Response
	switch {
	case r.excluded(q.Namespace):
		return
	case q.DryRun:
		r.all.reason("dry_run_request", "", a.Status.Message, when)
		return
	case !a.Allowed:
		images := imagesOf(q.Object)
		for _, i := range r.webhook("waxseal", a.Status.Message).items {
			i.imageOf(images)
			r.all.reject(audit.Rejection{
				System: "waxseal", Rule: i.rule, Image: i.image, Registry: r.commonRegistry(i.image, images), Namespace: q.Namespace,
				User: q.UserInfo.Username, Source: r.Name, Action: "deny", Message: i.message,
			}, when)
		}
		return
	case q.Operation != "CREATE" && q.Operation != "UPDATE" || q.SubResource == "status":
		return
	}
	excused := map[string]string{}
	for _, w := range a.Warnings {
		code, rest, _ := strings.Cut(strings.TrimPrefix(w, "waxseal: "), ": ")
		if exempts(code) {
			i := r.item(code, rest)
			excused[i.image] = code
		}
	}
	for _, image := range imagesOf(q.Object) {
		how := audit.Admission{Image: image, Namespace: q.Namespace, User: q.UserInfo.Username, Source: r.Name, How: "admitted"}
		if code, found := excused[image]; found {
			how.How, how.Rule = "exempted", code
		}
		r.all.admit(how, when)
	}
}

// exempts says whether a note tells that something was let pass that is refused
// otherwise.
func exempts(code string) bool {
	_, what, _ := strings.Cut(code, ".")
	return ourCode.MatchString(code) && (what == "excepted" || what == "exempted")
}

// decided reads a report, or the answer to one image. Nothing says who asked, and
// whoever was told that an image is acceptable need not have let it in.
func (r *reader) decided(d *decisionResult, when span) {
	row := audit.Rejection{System: "waxseal", Source: r.Name, Action: "deny"}
	for _, v := range d.Violations[:min(len(d.Violations), mostItems)] {
		if !ourCode.MatchString(v.Code) {
			continue
		}
		row.Rule, row.Image, row.Namespace, row.Message = v.Code, v.Image, v.Where.Namespace, v.Msg
		if !r.excluded(row.Namespace) {
			r.all.reject(row, when)
		}
	}
}
