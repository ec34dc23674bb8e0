package tool

import (
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// runBools are the flags of "docker run" without a value; all others have one.
const runBools = `d,detach i,interactive t,tty rm init privileged read-only no-healthcheck oom-kill-disable P,publish-all sig-proxy
	disable-content-trust q,quiet use-api-socket no-hosts no-hostname replace rmi tls-verify env-host`

const runValues = `e,env= env-file= v,volume= mount= w,workdir= entrypoint= u,user= name= network,net= p,publish= platform= pull= h,hostname=
	a,attach= l,label= m,memory= c,cpu-shares= add-host= cpus= device= dns= gpus= ipc= pid= restart= security-opt= shm-size= tmpfs=
	ulimit= userns= volumes-from= cap-add= cap-drop= cidfile= health-cmd= stop-signal= link= expose= group-add= log-driver=
	log-opt= runtime= uts= cgroupns= annotation= detach-keys= secret= arch= os= authfile=`

// dockerRun reads "docker run" and "docker exec": which image is run, and what
// is run in it, where that is known.
func (r reader) dockerRun(command string, args []string) Effect {
	p := flagTable(runBools, runValues).stopping().parse(args)
	e := Effect{Known: true}
	if len(p.pos) == 0 {
		return e
	}
	inner := p.pos[1:]
	if command != "exec" {
		e.References = append(e.References, r.reference("image", p.pos[0]))
		if command == "create" {
			return e
		}
		inner = containerCommand(p.pos[0], p.last("entrypoint"), inner)
	}
	inside := r.inContainer(inner, p.all("env"))
	if p.on("detach") {
		inside.Runs = nil
		for i := range inside.Actions {
			inside.Actions[i].Optional = "--detach: nothing waits for the container"
		}
	}
	e.join(inside)
	e.Secrets = append(e.Secrets, r.environment(p.all("env"))...)
	return e
}

// inContainer is what a command does that runs in a container. Only programs
// that are known, and scripts that are given whole, tell something.
func (r reader) inContainer(args, env []string) Effect {
	if len(args) == 0 {
		return Effect{}
	}
	inner := r.with(args...)
	inner.Env = map[string]string{}
	for _, set := range env {
		if name, value, ok := strings.Cut(set, "="); ok {
			inner.Env[name] = value
		} else if v, ok := r.Env[set]; ok {
			inner.Env[set] = v
		}
	}
	if isShell(args[0]) && shellText(args) {
		return Effect{Runs: [][]string{args}, Env: inner.Env}
	}
	return inner.read()
}

// environment are secrets among the variables that are given to a container.
func (r reader) environment(env []string) (out []model.Secret) {
	for _, set := range env {
		name, value, ok := strings.Cut(set, "=")
		if !ok || value == "" || !secretVariable(name) {
			continue
		}
		out = append(out, r.passwordArgument(value, "-e "+name)...)
	}
	return out
}

// secretVariable says whether a variable by its name holds a secret.
func secretVariable(name string) bool {
	name = strings.ToUpper(name)
	for _, end := range []string{"PASSWORD", "_TOKEN", "_SECRET", "PASSWD", "_API_KEY", "SECRET_ACCESS_KEY", "_PASS"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

func isShell(program string) bool {
	switch name, _ := programName(program); name {
	case "sh", "bash", "ash", "dash", "zsh", "ksh", "busybox":
		return true
	}
	return false
}

// shellText says whether a shell is given its script as an argument.
func shellText(args []string) bool {
	for _, a := range args[1:] {
		if strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "--") && strings.HasSuffix(a, "c") {
			return true
		}
	}
	return false
}

// containerCommand is what runs in a container of an image: the entry point that
// is asked for, or that which the images of known tools have.
func containerCommand(image, entrypoint string, args []string) []string {
	if entrypoint != "" {
		return append([]string{entrypoint}, args...)
	}
	if program := imageProgram(nameOf(image)); program != "" {
		if len(args) > 0 && (isShell(args[0]) || args[0] == program) {
			return args
		}
		return append([]string{program}, args...)
	}
	if len(args) > 0 && strings.HasPrefix(args[0], "-") {
		return nil
	}
	return args
}
