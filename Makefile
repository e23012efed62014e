# One command each; `make help` lists them. Environments are built when a target needs them.

PYTHON ?= python3
RUNS ?= runs
DATA ?=
YUNET ?=
RECIPE ?= $(if $(DATA),landmark_student,synthetic)
RUN ?= $(RUNS)/$(RECIPE)-student
SOURCE ?= demo:
SINK ?= stdout:
WEB ?= 8080
FRAMES ?=

VENV := .venv/bin/python
# Each environment is stamped by its lock file: edit the lock and it is brought up to date.
MAIN := .venv/.built
CONVERT := .venv-convert/.built
BENCH := .venv-bench/.built
ETHOS_U := .venv-ethos-u/.built
SHIPPED := device/models/small/student.tflite
PAGE := device/web/built/index.html

data_flag = $(if $(DATA),--data $(DATA))
settings_flag = $(if $(SETTINGS),--settings $(SETTINGS))
images_flag = $(if $(IMAGES),--images $(IMAGES)) $(if $(BATCH),--batch $(BATCH))
# A target that needs a variable says so.
given = $(or $($(1)),$(error $(1)=... is missing; see `make help`))
yunet_flag = $(if $(YUNET),--yunet $(YUNET))
recipe_folder = training/configs/$(RECIPE)
# What the published systems' networks begin with, for want of weights learnt on ImageNet.
trunk_files = $(if $(filter %-edge,$(RECIPE)),$(patsubst %,training/configs/landmark_student/%.toml,small-rough wide-rough),$(sort $(wildcard $(recipe_folder)/trunk_*.toml)))
trunk_flag = $(if $(TRUNK_IMAGES),--images $(TRUNK_IMAGES))
# What int8 costs a published design is measured, not judged.
BUDGET ?= $(if $(filter kd_net star_swin efficient_fan,$(RECIPE:-edge=)),100)

.DEFAULT_GOAL := help
.PHONY: help run page web web-test web-bench train distill ablate longer convert edgetpu ethos-u ladder recover finder evaluate results bench track-bench jitter selftest doctor golden chaos soak test check format payload pi-image flash-pi deploy-pi test-pi wheel lock clean
# `make train distill` is two steps of one recipe, in this order.
.NOTPARALLEL:

help: ## list every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(MAIN) page ## stream landmarks from the demo camera until Ctrl-C (SOURCE=v4l2:0 FRAMES=100 WEB=8080)
	@$(VENV) -m device run --source "$(SOURCE)" --sink "$(SINK)" $(if $(WEB),--sink "web:$(WEB)") $(if $(FRAMES),--frames $(FRAMES))

page:
	@$(MAKE) --no-print-directory $(PAGE) || echo "no page was built (is the npm registry reachable?): the plain view is served" >&2

web: $(PAGE) ## bundle the web page and the client module into device/web/built

web-test: $(MAIN) ## the client module: types from the schema, compiler, Vitest
	sh device/web/client/build.sh "$(CURDIR)/$(VENV)" test

web-bench: $(MAIN) $(PAGE) ## lag and age of what the browser draws, cost of ten viewers; wants a quiet machine
	$(VENV) -m pytest -q -s -m quiet tests/browser

train: $(MAIN) ## train the teacher or teachers (DATA=FOLDER RECIPE=name IMAGES=25000 TRUNK_IMAGES=64000; without DATA on drawn faces)
	set -e; for file in $(trunk_files); do $(VENV) -m training train $$file $(data_flag) $(trunk_flag) --runs $(RUNS); done
	set -e; for file in $(sort $(wildcard $(recipe_folder)/teacher*.toml)); do $(VENV) -m training train $$file $(data_flag) $(images_flag) --runs $(RUNS); done

distill: $(MAIN) $(CONVERT) ## distil the student from it, then convert and evaluate the int8 file
	$(VENV) -m training train $(recipe_folder)/student.toml $(data_flag) $(images_flag) --runs $(RUNS)
	$(MAKE) --no-print-directory convert

ablate: $(MAIN) ## each distillation term of a published system alone, and the student without (RECIPE=kd_net DATA=FOLDER)
	set -e; for file in $(sort $(wildcard $(recipe_folder)/student_*.toml)); do $(VENV) -m training train $$file $(data_flag) $(images_flag) --runs $(RUNS); done

