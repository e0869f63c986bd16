/** The steps before the one under test, on the demo's first slice, first chromosome and causal trait. */
class Demo {

    static final String SLICE = '''
        slice_1 = file("${projectDir}/assets/demo/slice_1.h5ad")
        meta_1 = [
            id: 'slice_1', slice: 'slice_1', group: 'donor_1',
            annotation: 'annotation', layer: 'counts', spatial_key: 'spatial', species: 'human',
        ]
    '''

    private static final Map INPUTS = [
        LINK_SNPS_TO_GENES: '''
            panel = ['bed', 'bim', 'fam'].collect { ending -> file("${projectDir}/assets/demo/panel/panel.1.${ending}") }
            input[0] = [[id: 'chr1', chromosome: 1]] + panel + [file("${projectDir}/assets/demo/snps/snps.1.txt"), []]
            input[1] = file("${projectDir}/assets/demo/genes.gtf")
        ''',
        MERGE_REFERENCE: '''
            input[0] = LINK_SNPS_TO_GENES.out.reference.map { _meta, path -> path }.collect()
        ''',
        HARMONIZE_SUMSTATS: '''
            input[0] = [[id: 'causal_trait', n: null], file("${projectDir}/assets/demo/causal_trait.sumstats.gz")]
            input[1] = MERGE_REFERENCE.out.reference
            input[2] = file("${projectDir}/assets/sumstats_headers.json")
        ''',
        EMBED_SPOTS: SLICE + '''
            input[0] = ['slice_1', [meta_1], slice_1]
        ''',
        SCORE_SPECIFICITY: '''
            input[0] = EMBED_SPOTS.out.embedding.map { metas, path -> [metas[0], slice_1, path, [], []] }
        ''',
        REGRESS_SPOTS: '''
            input[0] = SCORE_SPECIFICITY.out.specificity
                .combine(HARMONIZE_SUMSTATS.out.sumstats)
                .map { meta, specificity, trait, sumstats -> [meta + [trait: trait.id], specificity, sumstats] }
            input[1] = MERGE_REFERENCE.out.reference
            input[2] = []
            input[3] = []
            input[4] = [[], []]
        ''',
        ASSOCIATE_GENES: '''
            panel = ['bed', 'bim', 'fam'].collect { ending -> file("${projectDir}/assets/demo/panel/panel.1.${ending}") }
            input[0] = HARMONIZE_SUMSTATS.out.sumstats.map { trait, path -> [trait, path, []] }
            input[1] = MERGE_REFERENCE.out.reference
            input[2] = 'panel.{chr}'
            input[3] = panel
            input[4] = file("${projectDir}/assets/demo/genes.gtf")
        ''',
        SCORE_SCDRS: SLICE + '''
            input[0] = SCORE_SPECIFICITY.out.specificity
                .combine(ASSOCIATE_GENES.out.genes)
                .map { meta, path, _trait, genes -> [meta + [trait: 'causal_trait'], slice_1, path, genes, []] }
        ''',
        SCORE_SIGNATURES: SLICE + '''
            input[0] = SCORE_SPECIFICITY.out.specificity
                .combine(ASSOCIATE_GENES.out.genes)
                .map { meta, path, _trait, genes -> [meta + [trait: 'causal_trait'], slice_1, path, genes, []] }
            input[1] = 'aucell,module_score'
        ''',
        COMPARE_METHODS: '''
            all = SUMMARIZE_REGIONS.out.regions.map { path -> [path].flatten().first() }
            input[0] = COMBINE_REGIONS.out.regions.map { meta, _path -> meta }.collect()
            input[1] = all.collect()
            input[2] = REGRESS_SPOTS.out.spots.map { _meta, path -> path }.collect()
            input[3] = SCORE_SCDRS.out.scores
                .flatMap { _meta, of_spots, of_regions -> [of_spots, of_regions] }
                .mix(SCORE_SIGNATURES.out.scores.map { _meta, path -> path })
                .collect()
            input[4] = [3]
        ''',
        RANK_GENES: SLICE + '''
            input[0] = SCORE_SPECIFICITY.out.specificity
                .combine(REGRESS_SPOTS.out.spots.map { _meta, path -> path })
                .map { meta, specificity, spots -> [meta + [traits: ['causal_trait']], specificity, spots, slice_1, []] }
        ''',
        COMBINE_REGIONS: '''
            input[0] = REGRESS_SPOTS.out.spots
                .join(REGRESS_SPOTS.out.region_tests)
                .map { meta, spots, tests -> [meta, spots, tests, slice_1] }
        ''',
        SUMMARIZE_REGIONS: '''
            input[0] = COMBINE_REGIONS.out.regions.map { meta, _path -> meta }.collect()
            input[1] = COMBINE_REGIONS.out.regions.map { _meta, path -> path }.collect()
            input[2] = REGRESS_SPOTS.out.spots.map { _meta, path -> path }.collect()
            input[3] = REGRESS_SPOTS.out.region_tests.map { _meta, path -> path }.collect()
            input[4] = []
        ''',
    ]

    private static final List REFERENCE = ['LINK_SNPS_TO_GENES', 'MERGE_REFERENCE']
    private static final List SPECIFICITY = ['EMBED_SPOTS', 'SCORE_SPECIFICITY']
    private static final List ASSOCIATIONS = REFERENCE + ['HARMONIZE_SUMSTATS'] + SPECIFICITY + ['REGRESS_SPOTS']

    private static final List METHODS = REFERENCE + ['HARMONIZE_SUMSTATS', 'ASSOCIATE_GENES'] + SPECIFICITY

    private static final Map BEFORE = [
        MERGE_REFERENCE: ['LINK_SNPS_TO_GENES'],
        IMPORT_REFERENCE: REFERENCE,
        HARMONIZE_SUMSTATS: REFERENCE,
        SCORE_SPECIFICITY: ['EMBED_SPOTS'],
        REGRESS_SPOTS: ASSOCIATIONS - 'REGRESS_SPOTS',
        MERGE_SPOTS: ASSOCIATIONS - 'REGRESS_SPOTS',
        COMBINE_REGIONS: ASSOCIATIONS,
        RANK_GENES: ASSOCIATIONS,
        ASSOCIATE_GENES: REFERENCE + ['HARMONIZE_SUMSTATS'],
        SCORE_SCDRS: METHODS,
        SCORE_SIGNATURES: METHODS,
        COMPARE_METHODS: METHODS + [
            'SCORE_SCDRS', 'SCORE_SIGNATURES', 'REGRESS_SPOTS', 'COMBINE_REGIONS', 'SUMMARIZE_REGIONS',
        ],
        SUMMARIZE_REGIONS: ASSOCIATIONS + ['COMBINE_REGIONS'],
        DRAW_FIGURES: ASSOCIATIONS + ['RANK_GENES', 'COMBINE_REGIONS'],
        WRITE_REPORT: ASSOCIATIONS + ['COMBINE_REGIONS', 'SUMMARIZE_REGIONS'],
        WRITE_MANIFEST: [],
    ]

    /** Adds to a test's setup all that `step` needs. */
    static void before(step, context) {
        BEFORE[step].each { name ->
            context.run(name) {
                script("modules/${name.toLowerCase()}/main.nf")
                process { INPUTS[name] }
            }
        }
    }

    /** What a step takes when the steps before it have run. */
    static String input(step) {
        return INPUTS[step]
    }
}
