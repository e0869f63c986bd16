"""Cases of reference.h5ad (regress_spots.py, --merge)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import anndata
import h5py
import numpy as np

from corpus import regression_files as regression
from corpus.registry import Reader
from traitmap.h5ad import write_h5ad
from traitmap.link_snps_to_genes import Settings, link_panel
from traitmap.reference import write_reference

FILE = "reference.h5ad"
REFERENCE = Reader("reference", "References (reference.h5ad)", "regress_spots", regression.OPTIONS, regression.make)


def changed(
    reader: Reader, file: str, name: str, what: str, change: Callable[[anndata.AnnData], object], *says: str, **kind
) -> None:
    """Register ``file`` (an AnnData file) after ``change`` in place, or what it returns."""

    def build(folder: Path) -> None:
        data = anndata.read_h5ad(folder / file)
        result = change(data)
        write_h5ad(result if isinstance(result, anndata.AnnData) else data, folder / file)

    reader.add(name, what, build, says, **kind)


def obs(**columns: object) -> Callable[[anndata.AnnData], None]:
    """A change of columns of obs: values, or functions of the table that give them."""
    return lambda data: setattr(data, "obs", data.obs.assign(**columns))


def in_hdf5(reader: Reader, file: str, name: str, what: str, change: Callable[[h5py.File], object], *says: str) -> None:
    """Register ``file`` with its HDF5 content changed in place."""

    def build(folder: Path) -> None:
        with h5py.File(folder / file, "r+") as content:
            change(content)

    reader.add(name, what, build, says)


def files(reader: Reader, file: str, what: str) -> None:
    """Register the ways in which any .h5ad may not be there or not whole."""

    def missing(folder: Path) -> None:
        (folder / file).unlink()

    def truncated(folder: Path) -> None:
        (folder / file).write_bytes((folder / file).read_bytes()[:3000])

    unread = f"{file}: cannot be read as .h5ad ({what}: ...); is it a whole AnnData file?"
    reader.add("missing_file", "The file does not exist", missing, (f"{file}: no such file ({what}); check the path",))
    reader.add("truncated", "The file is cut short", truncated, (unread,))
    empty = f"{file}: is empty ({what}); was its download or copy cut short?"
    reader.texts(
        file,
        [("empty", "An empty file", "", empty), ("text", "A text table under its name", "a,b\n1,2\n", unread)],
    )


files(REFERENCE, FILE, "reference")
put = partial(changed, REFERENCE, FILE)
put(
    "no_w_ld",
    "No column w_ld",
    lambda d: setattr(d, "obs", d.obs.drop(columns="w_ld")),
    "reference.h5ad: lacks obs column w_ld; is it a reference?",
)
put(
    "no_gene_positions",
    "No columns of gene positions",
    lambda d: setattr(d, "var", d.var.drop(columns=["chr", "start"])),
    "reference.h5ad: lacks var column chr; is it a reference?",
    "reference.h5ad: lacks var column start; is it a reference?",
)
put(
    "no_unmapped",
    "The last column is a gene",
    lambda d: d[:, :-1].copy(),
    "reference.h5ad: its last column is not 'unmapped'; is it a reference?",
)
put(
    "repeated_snp",
    "A SNP in two rows",
    lambda d: setattr(d, "obs_names", ["rs1", *d.obs_names[1:]]),
    "reference.h5ad: SNP rs1 occurs more than once; build the reference again",
)
put(
    "repeated_gene",
    "A gene in two columns",
    lambda d: setattr(d, "var_names", ["GENE1", *d.var_names[1:]]),
    "reference.h5ad: gene GENE1 occurs more than once; build the reference again",
)
put(
    "out_of_order",
    "SNPs out of genomic order",
    lambda d: d[::-1].copy(),
    ("reference.h5ad: SNPs are not in genomic order (first out of place: rs1198); build the reference again"),
)
put(
    "position_missing",
    "A position that is missing",
    obs(BP=lambda o: [np.nan, *o["BP"][1:].astype(float)]),
    ("reference.h5ad: BP of SNP rs0 is np.float64(nan), not a number; build the reference again"),
)
put(
    "position_text",
    "Positions that are words",
    obs(BP="here"),
    "reference.h5ad: BP of SNP rs0 is 'here', not a number; build the reference again",
)
put(
    "no_x",
    "Nothing in X",
    lambda d: setattr(d, "X", None),
    "reference.h5ad: holds nothing in X; is it a whole reference?",
)
put(
    "x_nan",
    "A weight that is missing",
    lambda d: d.X.data.__setitem__(0, np.nan),
    "reference.h5ad: X holds missing or infinite values; build the reference again",
)
put("no_snps", "No SNPs", lambda d: d[:0].copy(), "--reference: holds no SNP; build it again")
put(
    "w_ld_text",
    "Regression weights that are words",
    obs(w_ld="high"),
    ("reference.h5ad: w_ld of SNP rs0 is 'high', not a number; build the reference again"),
)
put(
    "other_snps",
    "A reference of other SNPs",
    lambda d: setattr(d, "obs_names", [f"x{i}" for i in range(d.n_obs)]),
    (
        "trait: no SNP is left: it has none in common with the reference outside the MHC "
        "(trait: rs0, reference: x0, ...); harmonise it again"
    ),
)
put(
    "other_genes",
    "A reference of other genes",
    lambda d: setattr(d, "var_names", [*(f"OTHER{i}" for i in range(d.n_vars - 1)), "unmapped"]),
    (
        "--specificity, --reference: no gene in common (slice: GENE0, reference: OTHER0); "
        "both must use human gene symbols"
    ),
)
in_hdf5(
    REFERENCE,
    FILE,
    "wrong_indices",
    "Sparse indices beyond the number of genes",
    lambda f: f["X/indices"].__setitem__(0, 10**6),
    "reference.h5ad: X is damaged (reference: ...); write the file again",
)
in_hdf5(
    REFERENCE,
    FILE,
    "negative_indices",
    "Negative sparse indices",
    lambda f: f["X/indices"].__setitem__(0, -5),
    "reference.h5ad: X is damaged (reference: ...); write the file again",
)
in_hdf5(
    REFERENCE,
    FILE,
    "no_obs",
    "No table of SNPs",
    lambda f: f.__delitem__("obs"),
    ("reference.h5ad: cannot be read as .h5ad (reference: ...); is it a whole AnnData file?"),
)
put(
    "w_ld_missing",
    "A regression weight that is missing",
    obs(w_ld=lambda o: [np.nan, *o["w_ld"][1:]]),
    "1 SNPs: without a regression weight in the reference",
    wrong=False,
)
put("more_columns", "Columns beyond the needed ones", obs(mine=1), wrong=False, same=True)
put("csc", "X by columns", lambda d: setattr(d, "X", d.X.tocsc()), wrong=False, same=True)
put("dense", "X not sparse", lambda d: setattr(d, "X", d.X.toarray()), wrong=False, same=True)


@REFERENCE.odd(same=True)
def a_folder(folder: Path) -> dict[str, object]:
    """The folder that holds it"""
    (folder / "earlier").mkdir()
    (folder / FILE).rename(folder / "earlier" / FILE)
    return {"--reference": "earlier"}


# --- parts to merge --------------------------------------------------------------------------------------------------


def make_parts(folder: Path) -> None:
    """References of chromosomes 1 and 2."""
    from test_panel import write_panel

    rng = np.random.default_rng(3)
    for chromosome in (1, 2):
        counts = rng.binomial(2, 0.4, (20, 25)).astype(np.int8)
        ids = [f"rs{chromosome}_{i}" for i in range(20)]
        write_panel(folder, counts, f"p.{chromosome}", chromosome=[str(chromosome)] * 20, sid=ids)
    (folder / "genes.loc").write_text("1 1 100 900 + A\n2 2 100 900 + B\n")
    (folder / "snps.txt").write_text("".join(f"rs{c}_{i}\n" for c in (1, 2) for i in range(20)))
    made = link_panel(str(folder / "p.{chr}"), folder / "genes.loc", str(folder / "snps.txt"), [1, 2], Settings())
    for number, (_, part) in enumerate(made, start=1):
        write_reference(part, folder / f"part{number}.h5ad")


PARTS = Reader(
    "parts",
    "References of chromosomes to merge",
    "link_snps_to_genes",
    {"--merge": True, "--out": "out/reference.h5ad"},
    make_parts,
    ("part1.h5ad", "part2.h5ad"),
)
part = partial(changed, PARTS, "part2.h5ad")


@PARTS.wrong("part2.h5ad: chromosome 1 is in another of the files too; give each once")
def same_chromosome_twice(folder: Path) -> None:
    """A chromosome given twice"""
    (folder / "part2.h5ad").write_bytes((folder / "part1.h5ad").read_bytes())


part(
    "other_build",
    "Parts of different genome builds",
    lambda d: d.uns.__setitem__("genome_build", "GRCh38"),
    ("part2.h5ad: its genome build is GRCh38, that of part1.h5ad GRCh37; build all parts alike"),
)
part(
    "other_window",
    "Parts of different gene windows",
    lambda d: d.uns.__setitem__("window_kb", 10.0),
    ("part2.h5ad: its gene window is 10.0, that of part1.h5ad 50.0; build all parts alike"),
)
part(
    "no_ledger_parts",
    "A part without its account",
    lambda d: d.uns.pop("ledger_parts"),
    ("part2.h5ad: was not built from chromosomes (an imported gsMap resource is whole as it is); leave it out"),
)
part(
    "bad_ledger_parts",
    "A part whose account is no JSON",
    lambda d: d.uns.__setitem__("ledger_parts", "{"),
    "part2.h5ad: its account is no JSON (...); build this part again",
)
part(
    "no_version",
    "A part without its settings",
    lambda d: d.uns.pop("window_kb"),
    "part2.h5ad: no part of a reference: lacks window_kb; build it with --chromosome",
)
part(
    "snp_on_two",
    "A SNP id on two chromosomes",
    lambda d: setattr(d, "obs_names", ["rs1_0", *d.obs_names[1:]]),
    "part1.h5ad, part2.h5ad: SNP rs1_0 is on two chromosomes; mend the panel's ids",
)
part(
    "gene_on_two",
    "A gene on two chromosomes",
    lambda d: setattr(d, "var_names", ["A", "unmapped"]),
    "part1.h5ad, part2.h5ad: gene A is on two chromosomes; use one gene file",
)


@PARTS.wrong("part2.h5ad: no such file (reference); check the path")
def missing_part(folder: Path) -> None:
    """A part that does not exist"""
    (folder / "part2.h5ad").unlink()


READERS = [REFERENCE, PARTS]
