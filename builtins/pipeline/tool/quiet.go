package tool

import (
	"regexp"
	"strings"
	"sync"
)

var interpreter = regexp.MustCompile(`^(python|pip|ruby|php|clang|clang\+\+|gcc|perl|lua)[0-9.-]*$`)

// isQuiet says whether a program is known to do nothing to images.
func isQuiet(name string) bool { return quietPrograms()[name] || interpreter.MatchString(name) }

// quietPrograms are read once, and never changed.
var quietPrograms = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, list := range []string{quietShell, quietSystem, quietDevelopment, quietDelivery} {
		for _, name := range strings.Fields(list) {
			out[name] = true
		}
	}
	return out
})

const quietShell = ` : . [ [[ true false echo printf cd pwd export unset set shift read test let local declare typeset readonly return exit break continue
 trap wait eval source umask ulimit alias unalias hash type which whereis getopts jobs fg bg kill pkill killall times mapfile readarray shopt
 pushd popd dirs history sleep seq yes tee cat tac head tail less more sort uniq wc cut paste tr sed awk gawk mawk grep egrep fgrep rg ag
 find fd ls ll tree stat file touch mkdir rmdir rm cp mv ln install chmod chown chgrp basename dirname realpath readlink mktemp dd split
 csplit comm diff cmp patch join fold fmt nl od xxd hexdump base32 base64 md5sum sha1sum sha224sum sha256sum sha384sum sha512sum shasum cksum
 b2sum expr bc date cal env printenv whoami id groups hostname uname arch nproc free df du uptime ps top pgrep lsof ss netstat ip ifconfig
 rev expand unexpand column envsubst tput clear reset stty tty truncate sync shuf factor numfmt watch `

const quietSystem = ` apt apt-get apt-cache apt-key add-apt-repository dpkg dpkg-query yum dnf microdnf rpm zypper apk pacman brew port choco scoop winget snap
 flatpak aria2c http https nc ncat telnet ssh scp sftp rsync ssh-keyscan ssh-keygen ssh-add ssh-agent gpg gpg2 gpgconf gpg-agent openssl certutil
 keytool age sops vault tar gzip gunzip zcat bzip2 xz zstd zip unzip 7z ar cpio mount umount losetup mkfs modprobe sysctl systemctl
 service journalctl useradd groupadd usermod passwd update-alternatives ldconfig locale-gen crontab logger iptables dig nslookup host ping
 traceroute update-ca-certificates qemu-system-x86_64 update-binfmts getent visudo swapon swapoff fallocate lsblk lscpu lsb_release dmesg `

const quietDevelopment = ` git git-lfs svn hg gh-release hub glab tea node npx deno corepack nvm n tsc eslint prettier jest vitest cypress
 playwright lerna nx turbo gulp grunt webpack vite rollup rustc rustup cargo cross gofmt goimports golangci-lint staticcheck gotestsum gosec govulncheck
 gox delve dlv protoc buf mockgen controller-gen kustomize setup-envtest stringer java javac jar ant sbt lein mill scala kotlinc dotnet msbuild
 nuget mono cmake ninja meson gcc g++ cc c++ clang ld ar as nm objdump strip autoconf automake configure conan vcpkg swift xcodebuild pod
 fastlane flutter dart gem bundle bundler rails rspec rubocop composer phpunit artisan perl cpan cpanm lua luarocks R Rscript julia
 elixir mix rebar3 erl ghc cabal stack ocaml opam dune zig nim crystal uv poetry pipenv conda mamba virtualenv venv pytest
 coverage mypy pylint flake8 black isort ruff bandit pre-commit twine hatch pdm sphinx-build mkdocs hugo jekyll asciidoctor pandoc
 shellcheck shfmt hadolint yamllint markdownlint actionlint ajv jsonschema codespell commitlint semantic-release standard-version changeset
 git-cliff git-chglog svu semver gitversion sonar-scanner codecov coveralls cc-test-reporter semgrep gitleaks trufflehog detect-secrets dockle
 dive container-structure-test conftest opa regal kubeconform kubeval kube-linter kube-score polaris datree pluto tfsec tflint terrascan kics
 bats shunit2 hyperfine ab wrk k6 locust jmeter newman cosign-gatekeeper-provider vexctl rekor-cli gitsign melange `

const quietDelivery = ` kubectl oc kind k3d k3s minikube microk8s kubeadm eksctl kops istioctl linkerd cilium hubble argocd argo flux fluxctl timoni helmfile helm-docs
 chart-releaser cr ct chart-testing kpt kapp ytt kbld vendir imgpkg jsonnet jb tanka tk cue terraform tofu terragrunt packer pulumi cdk sam serverless
 ansible ansible-playbook ansible-galaxy ansible-lint vagrant nomad consul ibmcloud doctl heroku flyctl fly vercel netlify wrangler firebase gsutil
 bq s3cmd mc rclone azcopy databricks snowsql psql mysql mysqladmin redis-cli mongosh sqlite3 flyway liquibase tkn jx operator-sdk opm krew
 code-server act nektos buildkite-agent circleci glab-ci gitlab-runner jenkins-cli slackcat notify-send step-cli step mkcert certbot
 github-release ghr upload-artifact get-ecr-login container-diff dockerfilelint dockerfile_lint scan-build build-wrapper vsce ovsx release-it
 release-please release-plz bumpversion bump2version bump-my-version clamscan freshclam docker-credential-gcr docker-credential-ecr-login docker-machine dockerd containerd runc crictl
 setup-qemu k9s stern kubectx kubens kubeseal velero popeye  inspec goss envconsul sentry-cli newrelic datadog-ci honeycomb launchdarkly `
