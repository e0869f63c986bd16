"""Run LDSC on assets/demo and keep a little of what it says: see README.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[3] / "bin")]

from ldsc_demo import CHROMOSOMES, GENES, PANEL, SNPS, SPOTS, gene_scores, sumstats  # noqa: E402
from traitmap.gene_windows import gene_of_snps, read_genes  # noqa: E402
from traitmap.ledger import Ledger  # noqa: E402

WINDOW = 50_000
KEPT_CHROMOSOMES, KEPT_EVERY = (1, 6), 12
BLOCKS = (20, 50, 200)


def main(python: str, ldsc: str, folder: str) -> None:
    """LD scores of the annotations, of no annotation and among the regression SNPs; then --h2-cts on all spots."""
    at = Path(folder)
    at.mkdir(parents=True, exist_ok=True)

    def run(*arguments: object) -> None:
        command = [python, ldsc, *map(str, arguments)]
        print(" ".join(command), flush=True)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    genes = read_genes(GENES, Ledger("freeze", "genes"))
    scores = gene_scores(genes.index)
    kept = []
    for c in CHROMOSOMES:
        panel, snps = PANEL.format(chr=c), SNPS.format(chr=c)
        annotate(Path(f"{panel}.bim"), genes[genes["chr"] == c], scores).to_csv(
            at / f"annotations.{c}.annot.gz", sep="\t", index=False
        )
        given = ("--bfile", panel, "--l2", "--ld-wind-cm", 1)
        run(*given, "--annot", at / f"annotations.{c}.annot.gz", "--out", at / f"annotations.{c}")
        run(*given, "--extract", snps, "--out", at / f"w_ld.{c}")
        if c in KEPT_CHROMOSOMES:
            run(*given, "--out", at / f"total.{c}")
            tables = [read(at / f"{name}.{c}.l2.ldscore.gz") for name in ("annotations", "total", "w_ld")]
            total, among = (table["L2"].rename(name) for table, name in zip(tables[1:], ("total", "w_ld"), strict=True))
            # The regression SNPs alone have all three.
            kept.append(tables[0].join([total, among], how="inner").iloc[::KEPT_EVERY])
        split(at, c)
    pd.concat(kept).drop(columns="BP").to_csv(HERE / "ld_scores.tsv", sep="\t")
    sumstats().to_csv(at / "trait.sumstats.gz", sep="\t", index=False)
    (at / "spots.ldcts").write_text("".join(f"{spot}\t{at}/{spot}.\n" for spot in SPOTS))
    found = []
    for blocks in BLOCKS:
        out = at / f"spots_{blocks}"
        run("--h2-cts", at / "trait.sumstats.gz", "--ref-ld-chr", f"{at}/baseline.", "--w-ld-chr", f"{at}/w_ld.",
            "--ref-ld-chr-cts", at / "spots.ldcts", "--n-blocks", blocks, "--out", out)  # fmt: skip
        table = pd.read_csv(f"{out}.cell_type_results.txt", sep="\t").sort_values("Name")
        found.append(table.assign(blocks=blocks))
    pd.concat(found).to_csv(HERE / "coefficients.tsv", sep="\t", index=False)


def annotate(bim: Path, genes: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """LDSC's .annot of one chromosome: spots' scores, all_gene and base of each panel SNP."""
    table = pd.read_csv(bim, sep=r"\s+", header=None, names=["CHR", "SNP", "CM", "BP", "A1", "A2"])
    gene = gene_of_snps(table["BP"].to_numpy(), genes, WINDOW)
    own = np.vstack([scores.loc[genes.index].to_numpy(), np.zeros((1, len(SPOTS)))])[gene]
    table = table[["CHR", "BP", "SNP", "CM"]].join(pd.DataFrame(own, columns=SPOTS))
    return table.assign(all_gene=(gene < len(genes)).astype(int), base=1)


def read(path: Path) -> pd.DataFrame:
    """An .l2.ldscore.gz by SNP; columns without LDSC's suffix."""
    table = pd.read_csv(path, sep="\t").set_index("SNP")
    return table.rename(columns=lambda name: name.removesuffix("L2") or "L2")


def split(at: Path, chromosome: int) -> None:
    """One set of files a spot, as --ref-ld-chr-cts wants it, and one of the baseline."""
    table = pd.read_csv(at / f"annotations.{chromosome}.l2.ldscore.gz", sep="\t")
    names = list(table.columns[3:])
    for suffix in (".l2.M", ".l2.M_5_50"):
        counts = (at / f"annotations.{chromosome}{suffix}").read_text().split()
        for name, columns in _sets():
            chosen = [counts[names.index(f"{column}L2")] for column in columns]
            (at / f"{name}.{chromosome}{suffix}").write_text("\t".join(chosen) + "\n")
    for name, columns in _sets():
        part = table[["CHR", "SNP", "BP", *(f"{column}L2" for column in columns)]]
        part.to_csv(at / f"{name}.{chromosome}.l2.ldscore.gz", sep="\t", index=False)


def _sets() -> list[tuple[str, list[str]]]:
    return [*((spot, [spot]) for spot in SPOTS), ("baseline", ["all_gene", "base"])]


if __name__ == "__main__":
    main(*sys.argv[1:])
