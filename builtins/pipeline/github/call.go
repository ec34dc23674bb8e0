package github

import (
	"path"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/waxseal/waxseal/builtins/fault"
	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// call follows a job that calls a workflow.
func (j *job) call() []model.Job {
	uses := j.ast.WorkflowCall.Uses.Value
	at := j.file.place(j.ast.WorkflowCall.Uses.Pos)
	local := strings.HasPrefix(uses, "./")
	j.reference(model.Reference{Place: at, Kind: "workflow", Text: uses, Pinned: local || pinnedCommit(uses), Local: local})
	if !local {
		return j.remote(uses, at)
	}
	name := path.Clean(uses)
	if !j.run.Files().Exists(name) {
		return j.missing(uses, at, "the file "+name)
	}
	if slices.Contains(j.calls, name) || name == j.file.name || len(j.calls) >= maxCalls {
		j.problem(at, fault.Malformed, "workflows call each other here, or more than %d deep: GitHub refuses that", maxCalls)
		return nil
	}
	flow := j.parse(name)
	if flow == nil {
		return j.missing(uses, at, "a correct file "+name)
	}
	callee := j.callee(flow)
	jobs := callee.read()
	j.returned(callee)
	return jobs
}

// callee is the workflow of the repository that the job calls.
func (j *job) callee(flow *parsed) *workflow {
	token := j.idToken()
	w := &workflow{
		reader: j.reader, parsed: flow, inputs: j.given(flow), secrets: j.passed(),
		symbols: j.scope.at + ".", prefix: j.id + " / ",
		calls:   append(slices.Clone(j.calls), j.file.name),
		through: append(slices.Clone(j.through), j.place),
		when:    combine(j.workflow.when, j.when.texts),
		needs:   j.needs,
		skipped: j.never,
	}
	if token != (model.Permission{}) {
		w.token = &token
	}
	return w
}

// given are the inputs that the job gives to the workflow, or their defaults.
func (j *job) given(flow *parsed) func(string) value {
	event, _ := flow.ast.FindWorkflowCallEvent()
	return func(name string) value {
		var declared *actionlint.WorkflowCallEventInput
		if event != nil {
			for _, in := range event.Inputs {
				if in != nil && in.ID == name {
					declared = in
				}
			}
		}
		v := literal("")
		switch in := j.ast.WorkflowCall.Inputs[name]; {
		case in != nil && in.Value != nil:
			v = j.scope.text(in.Value.Value)
		case declared != nil && declared.Default != nil:
			v = j.scope.text(declared.Default.Value)
		}
		if declared != nil && declared.Type == actionlint.WorkflowCallEventInputTypeBoolean {
			return asBoolean(v)
		}
		return v
	}
}

func asBoolean(v value) value {
	if v.sure {
		return truth(strings.EqualFold(v.text, "true"))
	}
	v.kind, v.words = boolean, false
	return v
}

// passed are the secrets that the job gives to the workflow.
func (j *job) passed() func(string) value {
	call := j.ast.WorkflowCall
	return func(name string) value {
		s := call.Secrets[strings.ToLower(name)]
		switch {
		case s != nil && s.Value != nil:
			return j.scope.text(s.Value.Value)
		case call.InheritSecrets, strings.EqualFold(name, "github_token"):
			return j.scope.secrets(name)
		}
		return literal("")
	}
}

// returned keeps the outputs of the called workflow as those of the job.
func (j *job) returned(callee *workflow) {
	event, ok := callee.ast.FindWorkflowCallEvent()
	if !ok {
		return
	}
	s := &scope{inputs: callee.inputs, secrets: callee.secrets, needs: callee.done, at: j.scope.at}
	for name, o := range event.Outputs {
		if o.Value != nil {
			j.outputs[strings.ToLower(name)] = s.text(o.Value.Value).asText()
		}
	}
}

// missing is a job that calls a workflow of the repository that is not there.
func (j *job) missing(uses string, at model.Place, supply string) []model.Job {
	j.opaque(uses, at, supply)
	return []model.Job{j.model}
}

// remote is a job that calls a workflow of another repository.
func (j *job) remote(uses string, at model.Place) []model.Job {
	name, _, _ := strings.Cut(uses, "@")
	if j.ast.WorkflowCall.InheritSecrets {
		j.secret(model.Secret{
			Place: at, Kind: "exposed", Name: "secrets: inherit", To: uses,
			Text: "all secrets of the repository are given to a workflow of another repository: name those that it needs",
		})
	}
	if known, ok := knownWorkflows[name]; ok {
		j.model.Steps = []model.Step{j.knownCall(uses, at, known)}
		return []model.Job{j.model}
	}
	j.opaque(uses, at, "a copy of the workflow "+uses+" in the repository")
	return []model.Job{j.model}
}

// opaque notes a workflow that cannot be seen, with what it may do.
func (j *job) opaque(uses string, at model.Place, supply string) {
	call := j.ast.WorkflowCall
	file, _, _ := strings.Cut(uses, "@")
	file = path.Base(file)
	var words []string
	for _, name := range sorted(call.Inputs) {
		words = append(words, name)
		if v := call.Inputs[name].Value; v != nil {
			words = append(words, v.Value)
		}
	}
	may, hinted := hints(file, words...)
	credentials := call.InheritSecrets || j.writes()
	for _, name := range sorted(call.Secrets) {
		if imageWork.MatchString(name) {
			credentials = true
		}
	}
	if j.never || !hinted && (!credentials || otherWork.MatchString(file)) {
		return
	}
	j.unseen(model.Unseen{Place: at, Kind: "workflow", Name: uses, Job: j.id, May: may, Supply: supply})
}

// writes says whether the job may write packages or ask for OIDC tokens, or
// whether nobody says that it may not.
func (j *job) writes() bool {
	p := j.ast.Permissions
	if p == nil {
		p = j.workflow.ast.Permissions
	}
	if p == nil {
		return true
	}
	if p.All != nil {
		return p.All.Value == "write-all"
	}
	for _, name := range []string{"packages", "id-token"} {
		if s := p.Scopes[name]; s != nil && s.Value != nil && s.Value.Value == "write" {
			return true
		}
	}
	return false
}

// knownCall is the step of a known workflow.
func (j *job) knownCall(uses string, at model.Place, known handler) model.Step {
	s := step{uses: uses, usesPos: j.ast.WorkflowCall.Uses.Pos, pos: j.ast.WorkflowCall.Uses.Pos, with: map[string]pair{}}
	for name, in := range j.ast.WorkflowCall.Inputs {
		s.with[name] = pairOf(in.Name, in.Value)
	}
	e := effect{reads: map[string]bool{}}
	u := &use{frame: &frame{job: j, file: j.file, scope: &j.scope}, step: s, scope: &j.scope, effect: &e, symbols: j.scope.at, place: at}
	known(u)
	out := model.Step{Place: at, ID: "#1", Name: uses, Uses: uses, Actions: e.actions}
	if j.never {
		out.Actions = nil
	}
	return out
}
