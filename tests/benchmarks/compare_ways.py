"""The ways that are compared: embeddings, kinds of microdomains, scores."""

from __future__ import annotations

from dataclasses import dataclass, field

from traitmap.embedding import MODELS
from traitmap.specificity import Settings

GSMAP, GSMAP_LABELS = "gsmap", "gsmap_labels"
PLAIN = Settings(use_labels=False)


@dataclass(frozen=True)
class Way:
    """One way from a slice to scores. of: the table that it belongs to; embedding: None for that of ``--base``."""

    name: str
    of: str
    says: str
    embedding: str | None = None
    settings: Settings = field(default_factory=lambda: PLAIN)


def _settings(**changed: object) -> Settings:
    return Settings(use_labels=False, **changed)


def ways() -> list[Way]:
    """All of them, in the order of the tables."""
    models = [name for name in MODELS if name != "given"]
    return [
        Way(GSMAP_LABELS, "embedding", "gsMap, trained with labels", GSMAP_LABELS, Settings(use_labels=True)),
        Way(GSMAP, "embedding", "gsMap, labels not used", GSMAP),
        *(Way(name, "embedding", f"`{name}`", name) for name in models),
        Way("no_microdomains", "neighborhood", "none: single spots", settings=_settings(neighbors=1)),
        Way("cosine_top_k", "neighborhood", "`cosine_top_k`, 21 of 101"),
        Way("cosine_auto", "neighborhood", "`cosine_top_k`, `--neighbors auto`", settings=_settings(neighbors=None)),
        *(
            Way(kind, "neighborhood", f"`{kind}`", settings=_settings(neighborhood=kind))
            for kind in ("gaussian", "joint_knn", "radius")
        ),
        *(
            Way(name, "specificity", f"`{name}`", settings=_settings(specificity=name))
            for name in ("gss", "tau", "entropy", "zscore", "pagerank")
        ),
        Way("gss_1.5", "specificity", "`gss`, `--power 1.5`", settings=_settings(power=1.5)),
        *(
            Way(
                f"{name}_spots",
                "specificity",
                f"`{name}`, single spots",
                settings=_settings(neighbors=1, specificity=name),
            )
            for name in ("tau", "entropy", "zscore", "pagerank")
        ),
    ]