longer: $(MAIN) $(CONVERT) ## an Edge-friendly recipe on the trunk of the small student that ships, on calm pictures (RECIPE=kd_net-edge DATA=FOLDER)
	test -f $(RUNS)/small/network.pt || $(MAKE) --no-print-directory recover SIZE=small
	$(VENV) -m training train training/configs/landmark_student/wide-shipped.toml $(data_flag) $(trunk_flag) --runs $(RUNS)
	set -e; for file in $(sort $(wildcard $(recipe_folder)/longer_teacher*.toml)) $(sort $(wildcard $(recipe_folder)/longer_student*.toml)); do $(VENV) -m training train $$file $(data_flag) $(images_flag) --runs $(RUNS); done
	$(MAKE) --no-print-directory convert RUN=$(RUNS)/$(RECIPE)-longer_student

convert: $(MAIN) $(CONVERT) ## a finished run to student.tflite and student.json (RUN=runs/NAME BUDGET=0.03 ALL=1)
	$(VENV) -m training handover $(RUN) $(data_flag) $(yunet_flag) --runs $(RUNS)
	$(VENV) -m convert run $(RUN)/handover --out $(RUN)/model $(if $(BUDGET),--int8-budget $(BUDGET)) $(if $(ALL),--all)

edgetpu: $(MAIN) ## the int8 model by Google's own edgetpu_compiler, where it is on the PATH (MODEL=file)
	$(VENV) -m convert edgetpu $(or $(MODEL),$(SHIPPED)) --out build/edgetpu

