// A step of the repository's own library.
def call(Map args = [:]) {
    def full = "${args.name}:${args.tag}"
    sh "docker build -t ${full} ."
    return full
}
