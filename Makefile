# make demo: the whole pipeline on the study in assets/demo      make test: every test      make install: what both need
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
ENGINE := .engine
UV_VERSION := $(shell sed -n 's/^uv==\([0-9.]*\).*/\1/p' tests/requirements.lock)
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH):$(CURDIR)/$(ENGINE)
export PYTHONDONTWRITEBYTECODE := 1
export NXF_ANSI_LOG ?= false
say = @echo; echo "== $(1)"

.PHONY: install demo test lint test-tools python-tests pipeline-tests faults audit bench calibrate compare errors lock clean

install: $(VENV)/installed $(ENGINE)/ready

$(VENV)/installed: tests/requirements.lock
	$(call say,Python packages into $(VENV) (about 6 GB with the libraries of torch))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Python >= 3.11 is needed; set PYTHON=..."; exit 1; }
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(VENV)/bin/uv pip sync --quiet --compile-bytecode --require-hashes --python $(VENV)/bin/python tests/requirements.lock
	@touch $@

# A Nextflow on the PATH is used; otherwise the engine comes from Maven Central.
$(ENGINE)/ready: containers/nextflow/pom.xml containers/nextflow/nextflow
	$(call say,Nextflow)
	@mkdir -p $(ENGINE)
	@command -v java > /dev/null || { echo "error: Java >= 17 is needed"; exit 1; }
	@if found=$$(PATH="$${PATH%:*}" command -v nextflow); then \
	    echo "using $$found"; rm -f $(ENGINE)/nextflow; \
	else \
	    command -v mvn > /dev/null || { echo "error: neither nextflow nor mvn (Maven) is on the PATH; install one"; exit 1; }; \
	    echo "taking the engine 24.10.0 with Maven into $(ENGINE)"; \
	    mvn --quiet --batch-mode -Dstyle.color=never --file containers/nextflow/pom.xml \
	        org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
	        -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/$(ENGINE)/lib && \
	    cp containers/nextflow/nextflow $(ENGINE)/nextflow; \
	fi
	@touch $@

demo: install
	$(call say,The demo: two slices and two traits of assets/demo to results/report.html)
	nextflow run . -profile test --outdir results
	$(call say,Done: open results/report.html)

test: lint python-tests pipeline-tests
	$(call say,All tests passed)

lint: install
	$(call say,Lint)
	ruff check .
	ruff format --check .

# What tests of the report need beside Python. Without them those tests are skipped, and say what is missing.
MULTIQC := .multiqc
BROWSER := tests/browser/node_modules

test-tools: install
	@$(MAKE) --no-print-directory $(MULTIQC)/installed || \
	    echo "MultiQC could not be installed into $(MULTIQC): its test is skipped"
	@if ! command -v npm > /dev/null; then echo "npm is not on the PATH: the report is not tested in a browser"; \
	    else $(MAKE) --no-print-directory $(BROWSER)/installed || \
	        echo "playwright-core could not be installed: the report is not tested in a browser"; fi
	@for name in chromium chromium-browser google-chrome; do command -v $$name > /dev/null && exit 0; done; \
	    test -n "$$CHROMIUM" || echo "no chromium on the PATH (or in CHROMIUM): the report is not tested in a browser"

$(MULTIQC)/installed: tests/multiqc/requirements.lock
	$(call say,MultiQC into $(MULTIQC) (1 GB))
	uv venv --quiet --allow-existing --python $(VENV)/bin/python $(MULTIQC)
	uv pip sync --quiet --require-hashes --python $(MULTIQC)/bin/python $<
	@touch $@

$(BROWSER)/installed: tests/browser/package-lock.json
	$(call say,playwright-core into $(BROWSER))
	cd tests/browser && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

python-tests: install test-tools
	$(call say,Python tests)
	python -m pytest -n 2 --dist loadfile tests/python

# nf-test is in no package registry: its tests run where it is installed.
pipeline-tests: install
	$(call say,Pipeline tests)
	@if command -v nf-test > /dev/null; then \
	    nf-test test --ci; \
	else \
	    echo "nf-test is not on the PATH: its tests are skipped (the pipeline itself ran in the Python tests)"; \
	fi

# Tasks and the engine killed, a full disk, too little memory and time: each for real, and the results the same after all.
faults: install
	$(call say,Faults on purpose)
	bash tests/faults/run.sh $(FAULTS)

# Needs PyPI itself, as advisories are on no mirror of packages, and uv alone: the lock files say what there is.
audit:
	$(call say,Known weaknesses of the pinned packages)
	@command -v uv > /dev/null || { echo "error: uv is not on the PATH; run make install, or pip install uv"; exit 1; }
	failed=0; for lock in tests tests/multiqc containers/cpu containers/gpu; do \
	    uv tool run pip-audit==2.10.1 --strict --disable-pip --require-hashes -r $$lock/requirements.lock || failed=1; \
	done; exit $$failed

# The simulated study and gsMap's environment stay in .bench; BENCH="--quick" tries it, BENCH="--parts scaling" runs a part.
bench: install
	$(call say,What the steps cost beside gsMap and by size: docs/benchmarks.md)
	python tests/benchmarks/bench.py --work .bench --docs docs $(BENCH)

# What is in .bench/calibration is not done again; CALIBRATE="--configuration base" runs a part.
calibrate: install
	$(call say,Calibration and power on simulated GWAS: docs/calibration.md)
	python tests/benchmarks/calibrate.py --work .bench/calibration --docs docs $(CALIBRATE)
	python tests/benchmarks/calibrate_methods.py --work .bench/calibration_methods --docs docs --traits 150

# What is in .bench/embeddings is not done again; COMPARE="--way gat_ae --way pca" runs a part.
compare: install
	$(call say,Embeddings and microdomains and specificity scores compared: docs/embeddings.md)
	python tests/benchmarks/compare_embeddings.py --work .bench/embeddings --gsmap .bench/gsmap --docs docs $(COMPARE)

errors: install
	$(call say,What is said of wrong and odd files: docs/errors.md)
	python tests/python/corpus/page.py

lock:
	$(call say,Lock files from the .in files)
	set -e; compile="uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command make\ lock"; \
	eval "$$compile tests/requirements.in -o tests/requirements.lock"; \
	eval "$$compile tests/multiqc/requirements.in -o tests/multiqc/requirements.lock"; \
	for image in gpu cpu; do \
	    eval "$$compile -c tests/requirements.lock containers/$$image/requirements.in -o containers/$$image/requirements.lock"; \
	done

# The tag is the pipeline's version, as in conf/containers.config. BASE=...: another base, e.g. with its digest.
images: OCI := $(firstword $(notdir $(shell command -v podman docker)))
images: TAG := $(shell sed -n "s/^ *version *= '\(.*\)'/\1/p" nextflow.config)
images:
	$(call say,The images traitmap/cpu:$(TAG) and traitmap/gpu:$(TAG))
	@test -n "$(OCI)" || { echo "error: neither podman nor docker is on the PATH"; exit 1; }
	for image in cpu gpu; do \
	    $(OCI) build -f containers/$$image/Dockerfile -t traitmap/$$image:$(TAG) \
	        $(if $(BASE),--build-arg BASE=$(BASE)) containers || exit 1; \
	done

clean:
	rm -rf $(VENV) $(ENGINE) $(MULTIQC) $(BROWSER) work results .nextflow .nextflow.log* .nf-test .nf-test.log .bench