ethos-u: $(MAIN) $(ETHOS_U) ## int8 models by Arm's Vela, as C arrays, and a table of their costs (MODEL=files)
	$(VENV) -m convert ethos-u $(or $(MODEL),$(wildcard device/models/*/*.tflite)) --out build/ethos-u

ladder: $(MAIN) $(CONVERT) ## train the students that ship, in all sizes, and convert them (DATA=FOLDER)
	set -e; for run in small-rough tiny-rough small-calm tiny-calm base-calm small-lean tiny-lean base-lean wide-rough wide-calm wide-lean wide base-taught base-context base-hand base-points base small tiny; do $(VENV) -m training train training/configs/landmark_student/$$run.toml $(data_flag) --runs $(RUNS); done
	set -e; for size in tiny small base; do $(MAKE) --no-print-directory convert RUN=$(RUNS)/$$size BUDGET=0.03; done

recover: $(MAIN) ## runs/SIZE from the model that ships, to train on from it without its ladder (SIZE=small DATA=FOLDER)
	$(VENV) -m convert weights device/models/$(call given,SIZE)/student.tflite --out build/$(SIZE).npz
	$(VENV) -m training recover training/configs/landmark_student/$(SIZE).toml build/$(SIZE).npz --data $(call given,DATA) --runs $(RUNS)

finder: $(MAIN) $(CONVERT) ## train the face finder from labels and YuNet, then convert it (DATA=FOLDER YUNET=FILE)
	set -e; for part in finding telling finder; do $(VENV) -m training train training/configs/finder/$$part.toml $(data_flag) $(yunet_flag) --runs $(RUNS); done
	$(MAKE) --no-print-directory convert RUN=$(RUNS)/finder

evaluate: $(MAIN) ## figures of a model on labelled faces (MODEL=file DATASET=300w:FOLDER)
	$(VENV) -m training evaluate --model $(MODEL) --dataset $(DATASET)

results: $(MAIN) ## the published systems side by side, from their runs' logs, into training/RESULTS.md
	$(VENV) -m training results --runs $(RUNS)

bench: $(MAIN) $(BENCH) ## how long each stage takes here, beside MediaPipe
	$(VENV) -m device bench

jitter: $(MAIN) ## how steady the points are, how much each setting lags (PICTURES=FOLDER also writes the page)
	$(VENV) -m device jitter-bench --gate $(if $(PICTURES),--pictures "$(PICTURES)" --page device/signal/README.md)

track-bench: $(MAIN) ## how well faces are followed on made sequences, beside searching every frame
	$(VENV) -m device track-bench --finder trained:

selftest: $(MAIN) ## golden outputs, times against a budget, memory, drops (BUDGET=1.4 SPREAD=2.5, milliseconds and p99/p50)
	$(VENV) -m device selftest $(if $(BUDGET),--budget $(BUDGET)) $(if $(SPREAD),--spread $(SPREAD))

doctor: $(MAIN) ## what is wrong on this machine, a line each with its fix (CONFIG=daemon.toml)
	@$(VENV) -m device doctor $(if $(CONFIG),--config $(CONFIG))

golden: $(MAIN) ## write the shipped models' golden outputs anew, after one has changed
	$(VENV) -m device.checks.selftest.golden

chaos: $(MAIN) ## ten minutes of failing camera, broker and accelerator (SECONDS=600 SEED=1); needs mosquitto
	$(VENV) -m tests.chaos.chaos --seconds $(or $(SECONDS),600) --seed $(or $(SEED),1)

soak: $(MAIN) ## an hour at 30 frames a second, figure and plot into runs/soak (SECONDS=3600); needs mosquitto
	$(VENV) -m tests.chaos.soak --seconds $(or $(SECONDS),3600) --out $(RUNS)/soak

test: $(MAIN) $(CONVERT) $(ETHOS_U) ## every test this machine can run
	$(VENV) -m pytest

check: $(MAIN) ## ruff, mypy, import boundaries
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy
	.venv/bin/lint-imports
	$(VENV) -m pytest -q tests/test_import_boundaries.py

format: $(MAIN) ## let ruff mend what it can
	$(VENV) -m ruff check --fix .
	$(VENV) -m ruff format .

payload: $(MAIN) $(PAGE) ## what a Pi installs, into dist/payload.tar.zst (EDGETPU_DEB=file.deb EDGETPU_SHA256=hash)
	@$(VENV) -m device.sources.demo_photo
	$(VENV) -m firmware_config payload $(if $(EDGETPU_DEB),--edgetpu-deb $(EDGETPU_DEB) --edgetpu-sha256 "$(EDGETPU_SHA256)")

pi-image: payload ## a stock Raspberry Pi OS Lite with payload and settings, into dist/ (IMAGE=file.img.xz SETTINGS=pi.toml)
	$(VENV) -m firmware_config image $(call given,IMAGE) $(settings_flag)

flash-pi: payload ## the same, then written to a card: a dry run without CONFIRM (IMAGE=file DEVICE=/dev/sdX CONFIRM=/dev/sdX)
	$(VENV) -m firmware_config flash $(call given,IMAGE) --device $(call given,DEVICE) $(settings_flag) $(if $(CONFIRM),--confirm $(CONFIRM)) $(if $(UNMOUNT),--unmount) $(if $(MAX_SIZE_GIB),--max-size-gib $(MAX_SIZE_GIB))

deploy-pi: payload ## the payload onto a running Pi (HOST=user@pi SETTINGS=pi.toml; BACK=1: the release before)
	$(VENV) -m firmware_config deploy $(call given,HOST) $(settings_flag) $(if $(BACK),--back)

test-pi: $(MAIN) $(PAGE) ## boot a Debian double in QEMU and live through a Pi's life; root, 20 to 50 minutes
	LANDMARKS_TEST_PI=1 $(VENV) -m pytest -s -v tests/firmware_config/emulated tests/firmware_config/boot

wheel: $(MAIN) $(PAGE) ## the wheel with model, page and demo photograph, into dist/
	$(VENV) -m device.sources.demo_photo
	$(VENV) -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

lock: ## write the lock files anew from pyproject.toml and requirements/*.in
	sh requirements/lock.sh

clean: ## remove environments and caches; runs/ stays
	rm -rf .venv .venv-convert .venv-bench .venv-ethos-u build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

$(MAIN): requirements/main.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(VENV) -m pip install --quiet --disable-pip-version-check --constraint requirements/main.lock --editable '.[training,convert,pretrained,rendered,dev]'
	$(VENV) -m device.sources.demo_photo
	@touch $@

# Whatever the page is made of, but not what was made of it.
$(PAGE): $(MAIN) $(wildcard device/web/client/*.* device/web/client/src/* device/web/client/page/* device/web/client/samples/* device/signal/mean_face.json)
	sh device/web/client/build.sh "$(CURDIR)/$(VENV)"

$(CONVERT): requirements/convert.lock
	$(PYTHON) -m venv .venv-convert
	.venv-convert/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/convert.lock
	@touch $@

$(ETHOS_U): requirements/ethos-u.lock
	$(PYTHON) -m venv .venv-ethos-u
	.venv-ethos-u/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/ethos-u.lock
	@touch $@

$(BENCH): requirements/bench.lock
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/bench.lock
	@touch $@
