"""Gene sets of traits, and the expression that methods score them in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from traitmap.errors import InputError
from traitmap.files import read_tsv_as_text
from traitmap.formats import COUNTS_PER_SPOT, GENE_ASSOCIATIONS
from traitmap.h5ad import read_h5ad
from traitmap.ledger import Ledger
from traitmap.slices import REGION, read_slice
from traitmap.spots import check_same_spots

if TYPE_CHECKING:
    from anndata import AnnData

# As scDRS does (Zhang, Hou et al. 2022, Nat. Genet. 54:1572): the first 1,000 genes, weighted by their z, 10 at most.
SET_SIZE, MOST_WEIGHT = 1000, 10.0
# Of a few genes no more than this share, or the set would be most of what it is compared with.
MOST_SHARE = 0.1
FEWEST_GENES = 10  # measured ones of a set
FEWEST_SPOTS = 3  # that express a gene, or it tells nothing
EXPRESSION = ("spots", "microdomains")


def read_gene_associations(path: Path) -> pd.DataFrame:
    """Read ASSOCIATE_GENES' table: index gene (unique), columns z and p; InputError where it is none."""
    table = read_tsv_as_text(path, "gene associations", "give a table of associate_genes.py")
    missing = [name for name in ("gene", "z", "p") if name not in table]
    if missing:
        wanted = ", ".join(GENE_ASSOCIATIONS)
        raise InputError(f"{path}: has no column {', '.join(missing)}; give a table of associate_genes.py ({wanted})")
    if table.empty:
        raise InputError(f"{path}: holds no gene below its header; associate the trait's genes again")
    if table["gene"].duplicated().any():
        again = table["gene"][table["gene"].duplicated()].iloc[0]
        raise InputError(f"{path}: gene {again} occurs more than once; leave one row of it")
    numbers = table[["z", "p"]].apply(pd.to_numeric, errors="coerce")
    known = numbers["z"].to_numpy(np.float64) < np.inf  # -inf is of a gene whose SNPs all have a Z of 0
    if not known.all():
        at = int(np.argmin(known))
        raise InputError(f"{path}: row {at + 2}: z of gene {table['gene'].iloc[at]} is no number; mend it")
    return numbers.set_index(pd.Index(table["gene"], name="gene"))


def top_genes(associations: pd.DataFrame, size: int, ledger: Ledger) -> pd.Series:
    """The ``size`` genes of largest z above 0, a tenth of all at most: weights (z, ``MOST_WEIGHT`` at most) by gene.

    Largest first; of equal z in order of name. Counted in ``ledger``.
    """
    wanted = min(size, int(np.ceil(MOST_SHARE * len(associations))))
    ordered = associations.sort_index().sort_values("z", ascending=False, kind="stable")
    positive = ordered[ordered["z"] > 0]
    ledger.read("genes", len(associations), "with an association")
    ledger.removed("genes", "not among the first by z", len(associations) - min(wanted, len(positive)))
    return positive["z"].head(wanted).clip(upper=MOST_WEIGHT)


def measured(weights: pd.Series, genes: pd.Index, ledger: Ledger, path: Path | None = None) -> pd.Series:
    """The part of a gene set (of ``path``) that the slice measures; InputError where that is next to nothing."""
    found = weights[weights.index.isin(genes)]
    ledger.removed("genes", "not measured in the slice, or in too few spots", len(weights) - len(found))
    ledger.kept("genes", len(found), "in the gene set")
    if len(found) < FEWEST_GENES:
        where = f"{path}: " if path else ""
        raise InputError(
            f"{where}only {len(found)} of the trait's {len(weights)} first genes (z above 0, a tenth of all at most) "
            f"are measured in the slice; {FEWEST_GENES} are needed: are genes named by the same kind of symbol?"
        )
    return found


def log_expression(counts: AnnData, specificity: Path, expression: str, ledger: Ledger) -> AnnData:
    """log(1 + counts per 10,000), spots x genes (CSR float32), of the spots with counts; obs['region'] where known.

    ``counts`` is a slice as ``slices.read_slice`` gives it, ``specificity`` the slice's specificity.h5ad: its labels,
    and, for the expression ``microdomains``, the spots that each spot's counts per 10,000 are averaged over before the
    logarithm. Genes in fewer than ``FEWEST_SPOTS`` spots are left out and counted, as are spots without counts.
    """
    import anndata

    scored = read_h5ad(specificity, "gene specificity")
    check_same_spots(counts.obs_names, Path("the slice"), scored.obs_names, specificity)
    scored = scored[counts.obs_names]
    totals = np.asarray(counts.X.sum(axis=1), dtype=np.float64).ravel()
    seen = totals > 0
    ledger.read("spots", counts.n_obs)
    ledger.removed("spots", "without any count", int((~seen).sum()))
    ledger.kept("spots", int(seen.sum()))
    values = sparse.diags(COUNTS_PER_SPOT / np.where(seen, totals, 1)) @ counts.X
    if expression == "microdomains":
        if "microdomain" not in scored.obsp:
            raise InputError(
                f"{specificity}: has no microdomains in obsp['microdomain']; score the slice again, or single spots "
                "(--expression spots)"
            )
        values = sparse.csr_matrix(scored.obsp["microdomain"], dtype=np.float64) @ values
    values = sparse.csr_matrix(values, dtype=np.float32)[seen]
    values.data = np.log1p(values.data)
    kept = np.bincount(values.indices, minlength=values.shape[1]) >= FEWEST_SPOTS
    ledger.read("measured genes", counts.n_vars)
    ledger.removed("measured genes", f"in fewer than {FEWEST_SPOTS} spots", int((~kept).sum()))
    ledger.kept("measured genes", int(kept.sum()))
    obs = pd.DataFrame(index=counts.obs_names[seen])
    if REGION in scored.obs:
        obs[REGION] = scored.obs[REGION].to_numpy()[seen]
    return anndata.AnnData(X=values[:, kept], obs=obs, var=pd.DataFrame(index=counts.var_names[kept]))


def read_trait_expression(
    slice_: Path,
    specificity: Path,
    genes: Path,
    ledger: Ledger,
    *,
    expression: str = "spots",
    size: int = SET_SIZE,
    **reading: object,
) -> tuple[AnnData, pd.Series, pd.Index]:
    """What every method starts from: log expression, the weights of the trait's measured genes, and all spots' names.

    ``reading`` goes to ``slices.read_slice``. Raises InputError for whatever is wrong with a file.
    """
    weights = top_genes(read_gene_associations(genes), size, ledger)
    counts = read_slice(
        slice_, Ledger("read_slice", slice_.name), **reading
    )  # SCORE_SPECIFICITY has told what it holds
    data = log_expression(counts, specificity, expression, ledger)
    return data, measured(weights, data.var_names, ledger, genes), counts.obs_names
