"""The ways that are compared: embeddings, kinds of microdomains, scores."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from traitmap.embedding import MODELS
from traitmap.microdomain_kinds import COSINE, GAUSSIAN, JOINT, RADIUS
from traitmap.specificity import GSMAP as MICRODOMAINS_OF_GSMAP
from traitmap.specificity import Settings
from traitmap.specificity_scores import SCORES

GSMAP, GSMAP_LABELS = "gsmap", "gsmap_labels"
DEFAULT = Settings(use_labels=False)
PLAIN = replace(MICRODOMAINS_OF_GSMAP, use_labels=False)  # that embeddings are compared with


@dataclass(frozen=True)
class Way:
    """One way from a slice to scores. of: the table that it belongs to; embedding: None for that of ``--base``."""

    name: str
    of: str
    says: str
    embedding: str | None = None
    settings: Settings = field(default_factory=lambda: PLAIN)


def ways() -> list[Way]:
    """All of them, in the order of the tables."""
    models = [name for name in MODELS if name != "given"]
    return [
        Way(GSMAP_LABELS, "embedding", "gsMap, trained with labels", GSMAP_LABELS, MICRODOMAINS_OF_GSMAP),
        Way(GSMAP, "embedding", "gsMap, labels not used", GSMAP),
        *(Way(name, "embedding", f"`{name}`", name) for name in models),
        Way("no_microdomains", "neighborhood", "none: single spots", settings=replace(PLAIN, neighbors=1)),
        *(_kind(kind, 21) for kind in (COSINE, JOINT, RADIUS, GAUSSIAN)),
        *(_kind(kind, 31) for kind in (COSINE, JOINT, RADIUS)),
        Way("gaussian_31", "neighborhood", "`gaussian`, 31 of 101: the default", settings=DEFAULT),
        *(_kind(kind, 51) for kind in (COSINE, GAUSSIAN)),
        Way(
            "cosine_auto", "neighborhood", "`cosine_top_k`, `--neighbors auto`", settings=replace(PLAIN, neighbors=None)
        ),
        *(Way(name, "specificity", f"`{name}`", settings=replace(DEFAULT, specificity=name)) for name in SCORES),
        Way("gss_1.5", "specificity", "`gss`, `--power 1.5`", settings=replace(DEFAULT, power=1.5)),
        *(
            Way(
                f"{name}_spots",
                "specificity",
                f"`{name}`, single spots",
                settings=replace(PLAIN, neighbors=1, specificity=name),
            )
            for name in SCORES
            if name not in ("gss", "pagerank")  # a walk of no step: GSS of single spots, which is above
        ),
    ]


def _kind(kind: str, size: int) -> Way:
    settings = replace(PLAIN, neighborhood=kind, neighbors=size)
    about = "" if kind == RADIUS else " of 101"
    return Way(f"{kind}_{size}", "neighborhood", f"`{kind}`, {size}{about}", settings=settings)
