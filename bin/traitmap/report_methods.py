"""The methods text of a run, made from what its files say was done, and the works to cite for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from traitmap import cauchy
from traitmap.report_compared import compared_methods
from traitmap.report_results import Results
from traitmap.report_words import P_NAMES, joined, number, p_value, plural, snp_counts


@dataclass(frozen=True)
class Work:
    """A publication: BibTeX key, authors, title, journal line, year, DOI."""

    key: str
    authors: str
    title: str
    journal: str
    year: int
    doi: str
    volume: str = ""
    pages: str = ""

    def bibtex(self) -> str:
        """The BibTeX entry."""
        fields = [("author", self.authors), ("title", f"{{{self.title}}}"), ("journal", self.journal)]
        fields += [("volume", self.volume), ("pages", self.pages.replace("–", "--"))]
        fields += [("year", str(self.year)), ("doi", self.doi)]
        body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields if value)
        return f"@article{{{self.key},\n{body}\n}}"


_WORKS = (
    Work(
        "song2025gsmap",
        "Song, Liyang and Chen, Wenhao and Hou, Junren and Guo, Minmin and Yang, Jian",
        "Spatially resolved mapping of cells associated with human complex traits",
        "Nature",
        2025,
        "10.1038/s41586-025-08757-x",
        "641",
        "932–941",
    ),
    Work(
        "bulik2015ldsc",
        "Bulik-Sullivan, Brendan K and Loh, Po-Ru and Finucane, Hilary K and others",
        "LD Score regression distinguishes confounding from polygenicity in genome-wide association studies",
        "Nature Genetics",
        2015,
        "10.1038/ng.3211",
        "47",
        "291–295",
    ),
    Work(
        "finucane2015sldsc",
        "Finucane, Hilary K and Bulik-Sullivan, Brendan and Gusev, Alexander and others",
        "Partitioning heritability by functional annotation using genome-wide association summary statistics",
        "Nature Genetics",
        2015,
        "10.1038/ng.3404",
        "47",
        "1228–1235",
    ),
    Work(
        "liu2020cauchy",
        "Liu, Yaowu and Xie, Jun",
        "Cauchy combination test: a powerful test with analytic p-value calculation under arbitrary dependency "
        "structures",
        "Journal of the American Statistical Association",
        2020,
        "10.1080/01621459.2018.1554485",
        "115",
        "393–402",
    ),
    Work(
        "liu2019acat",
        "Liu, Yaowu and Chen, Sixing and Li, Zilin and Morrison, Alanna C and Boerwinkle, Eric and Lin, Xihong",
        "ACAT: a fast and powerful p value combination method for rare-variant analysis in sequencing studies",
        "American Journal of Human Genetics",
        2019,
        "10.1016/j.ajhg.2019.01.002",
        "104",
        "410–421",
    ),
    Work(
        "benjamini1995fdr",
        "Benjamini, Yoav and Hochberg, Yosef",
        "Controlling the false discovery rate: a practical and powerful approach to multiple testing",
        "Journal of the Royal Statistical Society: Series B",
        1995,
        "10.1111/j.2517-6161.1995.tb02031.x",
        "57",
        "289–300",
    ),
    Work(
        "velickovic2018gat",
        "Veličković, Petar and Cucurull, Guillem and Casanova, Arantxa and Romero, Adriana and Liò, Pietro and "
        "Bengio, Yoshua",
        "Graph attention networks",
        "International Conference on Learning Representations",
        2018,
        "10.48550/arXiv.1710.10903",
    ),
    Work(
        "mcinnes2018umap",
        "McInnes, Leland and Healy, John and Melville, James",
        "UMAP: uniform manifold approximation and projection for dimension reduction",
        "arXiv",
        2018,
        "10.48550/arXiv.1802.03426",
    ),
    Work(
        "wolf2018scanpy",
        "Wolf, F Alexander and Angerer, Philipp and Theis, Fabian J",
        "SCANPY: large-scale single-cell gene expression data analysis",
        "Genome Biology",
        2018,
        "10.1186/s13059-017-1382-0",
        "19",
        "15",
    ),
    Work(
        "deleeuw2015magma",
        "de Leeuw, Christiaan A and Mooij, Joris M and Heskes, Tom and Posthuma, Danielle",
        "MAGMA: generalized gene-set analysis of GWAS data",
        "PLoS Computational Biology",
        2015,
        "10.1371/journal.pcbi.1004219",
        "11",
        "e1004219",
    ),
    Work(
        "zhang2022scdrs",
        "Zhang, Martin Jinye and Hou, Kangcheng and Dey, Kushal K and others",
        "Polygenic enrichment distinguishes disease associations of individual cells in single-cell RNA-seq data",
        "Nature Genetics",
        2022,
        "10.1038/s41588-022-01167-z",
        "54",
        "1572–1580",
    ),
    Work(
        "aibar2017aucell",
        "Aibar, Sara and González-Blas, Carmen Bravo and Moerman, Thomas and others",
        "SCENIC: single-cell regulatory network inference and clustering",
        "Nature Methods",
        2017,
        "10.1038/nmeth.4463",
        "14",
        "1083–1086",
    ),
    Work(
        "tirosh2016score",
        "Tirosh, Itay and Izar, Benjamin and Prakadan, Sanjay M and others",
        "Dissecting the multicellular ecosystem of metastatic melanoma by single-cell RNA-seq",
        "Science",
        2016,
        "10.1126/science.aad0501",
        "352",
        "189–196",
    ),
    Work(
        "ditommaso2017nextflow",
        "Di Tommaso, Paolo and Chatzou, Maria and Floden, Evan W and Barja, Pablo Prieto and Palumbo, Emilio and "
        "Notredame, Cedric",
        "Nextflow enables reproducible computational workflows",
        "Nature Biotechnology",
        2017,
        "10.1038/nbt.3820",
        "35",
        "316–319",
    ),
)
FEW_COLUMNS = 8  # annotations that are named
WORDS_OF_MODELS = {
    "pca": "the principal components of their expression",
    "smoothed_pca": "the principal components of their expression, averaged over like neighbours in space",
}
# Parameters that other words of the text tell, or that do not matter; of a model that is not trained those of training.
UNTOLD = {"version", "device", "model", "neighborhood", "use_labels"}
OF_TRAINING = {"batch", "contrast", "dropout", "epochs", "held_out", "learning_rate", "patience", "steps", "tile"}
OF_TRAINING |= {"weight_decay"}
MICRODOMAINS = {
    "cosine_top_k": "the spots near it in space that are most similar in the embedding",
    "gaussian": "the spots near it in space that are most similar in the embedding, weighted by distance",
    "joint_knn": "the spots nearest to it in space and embedding together",
    "radius": "all spots within a radius of it",
    "given": "the metacell that it was given",
}
_WORK = {work.key: work for work in _WORKS}


@dataclass
class Methods:
    """Paragraphs whose citations are [n], and the works in that order."""

    paragraphs: list[str]
    works: list[Work]


def methods(results: Results, version: str) -> Methods:
    """Describe the steps whose files are there, with their parameters; steps that did not run are not mentioned."""
    cited: list[str] = []

    def cite(*keys: str) -> str:
        cited.extend(key for key in keys if key not in cited)
        return "[" + ", ".join(str(cited.index(key) + 1) for key in keys) + "]"

    paragraphs = [
        f"Traits were mapped onto tissue with traitmap {version}, an implementation of the gsMap method "
        f"{cite('song2025gsmap')}. {_size(results)}"
    ]
    paragraphs += [text for text in (_slices(results, cite), _reference(results), _gwas(results)) if text]
    if any(pair.spots is not None for pair in results.associations.values()):
        paragraphs.append(_regression(results, cite))
    if not results.summary.empty:
        paragraphs.append(_regions(results, cite))
    if any(pair.genes is not None for pair in results.associations.values()):
        paragraphs.append(
            "Genes were ranked by the Pearson correlation, over spots, of their GSS with −log10 P; correlation does "
            "not show that a gene is causal."
        )
    if further := _further(results, cite):
        paragraphs.append(further)
    if compared_methods(results):
        paragraphs.append(_compared(results, cite))
    if results.parameters or "Workflow" in results.versions:
        paragraphs.append(f"The steps were run by Nextflow {cite('ditommaso2017nextflow')}.")
    return Methods(paragraphs, [_WORK[key] for key in cited])


def _size(results: Results) -> str:
    regions = results.summary["region"].nunique()
    text = f"The run holds {plural(len(results.slices), 'slice')} and {plural(len(results.traits), 'trait')}"
    return text + (f" and {plural(regions, 'distinct region label')}." if regions else ".")


def _given(results: Results, step: str) -> dict[str, Any]:
    """Parameters of a step that all slices share."""
    each = [found.parameters[step] for found in results.slices.values() if step in found.parameters]
    return {name: value for name, value in each[0].items() if all(e.get(name) == value for e in each)} if each else {}


def _listed(parameters: dict[str, Any]) -> str:
    items = [
        f"{name.replace('_', ' ')} {number(value) if not isinstance(value, str) else value}"
        for name, value in sorted(parameters.items())
        if isinstance(value, (int, float, str)) and value != "" and name not in UNTOLD
    ]
    return f" ({', '.join(items)})" if items else ""


def _slices(results: Results, cite) -> str:
    text = ""
    if any("embedding.h5ad" in found.parameters or found.plane is not None for found in results.slices.values()):
        given = _given(results, "embedding.h5ad")
        text += f"Raw counts were read and prepared with scanpy {cite('wolf2018scanpy')}; spots were embedded by "
        model = str(given.get("model", "gat"))
        if model.startswith("gat"):
            text += f"a graph attention autoencoder {cite('velickovic2018gat')} on expression and spatial neighbours"
        else:
            text += WORDS_OF_MODELS.get(model, f"the model {model}")
        untold = OF_TRAINING if model in WORDS_OF_MODELS else () if model == "contrastive" else {"contrast"}
        text += f"{_listed({name: value for name, value in given.items() if name not in untold})}. "
    if any(found.plane_name.startswith("UMAP") for found in results.slices.values()):
        text += f"For display alone the embedding was laid out by UMAP {cite('mcinnes2018umap')}. "
    if any(found.specificity for found in results.slices.values()):
        given = _given(results, "specificity.h5ad")
        text += (
            "Each spot's gene specificity score (GSS) was computed from the geometric mean of its gene ranks over its "
            f"microdomain ({MICRODOMAINS.get(str(given.get('neighborhood')), MICRODOMAINS['cosine_top_k'])}), relative "
            f"to the background of ranks {cite('song2025gsmap')}{_listed(given)}."
        )
    cells = [found.name for found in results.slices.values() if found.drawn_on]
    if cells:
        text += (
            f" {joined(cells)}: single cells without coordinates; neighbours are those nearest in expression, "
            "microdomains the cells most similar in the embedding, and maps are drawn on its UMAP."
        )
    return text.strip()


def _reference(results: Results) -> str:
    facts = dict(results.reference)
    for account in results.accounts:
        if isinstance(account.facts.get("reference"), dict):
            facts = {**account.facts["reference"], **facts}
    if not facts:
        return ""
    build = facts.get("genome_build", "unknown")
    if results.approximate:
        return (
            f"SNPs were linked to genes from published LD scores alone (genome build {build}): the whole LD score of a "
            "SNP was given to the gene whose window holds it. This is an approximation; all P values rest on it."
        )
    people = facts.get("panel_people")
    text = "SNPs were linked to genes through the unbiased r² between each regression SNP and the SNPs of each gene"
    text += f", in a panel of {number(int(people))} people" if people and float(people) > 0 else ""
    text += f" (genome build {build}"
    text += f", gene windows extended by {number(facts['window_kb'])} kb" if facts.get("window_kb") else ""
    return text + (f", LD window {facts['ld_window']})." if facts.get("ld_window") else ").")


def _gwas(results: Results) -> str:
    removed: dict[str, int] = {}
    for trait in results.traits.values():
        for count in trait.account.counts if trait.account else ():
            if count.get("kind") == "removed":
                what = str(count.get("what", ""))
                removed[what] = removed.get(what, 0) + int(count["n"])
    if not removed:
        return ""
    telling = [f"{what} ({n:,})" for what, n in removed.items() if n]
    idle = [what for what, n in removed.items() if not n]
    text = "GWAS summary statistics were harmonised. "
    text += f"Rows were removed, over all traits, for: {joined(telling)}. " if telling else ""
    return text + (f"Checked without removing any: {joined(idle)}." if idle else "")


def _regression(results: Results, cite) -> str:
    facts = [pair.account.facts for pair in results.associations.values() if pair.account]
    blocks = sorted({int(fact["blocks"]) for fact in facts if "blocks" in fact})
    weights = sorted({str(fact["weights"]) for fact in facts if "weights" in fact})
    counts = snp_counts(results)
    text = (
        "For each spot and trait, χ² statistics were regressed on the LD score of the spot's GSS and the baseline LD "
        f"scores by stratified LD score regression {cite('bulik2015ldsc', 'finucane2015sldsc')}"
    )
    if counts:
        low, high = min(counts), max(counts)
        text += f", over {low:,}" + (f" to {high:,}" if high > low else "") + " SNPs"
    text += f", with {joined(weights)} regression weights" if weights else ""
    text += (
        f"; standard errors come from a block jackknife of {joined([str(b) for b in blocks])} blocks" if blocks else ""
    )
    known = {"intercept", "all_gene", "base"}
    further = list(
        dict.fromkeys(name for fact in facts for name in fact.get("baseline_columns", ()) if name not in known)
    )
    if further:
        told = joined(further) if len(further) <= FEW_COLUMNS else f"{joined(further[:FEW_COLUMNS])} and others"
        text += f". Every regression is conditional on {plural(len(further), 'further annotation')}: {told}"
    return text + ". P values are one-sided (positive association)."


def _regions(results: Results, cite) -> str:
    text = (
        "P values of the spots of a region were combined by the Cauchy combination test "
        f"{cite('liu2019acat', 'liu2020cauchy')} (equal weights, P held between {p_value(cauchy.LOWEST_P).lstrip('≤')} "
        f"and {cauchy.HIGHEST_P:g}); q values are Benjamini–Hochberg false discovery rates {cite('benjamini1995fdr')} "
        f"of the {P_NAMES[results.q_from]} P over the whole run"
    )
    if results.summary["p_mean"].notna().any():
        text += (
            ". Two further tests regress on the mean GSS of each region, and on its contrast with the remaining spots; "
            "unlike the Cauchy P they use the covariance of the spots' estimates"
        )
    if results.summary["odds_ratio"].notna().any():
        text += (
            ". Odds ratios compare the odds of being among the run's top spots of that slice and trait inside the "
            "region with outside (Fisher's exact test, one-sided)"
        )
    return text + "."


def _further(results: Results, cite) -> str:
    """A sentence for each table that was asked for."""
    sentences = {
        "comparisons": "Regions and slices were compared by the difference of their coefficients, with the block "
        "jackknife of the difference (two-sided P).",
        "conditional_tests": "Each region was tested again with the mean GSS of another region in the same regression.",
        "trait_correlations": "The maps of each two traits were correlated over spots, with an error that counts how "
        "many independent spots the slice is worth.",
        "pathways": "Gene sets were looked for among the driver genes by the hypergeometric test (one-sided), sets of "
        "5 to 500 measured genes.",
    }
    told = [words for name, words in sentences.items() if results.further.get(name) is not None]
    return f"{' '.join(told)} Each table has q values of its own {cite('benjamini1995fdr')}." if told else ""


def _compared(results: Results, cite) -> str:
    found = compared_methods(results)
    approximate = any(a.step == "associate_genes" and a.facts.get("approximate") for a in results.accounts)
    text = (
        "Beside the regression, genes were associated with each trait by the sum of χ² over the SNPs of their windows "
        f"{cite('deleeuw2015magma')}"
    )
    text += " (without genotypes the SNPs of a gene count as one: approximate)" if approximate else ""
    text += ", and the first genes, weighted by z, were scored in every spot by "
    names = {
        "scdrs": ("scDRS, with Monte Carlo P against matched control gene sets", "zhang2022scdrs"),
        "aucell": ("AUCell", "aibar2017aucell"),
        "module_score": ("the mean expression less that of genes of like expression", "tirosh2016score"),
    }
    text += joined([f"{words} {cite(key)}" for name, (words, key) in names.items() if name in found])
    if "consensus" in found:
        text += (
            f". The consensus is the Cauchy combination of the P of the regression and of scDRS {cite('liu2020cauchy')}"
        )
    return text + ". AUC compare the scores of spots inside and outside a region and test nothing."
