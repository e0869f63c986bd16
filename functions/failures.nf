// Slices and traits that failed while the others went on: what is told of them, and when.

// [subject, step, message] of each message that a step left.
def failureRows(meta, step, messages) {
    def subject = meta.trait ? "${meta.id} x ${meta.trait}".toString() : meta.id.toString()
    return messages.readLines().collect { message -> [subject, step.tokenize(':').last(), message.replace('\t', ' ')] }
}

// As they are said on the terminal.
def failureLines(rows) {
    return rows.collect { subject, step, message -> "error: ${subject}, ${step}: ${message}" }.join('\n')
}

def failureTable(rows) {
    return ([['subject', 'step', 'message']] + rows).collect { row -> row.join('\t') + '\n' }.join('')
}

// The rows of the failures.tsv that a run left.
def readFailures(path) {
    return path.readLines().drop(1).collect { line -> line.split('\t', 3) as List }
}
