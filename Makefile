# One command each; `make help` lists them. Environments are built when a target needs them.

PYTHON ?= python3
RUNS ?= runs
DATA ?=
YUNET ?=
RECIPE ?= $(if $(DATA),landmark_student,synthetic)
RUN ?= $(RUNS)/$(RECIPE)-student
SOURCE ?= demo:
SINK ?= stdout:
FRAMES ?=

VENV := .venv/bin/python
# Each environment is stamped by its lock file: edit the lock and it is brought up to date.
MAIN := .venv/.built
CONVERT := .venv-convert/.built
BENCH := .venv-bench/.built

data_flag = $(if $(DATA),--data $(DATA))
yunet_flag = $(if $(YUNET),--yunet $(YUNET))
recipe_folder = training/configs/$(RECIPE)

.DEFAULT_GOAL := help
.PHONY: help run train distill convert finder evaluate bench track-bench test check format wheel lock clean
# `make train distill` is two steps of one recipe, in this order.
.NOTPARALLEL:

help: ## list every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(MAIN) ## stream landmarks from the demo camera until Ctrl-C (SOURCE=v4l2:0 FRAMES=100)
	@$(VENV) -m device run --source "$(SOURCE)" --sink "$(SINK)" $(if $(FRAMES),--frames $(FRAMES))

train: $(MAIN) ## train the teacher (DATA=FOLDER RECIPE=name; without DATA on drawn faces)
	$(VENV) -m training train $(recipe_folder)/teacher.toml $(data_flag) --runs $(RUNS)

distill: $(MAIN) $(CONVERT) ## distil the student from it, then convert and evaluate the int8 file
	$(VENV) -m training train $(recipe_folder)/student.toml $(data_flag) --runs $(RUNS)
	$(MAKE) --no-print-directory convert

convert: $(MAIN) $(CONVERT) ## a finished run to student.tflite and student.json (RUN=runs/NAME)
	$(VENV) -m training handover $(RUN) $(data_flag) $(yunet_flag) --runs $(RUNS)
	$(VENV) -m convert run $(RUN)/handover --out $(RUN)/model

finder: $(MAIN) $(CONVERT) ## train the face finder from labels and YuNet, then convert it (DATA=FOLDER YUNET=FILE)
	$(VENV) -m training train training/configs/finder/finding.toml $(data_flag) $(yunet_flag) --runs $(RUNS)
	$(VENV) -m training train training/configs/finder/finder.toml $(data_flag) $(yunet_flag) --runs $(RUNS)
	$(MAKE) --no-print-directory convert RUN=$(RUNS)/finder

evaluate: $(MAIN) ## figures of a model on labelled faces (MODEL=file DATASET=300w:FOLDER)
	$(VENV) -m training evaluate --model $(MODEL) --dataset $(DATASET)

bench: $(MAIN) $(BENCH) ## how long each stage takes here, beside MediaPipe
	$(VENV) -m device bench

track-bench: $(MAIN) ## how well faces are followed on made sequences, beside searching every frame
	$(VENV) -m device track-bench --finder trained:

test: $(MAIN) $(CONVERT) ## every test this machine can run
	$(VENV) -m pytest

check: $(MAIN) ## ruff, mypy, import boundaries
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy
	$(VENV) -m pytest -q tests/test_import_boundaries.py

format: $(MAIN) ## let ruff mend what it can
	$(VENV) -m ruff check --fix .
	$(VENV) -m ruff format .

wheel: $(MAIN) ## the wheel with model and demo photograph, into dist/
	$(VENV) -m device.demo_photo
	$(VENV) -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

lock: ## write the lock files anew from pyproject.toml and requirements/*.in
	sh requirements/lock.sh

clean: ## remove environments and caches; runs/ stays
	rm -rf .venv .venv-convert .venv-bench build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

$(MAIN): requirements/main.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(VENV) -m pip install --quiet --disable-pip-version-check --constraint requirements/main.lock --editable '.[training,convert,dev]'
	$(VENV) -m device.demo_photo
	@touch $@

$(CONVERT): requirements/convert.lock
	$(PYTHON) -m venv .venv-convert
	.venv-convert/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/convert.lock
	@touch $@

$(BENCH): requirements/bench.lock
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/bench.lock
	@touch $@
