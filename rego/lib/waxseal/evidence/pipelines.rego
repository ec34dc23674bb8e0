package lib.waxseal.evidence

# METADATA
# title: Request of pipeline.read
# description: The reference is a file of the repository, or "" for all of it.
pipeline_read_request(ref) := {"fn": "pipeline.read", "ref": ref, "opts": {}}

# METADATA
# title: Result of pipeline.read
# description: >-
#   What the pipelines of the repository do, as package builtins/pipeline/model has
#   it. A repository that lacks what policies read is none.
pipeline_read(ref) := answer if {
	answer := _result(pipeline_read_request(ref), {"repository": {}})
	answer.ok
	_is_repository(answer.repository)
} else := object.union(_result(pipeline_read_request(ref), {"repository": {}}), {"repository": _no_repository}) if {
	not _pipeline_ok(ref)
} else := object.union(_refused({}, [_malformed]), {"repository": _no_repository})

_pipeline_ok(ref) if _result(pipeline_read_request(ref), {"repository": {}}).ok

_no_repository := {"pipelines": [], "images": [], "keys": [], "problems": []}

_is_repository(repository) if {
	_shaped([repository], {"pipelines": "array", "images": "array", "keys": "array", "problems": "array"})
	_shaped(repository.keys, _secret_shape)
	_shaped(repository.problems, object.union(_place_shape, {"code": "string", "text": "string"}))
	every pipeline in repository.pipelines {
		_is_pipeline(pipeline)
	}
	every img in repository.images {
		_is_built(img)
	}
}

_is_pipeline(pipeline) if {
	_shaped([pipeline], _pipeline_shape)
	_shaped(pipeline.references, _reference_shape)
	_shaped(pipeline.secrets, _secret_shape)
	_shaped(pipeline.unseen, _unseen_shape)
	every job in pipeline.jobs {
		_is_job(job)
	}
}

_is_job(job) if {
	_shaped([job], object.union(_place_shape, {"id": "string", "id_token": "object", "oidc": "array", "steps": "array"}))
	_shaped([job.id_token], object.union(_place_shape, {"granted": "boolean"}))
	every step in job.steps {
		_shaped([step], object.union(_place_shape, {"id": "string", "actions": "array"}))
		_shaped(step.actions, _action_shape)
	}
}

_is_built(img) if {
	_shaped([img], _image_shape)
	_numbers(img.unseen)
	is_string(img.build.action)
	every field in ["pushed", "signed", "attested", "scanned", "sboms", "other"] {
		every use in img[field] {
			_is_use(use)
		}
	}
}

_numbers(list) if {
	every item in list {
		is_number(item)
	}
}

_is_use(use) if {
	_shaped([use], _use_shape)
	_shaped([use.step], _place_shape)
}

_shaped(objects, shape) if {
	every obj in objects {
		every field, type in shape {
			type_name(obj[field]) == type
		}
	}
}

_place_shape := {"file": "string", "line": "number"}

_pipeline_shape := object.union(_place_shape, {
	"system": "string", "name": "string", "jobs": "array",
	"references": "array", "secrets": "array", "unseen": "array",
})

_reference_shape := object.union(_place_shape, {"kind": "string", "text": "string", "pinned": "boolean", "local": "boolean"})

_secret_shape := object.union(_place_shape, {"kind": "string", "name": "string", "to": "string", "text": "string"})

_unseen_shape := object.union(_place_shape, {"kind": "string", "name": "string", "job": "string", "may": "array", "supply": "string"})

_action_shape := object.union(_place_shape, {
	"id": "string", "kind": "string", "tool": "string", "method": "string", "known": "boolean",
	"signed": "boolean", "key": "string", "digests": "array", "names": "array",
})

_image_shape := object.union(_place_shape, {
	"system": "string", "pipeline": "string", "job": "string", "step": "string", "name": "string", "text": "string",
	"build": "object", "built": "boolean", "pushed": "array", "signed": "array", "attested": "array",
	"scanned": "array", "sboms": "array", "other": "array", "unseen": "array",
})

_use_shape := object.union(_place_shape, {
	"step": "object", "pipeline": "string", "action": "string", "kind": "string", "tool": "string", "method": "string",
	"by": "string", "text": "string", "traced": "boolean", "after": "array", "when": "array", "optional": "string",
	"gates": "string", "gates_why": "string", "known": "boolean", "signed": "boolean", "predicate": "string", "key": "string",
})
