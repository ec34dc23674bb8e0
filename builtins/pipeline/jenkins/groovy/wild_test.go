package groovy_test

import (
	"testing"

	"github.com/waxseal/waxseal/builtins/pipeline/jenkins/groovy"
)

// TestWild reads what people write in pipelines, without a problem.
func TestWild(t *testing.T) {
	for _, source := range []string{
		"@Library('a@b') _\nimport groovy.transform.Field\n@Field def reports = [:]\n@Field final String NAME = 'x'\npipeline { }",
		"setEnv('A', isMatch(patterns: [ '.*\\\\.(md|txt)' ], all: true).toString())",
		"if (content?.disabled?.when?.labels && matches(project: 'x', content: content?.disabled?.when)) {\n  error 'x'\n} else {\n  content['projects'].each { name ->\n    stages(project: name).each { k,v ->\n      tasks[\"${k}\"] = v\n    }\n  }\n  parallel(tasks)\n}",
		"def map = [\"a\":\"b\", 'c' : [1, 2,],\n  d: { echo 'x' },\n]",
		"sh \"\"\"\n  a ${b}\n\"\"\" + 'c'",
		"\"${x}\".split(',').each { String s -> echo s }",
		"for (def i = 0; i < 3; i++) { a[i] = i }",
		"def text = '''\n  a\n'''.stripIndent()",
		"def call(Closure body = { }) {\n  def config = [:]\n  body.resolveStrategy = Closure.DELEGATE_FIRST\n  body.delegate = config\n  body()\n}",
		"parallel([\"${a}\": { b() }, 'c': { d() }])",
		"node('a' || 'b') { }",
		"try {\n a\n}\ncatch (hudson.AbortException | InterruptedException e) {\n b\n}\nfinally\n{\n c\n}",
		"echo \"${env.X ?: \"default\"}\"",
		"if (a ==~ /(?i)release.*/) { b }\nelse if (c =~ \"d\") { e }",
		"def m = (x =~ /a(b)/)[0][1]",
		"int last = list.size() - 1",
		"(1..5).each { echo \"${it}\" }",
		"def out = sh(script: 'x', returnStdout: true)?.trim()",
		"new File('x').text\nnew ArrayList<String>()\nnew String[3]",
		"env.A = \"${B}\"\nenv['C'] = 'd'\nenv.\"${e}\" = f",
		"if (a &&\n    b ||\n    !c) { d }",
		"def x = a\n  ? b\n  : c",
		"if (!a) return\nif (b) return c\nreturn [d: 1]",
		"stages { // stages\n  stage('a') { // a\n  } // a\n} // stages",
		"checkout([$class: 'GitSCM', branches: [[name: '*/main']], extensions: [], userRemoteConfigs: [[url: 'x']]])",
		"timeout(time: 10L, unit: 'MINUTES') { }\ndef n = 1_000 * 2.5",
		"a.collect { it.name }.findAll { it != null }.join(',')",
		"def f = { x, y = 2 -> x + y }\nf(1)\nf.call(1, 2)",
		"if (a instanceof Map && !(b in ['c', 'd'])) { e }",
		"switch (a) {\n  case ~/x.*/:\n    b()\n    break\n  case ['c', 'd']: e(); break\n  default:\n    f()\n}",
		"static def a(Map<String, List<String>> b, String... c) { }\nprivate boolean d() { true }\nList<String> e() { [] }",
		"withCredentials([\n  usernamePassword(credentialsId: 'a', usernameVariable: 'B', passwordVariable: 'C'),\n  string(credentialsId: 'd', variable: 'E')\n]) { f }",
		"input message: 'a', ok: 'b', parameters: [choice(choices: ['c', 'd'], name: 'e')]",
		"def a = \"\"\"{\"b\": \"${c}\", \"d\": \"\\$e\"}\"\"\"",
		"sh '''curl -X POST -d '{\"a\": \"b\"}' c''' \nsh 'a' \\\n  + 'b'",
		"a = b = c\nd += 'e'\nf++\n--g",
		"assert a : 'b'\nprintln('c' as String)",
		"properties([\n  parameters([string(name: 'a', defaultValue: '')]),\n  [$class: 'b', c: true]\n])",
		"stage('a') {\n  when { expression { return env.B == 'c' } }\n  steps { sh 'd' }\n  post { always { e() } }\n}",
		"def a(b)\n{\n  c\n}",
		"try { a } catch (e) { b } ; c",
		"x.each{ y -> z[y] = { -> echo y } }",
		"def d = new Date().format('yyyyMMdd', TimeZone.getTimeZone('UTC'))",
		"options { buildDiscarder(logRotator(numToKeepStr: '10')) ; timestamps() }",
		"tools { maven 'a' ; jdk \"b\" }",
		"axis { name 'a'; values 'b', 'c',\n  'd' }",
		"post () { always { a } }",
		"@NonCPS\nString a(String b) { return b.replaceAll(/[^a-z]/, '-') }",
		"def a = b.size() > 0 ? b[0] : [:]\ndef c = d?.e ?: [f: 1]",
		"echo 'a' ; echo 'b'\nerror(\"c: ${d.message}\")",
		"while (true) { if (a) { break } ; sleep 10 }",
		"label:\nwhile (a) { continue label }",
	} {
		f := groovy.Parse([]byte(source))
		if len(f.Problems) > 0 {
			t.Errorf("%v in\n%s", f.Problems, source)
		}
	}
}
