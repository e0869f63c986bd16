"""The columns of every table that passes between steps: one constant a file format."""

from __future__ import annotations

# traits/<trait>.parquet: str, int8, int32, str, str, float64, float64; A1 is the allele that Z counts. In genomic order
# where CHR and BP are known (0 where they are not).
SUMSTATS = ("SNP", "CHR", "BP", "A1", "A2", "Z", "N")

# reference.h5ad obs (index SNP), in genomic order; CM and MAF are NaN, A1 and A2 "" where the source lacks them.
REFERENCE_SNPS = ("CHR", "BP", "CM", "A1", "A2", "MAF", "w_ld")
# A further column of obs where genotypes told it: the frequency of A1 in the panel, of which MAF is the smaller side.
A1_FREQUENCY = "A1_FREQ"

# reference.h5ad var (index gene symbol); the last is UNMAPPED, with chr 0.
REFERENCE_GENES = ("chr", "start", "end", "strand")
UNMAPPED = "unmapped"

# associations/<slice>/<trait>/spots.parquet, in the order of the slice; region is null where the spot has none.
SPOTS = ("spot", "beta", "se", "z", "p", "neg_log10_p", "region")

# Estimates of a run of spots, a part of the above: the spot's row in the slice, and the share of its LD scores that the
# baseline leaves (1 - R2).
ESTIMATES = ("row", "spot", "beta", "se", "tolerance", "region")

COUNTS_PER_SPOT = 10_000  # that expression is scaled to wherever it is shown or scored, the field's custom

# The tests of a region's mean specificity, and of its contrast with the rest of the slice.
MEAN_TEST = ("beta", "se", "z_mean", "p_mean")
CONTRAST_TEST = ("beta_contrast", "se_contrast", "z_contrast", "p_contrast")

# associations/<slice>/<trait>/regions.tsv, sorted by p_cauchy.
REGIONS = (
    "region",
    "n_spots",
    "p_cauchy",
    "p_median",
    *MEAN_TEST,
    *CONTRAST_TEST,
    "q",
    "n_top_spots",
    "share_top",
    "odds_ratio",
    "odds_ratio_p",
    "flags",
)

# summary/regions.tsv: the above under what they are about. scope is slice, group or all.
SUMMARY = ("scope", "slice", "trait", *REGIONS)

# summary/comparisons.tsv: two sides (a and b), each a region in a slice, a group or all slices; difference is a - b.
COMPARISONS = (
    *("comparison", "slices_a", "region_a", "slices_b", "region_b", "trait", "n_spots_a", "n_spots_b"),
    *("beta_a", "beta_b", "difference", "se", "z", "p", "q", "flags"),
)

# A region test called so: the region's mean specificity regressed beside that of the region whose name follows.
GIVEN = "given "

# summary/conditional_tests.tsv: a region's test beside another region, and alone; scope is slice, group or all.
CONDITIONAL = (
    *("scope", "slice", "trait", "region", "conditional_on", "n_spots", "n_spots_conditional", "beta", "se", "z", "p"),
    *("q", "z_alone", "p_alone", "flags"),
)

# summary/trait_correlations.tsv: how alike two traits' maps of a slice are; effective_spots: what its spots are worth.
TRAIT_CORRELATIONS = ("slice", "trait_a", "trait_b", "n_spots", "effective_spots", "r", "se", "p", "q")

# summary/pathways.tsv: a gene set among the genes that drive a region; expected: overlap by chance; genes: the overlap.
PATHWAYS = (*("slice", "trait", "region", "pathway", "n_genes", "n_drivers", "overlap", "expected", "p", "q", "genes"),)

# summary/spot_sets.tsv: the tests of --spot_sets, a row a slice x trait x set.
SPOT_SETS = ("slice", "trait", "set", "n_spots", *MEAN_TEST, *CONTRAST_TEST, "q")

# associations/<slice>/<trait>/genes.tsv, sorted by pcc, highest first.
GENES = ("gene", "pcc", "region", "median_gss", "share_expressed", "drives")

# traits/genes/<trait>.tsv, in genomic order; of MAGMA's results n_independent is its NPARAM, and mean_chi2 is NaN.
GENE_ASSOCIATIONS = ("gene", "chr", "start", "end", "n_snps", "n_independent", "mean_chi2", "z", "p")

# associations/<slice>/<trait>/scdrs.parquet, in the order of the slice; p compares with the controls of all spots, mc_p
# with the spot's own.
SCDRS = ("spot", "raw_score", "norm_score", "z", "p", "neg_log10_p", "mc_p")

# associations/<slice>/<trait>/scdrs_regions.tsv, sorted by assoc_p.
SCDRS_REGIONS = (
    *("region", "n_spots", "n_controls", "assoc_z", "assoc_p", "hetero_z", "hetero_p", "n_fdr_05", "n_fdr_20"),
)

# summary/methods.tsv, a row a slice x trait x region x method, "consensus" among them.
METHODS = ("slice", "trait", "region", "method", "n_spots", "score", "auc", "z", "p", "q", "flags")

# summary/method_agreement.tsv, a row a slice x trait x pair of methods.
AGREEMENT = ("slice", "trait", "method_a", "method_b", "n_spots", "spearman", "top_overlap")

# associations/<slice>/<trait>/methods.parquet, in the order of the slice; only the methods that ran.
METHOD_SPOTS = (
    *("spot", "region", "ldsc_z", "ldsc_p", "scdrs_z", "scdrs_p", "scdrs_norm_score", "aucell", "module_score"),
    *("consensus_p", "consensus_neg_log10_p"),
)

# summary/failures.tsv, a row a message of a slice, a trait, a pair or a group that failed.
FAILURES = ("subject", "step", "message")

# Smallest P that is written; -log10 P is kept exact beside it.
SMALLEST_P = 1e-300

# obs column and table column of region labels, and the one region of a slice without labels.
REGION = "region"
ALL_SPOTS = "all spots"
