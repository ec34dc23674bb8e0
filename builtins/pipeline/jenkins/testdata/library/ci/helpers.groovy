def push(name, tag) {
    retry(3) {
        sh "docker push ${name}:${tag}"
    }
}

return this
