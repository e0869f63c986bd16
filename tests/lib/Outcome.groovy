import groovy.json.JsonSlurper
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.Paths

/** What tests look at: names, words and numbers, never bytes that differ between machines. */
class Outcome {

    /** Process and tool of each entry of a `versions` channel, without the version. */
    static List tools(versions) {
        return versions.collect { process, tool, version -> "${process.tokenize(':').last()}: ${tool}".toString() }.unique().sort()
    }

    /** All files below a folder, relative to it, in order. */
    static List files(folder) {
        def root = Paths.get(folder.toString())
        return Files.walk(root).withCloseable { walk ->
            walk.filter { path -> Files.isRegularFile(path) }.collect { path -> root.relativize(path).toString() }
        }.sort()
    }

    /** Folder and name of each of a task's files. */
    static List places(files) {
        return [files].flatten().collect { file -> Paths.get(file.toString()) }.collect { path -> "${path.parent.fileName}/${path.fileName}".toString() }.sort()
    }

    /** What a step said on its standard error: its warnings and its one line of numbers. */
    static List said(file) {
        def folder = Paths.get(file.toString()).parent
        while (!Files.exists(folder.resolve('.command.err'))) {
            folder = folder.parent
        }
        return folder.resolve('.command.err').readLines()
    }

    /** The complaints that end a run, with neither folder nor repetition. */
    static List complaints(workflow) {
        def lines = workflow.stdout + workflow.stderr + (workflow.errorReport ?: '').readLines()
        return withoutFolders(lines.collect { line -> line.trim() }.findAll { line -> line.startsWith('error: ') })
    }

    /** What a step says of the one slice or trait that it failed for, of many; it made nothing else. */
    static List failure(out) {
        assert out.every { name, items -> name in ['failure', 'versions'] || name.isInteger() || items.isEmpty() }
        return withoutFolders(out.failure.collectMany { _meta, _step, file -> said(file) })
    }

    private static List withoutFolders(lines) {
        return lines.collect { line -> line.replaceAll('(?<![\\w.])/[^ ,;:]*/', '') }.unique()
    }

    /** Nextflow's warnings. */
    static List warnings(workflow) {
        return (workflow.stdout + workflow.stderr).findAll { line -> line.contains('WARN') }.unique()
    }

    /** Names of the processes that ran, with the number of their tasks. */
    static Map tasks(workflow) {
        return workflow.trace.succeeded().countBy { task -> task.name.tokenize(' ').first().tokenize(':').last() }.sort()
    }

    /** The rows of a table with a header, as maps by column. */
    static List table(file) {
        def lines = Paths.get(file.toString()).readLines().collect { line -> line.split('\t', -1) as List }
        return lines.drop(1).collect { cells -> [lines.first(), cells].transpose().collectEntries() }
    }

    static List columns(file) {
        return Paths.get(file.toString()).readLines().first().split('\t') as List
    }

    static Object json(file) {
        return new JsonSlurper().parseText(Paths.get(file.toString()).text)
    }

    /** The account of a step: what it counted, where it counted any. */
    static Map counts(qc) {
        return json(qc).counts.findAll { count -> count.n != 0 }.collectEntries { count ->
            ["${count.of}: ${count.kind}, ${count.what}".toString(), count.n]
        }
    }

    static boolean near(value, expected, share) {
        return (value.toDouble() - expected).abs() <= share * Math.abs(expected)
    }
}
