"""The leading principal components as they are: no graph, nothing to train."""

from __future__ import annotations

from traitmap.embedding_model import Embedded, Inputs, Settings
from traitmap.ledger import Ledger


def embed_by_pca(inputs: Inputs, settings: Settings, ledger: Ledger) -> Embedded:
    """The first ``dimensions`` component scores; spots without counts lie at the origin, and that is told."""
    empty = ~inputs.measured
    if empty.any():
        ledger.warn(
            f"{empty.sum()} spots without counts lie at the origin of the embedding: they are similar to no spot"
        )
    noted = {"without counts, embedded at the origin": empty}
    return Embedded(inputs.components[:, : settings.dimensions], noted=noted)
