"""Genes on chromosomes, LD blocks by coalescent simulation, and the files of a reference panel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from traitmap.errors import InputError
from traitmap.simulation import AUTOSOME_MB, MT_GENES, Study, stream

RECOMBINATION = 1e-8  # per base pair and generation, so 1 cM is 1 Mb
BLOCK = 2_000_000  # base pairs of an LD block; blocks are independent, about as large as those of Europeans (LDetect)
FIRST_BP = 1_000_000
PANEL_MAF = 0.01
REGRESSION_MAF = 0.05  # HapMap3's SNPs are common ...
REGRESSION_SHARE = 0.55  # ... and about half of all common ones; fewer where too few are common and unambiguous
RS_PER_CHROMOSOME = 10_000_000
STEMS = (
    "ABC ACT ADAM ANK AP ARHG ATP BCL BTB C1Q CACN CALM CCDC CDH CDK CEP CHRN CNT COL CRY DDX DNAJ DRD DUS EFH ELF "
    "ERB FAM FBX FGF FOX GABR GAT GLR GPR GRI HDAC HOX HSP HTR IL INPP ITG KCN KIF KLH KRT LAM LRR MAP MED MMP MYO "
    "NCA NDUF NEURO NFK NOT NRX OPN OTX PCDH PDE PIK PLX POU PPP PRD PTP RAB RGS RNF RPL SCN SEM SLC SMAD SOX STX "
    "SYT TBX TCF TMEM TNF TRIM TUB UBE UNC VAM WDR WNT YWH ZBT ZDH ZFP ZIC ZNF"
).split()
MITOCHONDRIAL = (
    "MT-ND1 MT-ND2 MT-CO1 MT-CO2 MT-ATP8 MT-ATP6 MT-CO3 MT-ND3 MT-ND4L MT-ND4 MT-ND5 MT-ND6 MT-CYB"
).split()


@dataclass
class Block:
    """An LD block: SNPs in order of position, 0/1/2 copies of A1 in the panel's and the GWAS's people.

    snps: columns CHR, BP, SNP, A1, A2, MAF (panel), FREQ (of A1 among the GWAS's people). panel: int8, SNPs x people.
    gwas: int8, SNPs x people.
    """

    snps: pd.DataFrame
    panel: np.ndarray
    gwas: np.ndarray


def shares(total: int, weights: np.ndarray) -> np.ndarray:
    """Split ``total`` things in proportion to ``weights``: whole numbers that add up (largest remainders)."""
    exact = total * np.asarray(weights, dtype=np.float64) / np.sum(weights)
    whole = np.floor(exact).astype(np.int64)
    last = np.argsort(whole - exact, kind="stable")[: total - whole.sum()]
    whole[last] += 1
    return whole


def chromosome_lengths(study: Study) -> dict[int, int]:
    """Simulated base pairs of each chromosome: ``kb_per_gene`` for every gene, in proportion to the true lengths."""
    chromosomes = sorted(study.chromosomes)
    true = np.array([AUTOSOME_MB[c] for c in chromosomes], dtype=np.float64)
    total = study.located_genes * study.kb_per_gene * 1000
    lengths = total * true / true.sum()
    if lengths[0] + FIRST_BP > AUTOSOME_MB[chromosomes[0]] * 1e6:
        raise InputError(
            f"{study.located_genes} genes at {study.kb_per_gene:g} kb each need {total / 1e6:.0f} Mb, more than "
            f"chromosomes {','.join(map(str, chromosomes))} have ({true.sum():.0f} Mb); lower --genes or --kb-per-gene"
        )
    return {c: max(int(length), 200_000) for c, length in zip(chromosomes, lengths, strict=True)}


def place_genes(study: Study) -> pd.DataFrame:
    """Genes of the gene file, in genomic order, then the mitochondrial ones.

    Index gene symbol; columns chr (MT has "MT"), start, end (1-based, inclusive), strand, measured (by the slices).
    """
    rng = stream(study.seed, "genes")
    lengths = chromosome_lengths(study)
    tables = []
    for chromosome, n in zip(lengths, shares(study.located_genes, np.array(list(lengths.values()))), strict=True):
        size = np.minimum(np.exp(rng.normal(np.log(25_000), 1.0, n)).astype(np.int64) + 500, lengths[chromosome] // 2)
        start = FIRST_BP + 1 + np.sort(rng.integers(0, lengths[chromosome], n))
        end = np.minimum(start + size, FIRST_BP + lengths[chromosome])
        strand = rng.choice(["+", "-"], n)
        tables.append(pd.DataFrame({"chr": str(chromosome), "start": start, "end": end, "strand": strand}))
    genes = pd.concat(tables, ignore_index=True)
    genes.index = pd.Index(_symbols(len(genes), rng), name="gene")
    genes["measured"] = False
    genes.iloc[rng.choice(len(genes), study.measured_genes, replace=False), -1] = True
    start = 1 + 1200 * np.arange(MT_GENES)
    mitochondrial = pd.DataFrame(
        {"chr": "MT", "start": start, "end": start + 1000, "strand": "+", "measured": True},
        index=pd.Index(MITOCHONDRIAL, name="gene"),
    )
    return pd.concat([genes, mitochondrial])


def _symbols(n: int, rng: np.random.Generator) -> list[str]:
    """``n`` unique symbols that look like human genes': a family, a number, often a letter."""
    number, stem = np.divmod(rng.permutation(n), len(STEMS))
    letter = rng.choice(["", "", "A", "B", "C", "L", "R"], n)
    return [f"{STEMS[s]}{i + 1}{a}" for s, i, a in zip(stem, number, letter, strict=True)]


def write_genes(genes: pd.DataFrame, path: Path) -> None:
    """Write ``genes`` as GTF, gene rows only."""
    lines = ["#!genome-build GRCh37 (simulated)\n"]
    for i, (name, chromosome, start, end, strand) in enumerate(
        zip(genes.index, genes["chr"], genes["start"], genes["end"], genes["strand"], strict=True), start=1
    ):
        attributes = f'gene_id "ENSG{i:011d}"; gene_name "{name}"; gene_type "protein_coding";'
        lines.append(
            f"chr{chromosome.removesuffix('T')}\tsimulated\tgene\t{start}\t{end}\t.\t{strand}\t.\t{attributes}\n"
        )
    path.write_text("".join(lines))


def simulate_blocks(study: Study, chromosome: int):
    """Yield the LD blocks (``Block``) of a chromosome in order.

    Each block is a coalescent with recombination (msprime, Hudson's algorithm; Baumdicker et al. 2022) of the panel's
    and the GWAS's people together, two populations of one origin: same LD, other people. Mutations are dropped densely
    enough that about twice the wanted SNPs have panel MAF >= 0.01; the wanted number of them is kept at random.
    """
    lengths = chromosome_lengths(study)
    by_chromosome = dict(zip(lengths, shares(study.snps, np.array(list(lengths.values()))), strict=True))
    edges = np.append(np.arange(0, lengths[chromosome] - BLOCK // 2, BLOCK), lengths[chromosome])
    edges = edges if len(edges) > 1 else np.array([0, lengths[chromosome]])
    first = 0
    for number, wanted in enumerate(shares(int(by_chromosome[chromosome]), np.diff(edges))):
        if wanted == 0:
            continue
        rng = stream(study.seed, "block", chromosome, number)
        position, haplotypes = _coalescent(study, int(edges[number + 1] - edges[number]), int(wanted), rng)
        yield _block(study, chromosome, FIRST_BP + int(edges[number]) + position, haplotypes, first, rng)
        first += len(position)


def _coalescent(study: Study, length: int, wanted: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Positions (1-based in the block) and haplotypes (int8, SNPs x haplotypes) of at most ``wanted`` SNPs."""
    import msprime

    seeds = rng.integers(1, 2**31, 2)
    people = study.people + study.gwas_people
    trees = msprime.sim_ancestry(
        people,
        population_size=study.population_size,
        recombination_rate=RECOMBINATION,
        sequence_length=length,
        random_seed=int(seeds[0]),
    )
    # A neutral population has 4 N mu / f SNPs a base pair at frequency f.
    sites = 4 * study.population_size * length * np.log((1 - PANEL_MAF) / PANEL_MAF)
    mutated = msprime.sim_mutations(
        trees,
        rate=(2 * wanted + 30) / sites,
        model=msprime.BinaryMutationModel(),
        random_seed=int(seeds[1]),
    )
    in_panel, in_gwas = 2 * study.people, 2 * study.gwas_people
    position, rows = [], []
    for variant in mutated.variants():
        genotypes = variant.genotypes
        panel = np.count_nonzero(genotypes[:in_panel])
        gwas = np.count_nonzero(genotypes[in_panel:])
        if PANEL_MAF * in_panel <= min(panel, in_panel - panel) and 0 < gwas < in_gwas:
            position.append(int(variant.site.position) + 1)
            rows.append(genotypes.astype(np.int8))
    kept = np.sort(rng.permutation(len(rows))[:wanted])
    haplotypes = np.array([rows[i] for i in kept], dtype=np.int8).reshape(len(kept), 2 * people)
    return np.array(position, dtype=np.int64)[kept], haplotypes


def _block(
    study: Study, chromosome: int, bp: np.ndarray, haplotypes: np.ndarray, first: int, rng: np.random.Generator
) -> Block:
    people = haplotypes[:, 0::2] + haplotypes[:, 1::2]
    panel, gwas = people[:, : study.people], people[:, study.people :]
    n = len(bp)
    a2 = rng.choice(4, n)
    # A <-> G and C <-> T twice as often as all other changes together.
    a1 = (a2 + np.where(rng.random(n) < 2 / 3, 2, rng.choice([1, 3], n))) % 4
    bases = np.array(["A", "C", "G", "T"])
    frequency = panel.mean(axis=1) / 2
    snps = pd.DataFrame(
        {
            "CHR": chromosome,
            "BP": bp,
            "SNP": [f"rs{chromosome * RS_PER_CHROMOSOME + first + i + 1}" for i in range(n)],
            "A1": bases[a1],
            "A2": bases[a2],
            "MAF": np.minimum(frequency, 1 - frequency),
            "FREQ": gwas.mean(axis=1) / 2,
        }
    )
    return Block(snps, panel, gwas)


def write_panel(study: Study, snps: pd.DataFrame, panel: np.ndarray, prefix: Path) -> None:
    """Write PLINK1 files ``prefix``.bed, .bim and .fam; ``panel`` is int8, SNPs x people, copies of A1."""
    from bed_reader import to_bed

    names = [f"person_{i + 1}" for i in range(study.people)]
    to_bed(
        f"{prefix}.bed",
        np.asfortranarray(panel.T),
        properties={
            "fid": names,
            "iid": names,
            "sex": np.zeros(study.people, dtype=np.int64),
            "chromosome": snps["CHR"].astype(str).to_numpy(),
            "sid": snps["SNP"].to_numpy(),
            "cm_position": (snps["BP"] * RECOMBINATION * 100).round(6).to_numpy(),
            "bp_position": snps["BP"].to_numpy(),
            "allele_1": snps["A1"].to_numpy(),
            "allele_2": snps["A2"].to_numpy(),
        },
        count_A1=True,
        num_threads=1,
    )


def regression_snps(study: Study, snps: pd.DataFrame, chromosome: int) -> list[str]:
    """Names of a chromosome's regression SNPs: common, strand-unambiguous, thinned to about half of the panel's."""
    complement = snps["A1"].map(dict(zip("ACGT", "TGCA", strict=True)))
    eligible = np.flatnonzero((snps["MAF"] >= REGRESSION_MAF) & (complement != snps["A2"]))
    rng = stream(study.seed, "regression SNPs", chromosome)
    kept = np.sort(rng.permutation(eligible)[: round(REGRESSION_SHARE * len(snps))])
    return snps["SNP"].iloc[kept].tolist()
