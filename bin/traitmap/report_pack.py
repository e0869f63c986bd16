"""Arrays and texts as the page holds them: typed arrays as deflated base64, one JSON text that no name can end."""

from __future__ import annotations

import base64
import json
import math
import zlib
from typing import Any

import numpy as np


def pack(values: np.ndarray) -> dict[str, str]:
    """An array as {type, deflated base64}; types are those of JavaScript's typed arrays, little-endian."""
    kind = {"f": "f4", "u1": "u1", "u2": "u2", "u4": "u4"}[values.dtype.str[1:] if values.dtype.kind == "u" else "f"]
    raw = np.ascontiguousarray(values, dtype=f"<{kind}").tobytes()
    return {"type": kind, "data": base64.b64encode(zlib.compress(raw, 9)).decode()}


def pack_texts(values: np.ndarray) -> dict[str, str]:
    """Names, one a line, deflated; line breaks within a name become spaces."""
    text = "\n".join(" ".join(str(value).splitlines()) for value in values)
    return {"type": "text", "data": base64.b64encode(zlib.compress(text.encode(), 9)).decode()}


def embed(value: Any) -> str:
    """JSON for a <script> block: NaN and infinities become null, and ``<`` cannot end the block."""
    text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
