#!/bin/sh
# install.sh LOCK: the packages of a lock file into /opt/traitmap, without what no task uses. For Dockerfiles and apptainer.def.
set -eu
home=/opt/traitmap
test -x $home/bin/pip || python3 -m venv $home
# The lock names every dependency, so none is looked for: Debian's pip takes `pandas[parquet]`, which marsilea asks for, for a
# package that the lock lacks. docrep, which decoupler imports, is Python alone and comes as source alone.
$home/bin/pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore \
    --only-binary :all: --no-binary docrep --no-deps --require-hashes -r "$1"
$home/bin/pip check

# triton (1 GB) compiles kernels for torch.compile, which no step calls.
$home/bin/pip uninstall --quiet --yes --root-user-action=ignore triton
# The packages' own tests; what only linking or compiling needs; the solver over several GPUs, which torch does not link to.
cd $home/lib/python3*/site-packages
find . -type d -name tests -prune -exec rm -rf {} +
find . -type f \( -name '*.a' -o -name '*.bc' -o -name 'libcusolverMg.so*' \) -delete
rm -rf torch/include torch/share pyarrow/include
