"""traitmap: which spots, regions and genes of a tissue carry the heritability of a trait.

The library behind the executables in ``bin/``; one module a step, named as the step is.
Nothing heavy is imported here, so that ``--help`` is instant.
"""

__version__ = "0.1.0"
