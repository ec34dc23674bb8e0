package tool

import (
	"strings"
)

// run is a command that this one runs. What is known is read here, with the
// variables that are set for it; all else is for the caller to follow.
func (r reader) run(args []string, env map[string]string) Effect {
	if len(args) == 0 {
		return Effect{Known: true}
	}
	inner := r.with(args...)
	if len(env) > 0 {
		inner.Env = map[string]string{}
		for k, v := range r.Env {
			inner.Env[k] = v
		}
		for k, v := range env {
			inner.Env[k] = v
		}
	}
	if e := inner.read(); e.Known {
		if len(e.Runs) > 0 && e.Env == nil {
			e.Env = env
		}
		return e
	}
	return Effect{Known: true, Runs: [][]string{args}, Env: env}
}

// wrapperFlags are the flags of programs that run another one.
func wrapperFlags(name string) (flags string, skip int, ok bool) {
	switch name {
	case "sudo", "doas":
		return "u,user= g,group= E,preserve-env n,non-interactive H,set-home i,login S,stdin k b,background A P s,shell C= h,host= p,prompt= T= D,chdir= r= t= R=", 0, true
	case "time":
		return "p v f,format= o,output= a,append q,quiet", 0, true
	case "nice":
		return "n,adjustment=", 0, true
	case "ionice":
		return "c,class= n,classdata= t,ignore p=", 0, true
	case "timeout", "gtimeout":
		return "k,kill-after= s,signal= preserve-status foreground v,verbose", 1, true
	case "stdbuf":
		return "i,input= o,output= e,error=", 0, true
	case "flock":
		return "w,timeout= n,nonblock e s x u,unlock E,conflict-exit-code= o,close F,no-fork verbose", 1, true
	case "nohup", "setsid", "exec", "command", "builtin", "caffeinate", "unbuffer", "tini", "dumb-init", "catchsegv", "chronic":
		return "a= c l p v V f w", 0, true
	case "xvfb-run", "dbus-run-session", "fakeroot", "proot", "strace", "systemd-run":
		return "a n= s= e= o= p= u= f", 0, true
	case "su-exec", "gosu", "chroot":
		return "userspec= groups=", 1, true
	case "op", "doppler", "chamber", "aws-vault", "dotenv", "infisical", "teller":
		return "env-file= no-masking p= c= project= config= env=", -1, true
	}
	return "", 0, false
}

// wrapper reads a program that runs another one.
func wrapper(r reader) Effect {
	flags, skip, _ := wrapperFlags(r.name)
	p := flagTable(flags).stopping().parse(r.Args[1:])
	if (r.name == "command" || r.name == "sudo") && (p.has("v") || p.has("V") || p.has("k") && len(p.pos) == 0) {
		return Effect{Known: true}
	}
	args := p.pos
	if skip < 0 {
		args = secretRunner(r.Args)
	} else {
		args = args[min(skip, len(args)):]
	}
	env := map[string]string{}
	for len(args) > 0 && assignment(args[0]) {
		name, value, _ := strings.Cut(args[0], "=")
		env[name], args = value, args[1:]
	}
	return r.run(args, env)
}

// secretRunner is the command behind -- of a program that gives it secrets.
func secretRunner(args []string) []string {
	for i, a := range args {
		if a == "--" {
			return args[i+1:]
		}
	}
	return nil
}

func assignment(word string) bool {
	name, _, ok := strings.Cut(word, "=")
	return ok && variableName.MatchString(name) && !strings.ContainsAny(name, ".-")
}

// envCommand reads env.
func envCommand(r reader) Effect {
	p := flagTable("i,ignore-environment u,unset= C,chdir= S,split-string= 0,null v,debug").stopping().parse(r.Args[1:])
	args := p.pos
	if p.has("split-string") {
		args = append(wordsOutside(p.last("split-string")), args...)
	}
	env := map[string]string{}
	for len(args) > 0 && assignment(args[0]) {
		name, value, _ := strings.Cut(args[0], "=")
		env[name], args = value, args[1:]
	}
	return r.run(args, env)
}

// shellCommand reads "sh -c …" and "sh script", which the caller follows.
func shellCommand(r reader) Effect {
	return Effect{Known: true, Runs: [][]string{r.Args}}
}

// xargs reads xargs: what it reads becomes arguments.
func xargs(r reader) Effect {
	p := flagTable("I,replace= n,max-args= P,max-procs= L,max-lines= s,max-chars= a,arg-file= d,delimiter= E= r,no-run-if-empty t,verbose 0,null p,interactive x,exit o,open-tty i").stopping().parse(r.Args[1:])
	words := wordsOutside(r.Stdin)
	if len(words) == 0 {
		words = []string{"${*}"}
	}
	mark := p.last("replace")
	if p.on("i") {
		mark = "{}"
	}
	if mark == "" {
		return r.run(append(append([]string{}, p.pos...), words...), nil)
	}
	e := Effect{Known: true}
	for _, w := range words[:min(len(words), 100)] {
		args := make([]string, len(p.pos))
		for i, a := range p.pos {
			args[i] = strings.ReplaceAll(a, mark, w)
		}
		e.join(r.run(args, nil))
	}
	return e
}
