// Where the run's code and images come from, and what must not be told of its command line.

// What the report says of the run: nothing that differs between a run and its -resume.
def runInfo() {
    def ofOneStart = ' -resume( [0-9a-f-]{36})?| -(name|w|work-dir|ansi-log) [^ ]+'
    def command = workflow.commandLine.replaceAll('^nextflow .*?run ', 'nextflow run ').replaceAll(ofOneStart, '')
    return [
        pipeline: workflow.manifest.name.tokenize('/').last(), // without its owner
        version: workflow.manifest.version,
        revision: workflow.commitId ?: gitRevision(workflow.projectDir),
        nextflow: nextflow.version.toString(),
        container_engine: workflow.containerEngine ?: '',
        profile: workflow.profile,
        command_line: withoutSecrets(command),
    ]
}

// The commit of a local checkout, '-dirty' where files differ from it; '' where it is none, or there is no git.
def gitRevision(folder) {
    def command = ['git', '-C', folder, 'describe', '--always', '--dirty', '--abbrev=40', '--exclude=*']
    return file("${folder}/.git").exists() ? told(command) : ''
}

// [selector of the processes: [image, digest]], once the images are there. The digest is that of the name, or what the
// engine knows on this machine; '' where neither tells.
def containers() {
    if (!workflow.containerEngine) {
        return [:]
    }
    def images = workflow.container instanceof Map ? workflow.container : ['default': workflow.container]
    return images.collectEntries { selector, image ->
        [selector.toString(), [image: image.toString(), digest: digestOf(image.toString())]]
    }
}

def digestOf(image) {
    if (image.contains('@sha256:')) {
        return image.tokenize('@').last()
    }
    def known = workflow.containerEngine in ['docker', 'podman']
    def id = known ? told([workflow.containerEngine, 'image', 'inspect', '--format', '{{.Id}}', image]) : ''
    return id && !id.startsWith('sha256:') ? "sha256:${id}".toString() : id
}

// What a command says in one line; '' where it fails or is not there.
def told(command) {
    try {
        def process = command.collect { word -> word.toString() }.execute()
        def text = process.text.trim()
        return process.waitFor() == 0 ? text : ''
    }
    catch (IOException _absent) {
        return ''
    }
}

// Neither names and passwords in addresses nor what signs a link.
def withoutSecrets(text) {
    return text.replaceAll('://[^/@\\s]+@', '://***@').replaceAll('(https?://[^\\s?\'"]+)\\?[^\\s\'"]+', '$1?***')
}
