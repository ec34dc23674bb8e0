package github

import (
	"github.com/rhysd/actionlint"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// idToken says whether the job may ask for an OIDC token: a called workflow only
// if its caller may.
func (j *job) idToken() model.Permission {
	own := j.permission(j.ast.Permissions)
	if own == nil {
		own = j.permission(j.workflow.ast.Permissions)
	}
	switch {
	case own == nil && j.token != nil:
		return *j.token
	case own == nil:
		return model.Permission{}
	case j.token != nil && !j.token.Granted:
		return *j.token
	}
	return *own
}

// permission is what a block of permissions says about OIDC tokens, nil when there is none.
func (j *job) permission(p *actionlint.Permissions) *model.Permission {
	if p == nil {
		return nil
	}
	out := &model.Permission{Place: j.file.place(p.Pos)}
	if p.All != nil {
		out.Granted = p.All.Value == "write-all"
		return out
	}
	if s := p.Scopes["id-token"]; s != nil && s.Value != nil {
		out.Place = j.file.place(s.Name.Pos)
		out.Granted = s.Value.Value == "write"
	}
	return out
}
