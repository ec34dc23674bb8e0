package lib.waxseal.pipelines

# METADATA
# title: References with what cannot be moved
# description: By CI system, then by kind; any is for all other systems.
pins := {
	"github-actions": {
		"action": "uses: @name@FULL-COMMIT # the version, for people\n",
		"workflow": "uses: @name@FULL-COMMIT # the version, for people\n",
	},
	"gitlab-ci": {
		"include": "include:\n  - project: GROUP/PROJECT\n    ref: FULL-COMMIT\n    file: FILE\n# or, of a URL:\n  - remote: URL\n    integrity: sha256-BASE64\n",
		"template": "include:\n  - project: GROUP/PROJECT\n    ref: FULL-COMMIT\n    file: FILE\n",
	},
	"jenkins": {"library": "@Library('@name@FULL-COMMIT') _\n"},
	"tekton": {"task": "taskRef:\n  resolver: bundles\n  params:\n    - name: bundle\n      value: @name@sha256:DIGEST\n    - name: name\n      value: TASK\n    - name: kind\n      value: task\n"},
	"circleci": {"orb": "orbs:\n  NAME: @name@1.2.3 # all three numbers: a version of an orb is never changed\n"},
	"azure-pipelines": {
		"template": "resources:\n  repositories:\n    - repository: templates\n      type: git\n      name: PROJECT/REPOSITORY\n      ref: FULL-COMMIT\n",
		"task": "- task: @name@1.2.3 # all three numbers\n",
	},
	"any": {
		"image": "image: @name@sha256:DIGEST\n",
		"base_image": "FROM @name@sha256:DIGEST\n",
		"script": "curl -fsSLo installer URL\necho 'SHA256-OF-IT  installer' | sha256sum -c -\nsh installer\n",
		"tool": "curl -fsSLo tool URL-WITH-THE-VERSION\necho 'SHA256-OF-IT  tool' | sha256sum -c -\n",
	},
}

# METADATA
# title: How a CI system keeps secrets
# description: By CI system. The secret is given to the one step that needs it, in its environment.
secrets := {
	"github-actions": "# Settings, Secrets and variables, Actions: @name\n- run: COMMAND\n  env:\n    @name: ${{ secrets.@name }}\n",
	"gitlab-ci": "# Settings, CI/CD, Variables: @name, masked and protected; nothing of it stands in the file\nscript:\n  - COMMAND # reads ${@name}\n",
	"jenkins": "withCredentials([string(credentialsId: '@name', variable: '@name')]) {\n  sh 'COMMAND' // in single quotes: the shell reads the variable, not Groovy\n}\n",
	"tekton": "env:\n  - name: @name\n    valueFrom:\n      secretKeyRef:\n        name: SECRET\n        key: @name\n",
	"cloudbuild": "availableSecrets:\n  secretManager:\n    - versionName: projects/$PROJECT_ID/secrets/@name/versions/1\n      env: @name\nsteps:\n  - secretEnv: [\"@name\"] # of the step that needs it\n",
	"circleci": "# Organization Settings, Contexts: @name; the job reads ${@name}\n- JOB:\n    context: [CONTEXT]\n",
	"azure-pipelines": "# Pipelines, Library, variable group: @name, as a secret\n- script: COMMAND\n  env:\n    @name: $(@name)\n",
}
