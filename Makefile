# One command each; `make help` lists them. Environments are built when a target needs them.

PYTHON ?= python3
RUNS ?= runs
DATA ?=
YUNET ?=
RECIPE ?= $(if $(DATA),landmark_student,synthetic)
RUN ?= $(RUNS)/$(RECIPE)-student
NAME ?=
SOURCE ?= demo:
SINK ?= stdout:
WEB ?= 8080
FRAMES ?=
MODEL ?= $(SHIPPED)
# What int8 costs a published design is measured, not judged.
BUDGET ?= $(if $(filter kd_net star_swin efficient_fan,$(RECIPE:-edge=)),100)

# What a user may give. A value counts as it was typed: make would expand a `$` in it.
GIVEN := PYTHON RUNS DATA YUNET RECIPE RUN NAME SOURCE SINK WEB FRAMES SETTINGS IMAGES BATCH TRUNK_IMAGES BUDGET ALL MODEL \
    DATASET AVATARS FAIRFACE SIZE PICTURES SPREAD CONFIG SECONDS SEED EDGETPU_DEB EDGETPU_SHA256 IMAGE DEVICE CONFIRM UNMOUNT \
    MAX_SIZE_GIB HOST BACK ALLOW_DOWNGRADE TEST LIST FACES OPENSEEFACE PFLD DLIB SECTIONS QUICK
define newline


endef
typed = $(filter command environment,$(firstword $(origin $1)))
keep_as_typed = $(if $(findstring $(newline),$(value $1)),$(error $1=... has more than one line))$(eval override $1 := $$(value $1))
$(foreach name,$(GIVEN),$(if $(call typed,$(name)),$(call keep_as_typed,$(name))))

# The value of a variable as one word for the shell, whatever is in it. Recipes use no given variable without this.
quote = '$(subst ','\'',$($1))'
# The same for a variable that must be given.
needed = $(if $($1),$(call quote,$1),$(error $1=... is missing; see `make help`))
# An option with its value, or nothing where the variable is empty.
option = $(if $($2),$1 $(call quote,$2))
switch = $(if $($2),$1)

VENV := .venv/bin/python
# A Pi's camera is read by the system's own packages: another environment, which sees them.
DEVICE_FOLDER := $(if $(filter picamera2:%,$(SOURCE)),.venv-picamera2,.venv-device)
DEVICE_VENV := $(DEVICE_FOLDER)/bin/python
TOOLS_VENV := .venv-tools/bin
# Each environment is stamped by its lock file: edit the lock and it is brought up to date.
MAIN := .venv/.built
DEVICE_ENV := $(DEVICE_FOLDER)/.built
CONVERT := .venv-convert/.built
BENCH := .venv-bench/.built
ETHOS_U := .venv-ethos-u/.built
QUANTIZER := .venv-quantizer/.built
TOOLS := .venv-tools/.built
DOCS := .venv-docs/.built
SHIPPED := device/models/small/student.tflite
PHOTO := device/assets/astronaut.jpg
PAGE := device/web/built/index.html

# Without data a published system is rehearsed on drawn faces; the recipe `synthetic` draws its own.
DRAWN := $(RUNS)/drawn
drawn = $(if $(DATA),,$(filter-out synthetic,$(RECIPE)))
data_flag = $(if $(drawn),$(call option,--data,DRAWN),$(call option,--data,DATA))
settings_flag = $(call option,--settings,SETTINGS)
# What is rehearsed has hardly learnt: a teacher may be worse than what it teaches, a student may find next to nothing.
images_flag = $(if $(IMAGES),--images $(call quote,IMAGES) --allow-weak-teacher) $(call option,--batch,BATCH)
# Maps that are fused in the graph are measured in int8 and with that part in float.
float_tail = $(if $(filter star_swin,$(RECIPE)),--float-tail)
rehearsed = $(if $(IMAGES),--max-error 1000)
yunet_flag = $(call option,--yunet,YUNET)
runs_flag = --runs $(call quote,RUNS)
recipe_folder = training/configs/$(RECIPE)
recipe = $(call quote,recipe_folder)
# A trunk that is there is kept, with however many images it was trained.
trunk_flag = $(if $(TRUNK_IMAGES),$(call option,--images,TRUNK_IMAGES),$(call option,--images,IMAGES)) $(call option,--batch,BATCH) --unless-finished
# What the published systems' networks begin with: features first, where no package brings weights learnt on ImageNet, then maps.
pretrain_files = $(recipe)/pretrain_*.toml
landmark_trunks = $(if $(filter %-edge,$(RECIPE)),small-rough wide-rough)
trunk_files = $(landmark_trunks:%=training/configs/landmark_student/%.toml) $(if $(filter %-edge,$(RECIPE)),,$(pretrain_files) $(recipe)/trunk_*.toml)
# The runs of shipped models that other runs begin with or learn from, made from the models where they are not there.
recovered = set -e; for size in $1; do test -f $(call quote,RUNS)/$$size/network.pt || $(again) recover SIZE=$$size $(if $(drawn),DATA=$(call quote,DRAWN)); done
train = $(VENV) -m training train
# Train every run file of a list of patterns, in the order of their names, in one process; a pattern may match none.
train_each = set --; for file in $1; do [ ! -f "$$file" ] || set -- "$$@" "$$file"; done; [ -z "$$1" ] || $(train) "$$@" $(data_flag) $2 $(runs_flag)
shipped_file = $(if $(filter %finder,$(SIZE)),finder,student).tflite
# This Makefile again: make hands down what it was given on its own.
again = $(MAKE) --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help run command environment page web web-demo web-test web-bench drawn-faces pretrain train distill ablate seeds longer convert quantizers edgetpu ethos-u ladder ladder-tiny ladder-base ladder-small ladder-swift recover finder open-data open evaluate results bench bench-peers track-bench jitter selftest doctor golden chaos fuzz soak pictures front-page docs fleet-bench test newcomer check format payload pi-image flash-pi deploy-pi test-pi wheel sbom lock clean recipe-exists image-exists card-can-be-written pi-is-named settings-are-good
# `make train distill` is two steps of one recipe, in this order; checks come before what is built.
.NOTPARALLEL:

help: ## list every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

run: $(DEVICE_ENV) $(if $(filter demo:%,$(SOURCE)),$(PHOTO)) $(if $(WEB),page) ## stream landmarks from the demo camera until Ctrl-C (SOURCE=v4l2:0 FRAMES=100 WEB=8080)
	@$(DEVICE_VENV) -m device run --source $(call quote,SOURCE) --sink $(call quote,SINK) $(if $(WEB),--sink web:$(call quote,WEB)) $(call option,--frames,FRAMES)

command: .venv-device/.built ## the command `landmarks`, in .venv-device/bin
	@echo "now type: . .venv-device/bin/activate"

environment: $(MAIN) $(CONVERT) ## .venv, in which `python -m training` and `python -m convert` run

# Node, where it was installed for this alone, is larger than all else: it goes when the page is there.
page:
	@kept=$$(ls -d .venv-node 2>/dev/null); \
	$(again) $(PAGE) || echo "no page was built (is the npm registry reachable?): the plain view is served" >&2; \
	if [ -z "$$kept" ] && [ -d .venv-node ]; then rm -rf .venv-node device/web/client/node_modules; fi

web: $(PAGE) ## bundle the web page and the client module into device/web/built

web-demo: $(DEVICE_ENV) $(PHOTO) ## the demo that runs in a browser alone, into build/web-demo: any server can serve the folder
	@sh device/web/client/build.sh "$$PWD/$(DEVICE_VENV)" demo build/web-demo
	@echo "try it: python3 -m http.server --bind 127.0.0.1 --directory build/web-demo 8000, then http://127.0.0.1:8000/"

web-test: $(MAIN) ## the client module: types from the schema, compiler, Vitest
	sh device/web/client/build.sh "$$PWD/$(VENV)" test

web-bench: $(MAIN) $(PAGE) ## lag and age of what the browser draws, cost of ten viewers; wants a quiet machine
	$(VENV) -m pytest -q -s -m quiet tests/browser

recipe-exists:
	@test -d $(recipe) || { printf 'error: RECIPE=%s: wanted one of: %s\n' $(call quote,RECIPE) "$$(ls training/configs | xargs)" >&2; exit 3; }

drawn-faces: $(MAIN)
	@$(if $(drawn),test -f $(call quote,DRAWN)/youtube_faces/validation_subjects.txt || $(VENV) -m training rehearsal-data $(call quote,DRAWN))

pretrain: recipe-exists drawn-faces ## a recipe's trunks, before any label, learn features of a network that has seen ImageNet (RECIPE=kd_net DATA=FOLDER IMAGES=200000)
	$(call train_each,$(pretrain_files),$(trunk_flag))

train: recipe-exists drawn-faces ## train the teacher or teachers (DATA=FOLDER RECIPE=name IMAGES=25000 TRUNK_IMAGES=64000; without DATA on drawn faces)
	$(if $(wildcard $(recipe_folder)/trunk_*.toml),$(call recovered,base))
	$(call train_each,$(trunk_files),$(trunk_flag))
	$(call train_each,$(recipe)/teacher*.toml,$(images_flag))

distill: recipe-exists drawn-faces $(CONVERT) ## distil the student from it, then convert and evaluate the int8 file
	$(train) $(recipe)/student.toml $(data_flag) $(images_flag) $(runs_flag)
	$(again) convert

ablate: recipe-exists drawn-faces ## each distillation term of a published system alone, and the student without (RECIPE=kd_net DATA=FOLDER)
	$(call train_each,$(recipe)/student_*.toml,$(images_flag))

seeds: recipe-exists drawn-faces ## two more seeds of the rows that carry a conclusion: the student alone, and with all parts (RECIPE=kd_net DATA=FOLDER)
	$(call train_each,$(recipe)/student_plain.toml $(recipe)/student.toml,$(images_flag) --seed 1)
	$(call train_each,$(recipe)/student_plain.toml $(recipe)/student.toml,$(images_flag) --seed 2)

longer: recipe-exists $(MAIN) $(CONVERT) ## an Edge-friendly recipe on the trunk of the small student that ships, on calm pictures (RECIPE=kd_net-edge DATA=FOLDER)
	$(call recovered,small base)
	$(call train_each,$(or $(wildcard $(recipe_folder)/longer_trunk_*.toml),training/configs/landmark_student/wide-shipped.toml),$(trunk_flag))
	$(call train_each,$(recipe)/longer_teacher*.toml $(recipe)/longer_student*.toml,$(images_flag))
	$(again) convert RUN=$(call quote,RUNS)/$(call quote,RECIPE)-longer_student

convert: $(MAIN) $(CONVERT) ## a finished run to student.tflite and student.json (RUN=runs/small-bent-blended NAME=small BUDGET=0.03 ALL=1)
	$(VENV) -m training handover $(call quote,RUN) $(call option,--name,NAME) $(data_flag) $(yunet_flag) $(runs_flag)
	$(VENV) -m convert run $(call quote,RUN)/handover --out $(call quote,RUN)/model $(call option,--int8-budget,BUDGET) $(rehearsed) $(float_tail) $(call switch,--all,ALL)

quantizers: $(MAIN) $(QUANTIZER) $(ETHOS_U) ## a converted run by ai-edge-quantizer beside its own int8 file, into convert/README.md (RUN=runs/kd_net-student DATA=FOLDER)
	$(VENV) -m tests.benchmarks.quantizers $(call quote,RUN)/model --data $(call needed,DATA) --out convert/README.md

edgetpu: $(MAIN) ## the int8 model by Google's own edgetpu_compiler, where it is on the PATH (MODEL=file)
	$(VENV) -m convert edgetpu $(call quote,MODEL) --out build/edgetpu

ethos-u: $(MAIN) $(ETHOS_U) ## every shipped int8 model by Arm's Vela, as C arrays, and a table of their costs (MODEL=file: that one)
	$(VENV) -m convert ethos-u $(if $(filter override,$(origin MODEL)),$(call quote,MODEL),device/models/*/*.tflite) --out build/ethos-u

ladder: $(MAIN) $(CONVERT) ## train the students that ship from nothing, and convert them (DATA=FOLDER SIZE=base: that one; IMAGES=640: a rehearsal)
	$(if $(filter-out tiny swift small base,$(SIZE)),$(error SIZE=$(SIZE), wanted tiny, swift, small or base))
	set -e; for size in $(or $(SIZE),tiny base small swift); do $(again) ladder-$$size; done

# Every run that these need is trained before them, or left as it is where it is finished.
train_from_nothing = $(train) --needed training/configs/landmark_student/$1.toml $(data_flag) $(images_flag) $(runs_flag)
blended = test -d $(call quote,RUNS)/$1 || $(VENV) -m training blend training/configs/landmark_student/$1.toml --with $2 --share $3 $4 $(runs_flag)
laddered = $(again) convert RUN=$(call quote,RUNS)/$1 NAME=$2 $(if $(IMAGES),,BUDGET=0.03)

ladder-base:
	$(call train_from_nothing,base-bent)
	$(call blended,base-bent-blended,base,0.8,--stricter 1.5)
	$(call laddered,base-bent-blended,base)

ladder-tiny:
	$(call train_from_nothing,tiny-swift)
	$(call blended,tiny-swift-stricter,tiny-swift,1,--stricter 2)
	$(call laddered,tiny-swift-stricter,tiny)

ladder-small:
	$(call train_from_nothing,small-bent)
	$(call blended,small-bent-blended,small,0.6,--stricter 1)
	$(call laddered,small-bent-blended,small)

ladder-swift:
	$(call train_from_nothing,swift)
	$(call blended,swift-stricter,swift,1,--stricter 1)
	$(call laddered,swift-stricter,swift)

recover: $(MAIN) ## the run of a model that ships, to train on from it without its ladder (SIZE=small DATA=FOLDER; SIZE=finder YUNET=FILE)
	$(VENV) -m convert weights device/models/$(call needed,SIZE)/$(shipped_file) --out build/$(call quote,SIZE).npz
	$(VENV) -m training recover device/models/$(call quote,SIZE)/$(shipped_file) build/$(call quote,SIZE).npz --data $(call needed,DATA) $(yunet_flag) $(runs_flag)

finder: $(MAIN) $(CONVERT) ## train the face finder from labels and YuNet, then convert it (DATA=FOLDER YUNET=FILE)
	set -e; for part in finding telling finder turned turned-telling; do $(train) training/configs/finder/$$part.toml $(data_flag) $(yunet_flag) $(runs_flag); done
	$(again) convert RUN=$(call quote,RUNS)/finder-turned-telling NAME=finder

open-data: $(MAIN) $(BENCH) ## what the open models learn from, into DATA (AVATARS=FOLDER FAIRFACE=FOLDER DATA=FOLDER)
	$(VENV) -m training render --avatars $(call needed,AVATARS) --count 12000 --side 256 --other-hair 0.4 --out $(call needed,DATA)/rendered/train
	$(VENV) -m training render --avatars $(call quote,AVATARS) --count 600 --side 256 --held-out --out $(call quote,DATA)/rendered/held-out
	$(VENV) -m training draw --count 4000 --out $(call quote,DATA)/drawn
	$(VENV) -m training pseudo-label $(call needed,FAIRFACE) --out $(call quote,DATA)/fairface

open: $(MAIN) $(CONVERT) ## train the open models and their finder from what open-data wrote, then convert them (DATA=FOLDER)
	set -e; for run in lite small-rough small small-longer tiny-rough tiny base finder-finding finder finder-longer; do $(train) training/configs/open/$$run.toml --data $(call needed,DATA) $(runs_flag); done
	set -e; for model in open-tiny open-base; do $(again) convert RUN=$(call quote,RUNS)/$$model BUDGET=0.03; done
	$(again) convert RUN=$(call quote,RUNS)/open-small-longer NAME=open-small BUDGET=0.03
	$(again) convert RUN=$(call quote,RUNS)/open-finder-longer NAME=open-finder

evaluate: $(MAIN) ## figures of a model on labelled faces (MODEL=file DATASET=300w:FOLDER)
	$(VENV) -m training evaluate --model $(call quote,MODEL) --dataset $(call needed,DATASET)

results: $(MAIN) ## the published systems side by side, from their runs' logs, into training/RESULTS.md
	$(VENV) -m training results $(runs_flag)

bench: $(DEVICE_ENV) $(PHOTO) $(BENCH) ## how long each stage takes here, beside MediaPipe
	$(DEVICE_VENV) -m device bench

bench-peers: $(MAIN) $(BENCH) $(PHOTO) ## beside MediaPipe, OpenSeeFace, PFLD, YuNet, dlib, into docs/benchmarks.md (DATASET=300w:FOLDER LIST=FILE FACES=200 YUNET=FILE OPENSEEFACE=FOLDER PFLD=FILE DLIB=FILE SECTIONS=times,start QUICK=1)
	$(VENV) -m training peers $(call option,--dataset,DATASET) $(call option,--list,LIST) $(call option,--faces,FACES) $(yunet_flag) $(call option,--openseeface,OPENSEEFACE) $(call option,--pfld,PFLD) $(call option,--dlib,DLIB) $(call option,--sections,SECTIONS) $(call switch,--quick,QUICK) $(runs_flag)
	$(VENV) -m training front-page

jitter: $(MAIN) ## how steady the points are, how much each setting lags (PICTURES=FOLDER also writes the page)
	$(VENV) -m device jitter-bench --gate $(if $(PICTURES),--pictures $(call quote,PICTURES) --page device/signal/README.md)

track-bench: $(DEVICE_ENV) $(PHOTO) ## how well faces are followed on made sequences, beside searching every frame
	$(DEVICE_VENV) -m device track-bench --finder trained:

selftest: $(DEVICE_ENV) ## golden outputs, times against a budget, memory, drops (BUDGET=1.4 SPREAD=2.5, milliseconds and p99/p50)
	$(DEVICE_VENV) -m device selftest $(call option,--budget,BUDGET) $(call option,--spread,SPREAD)

doctor: $(DEVICE_ENV) ## what is wrong on this machine, a line each with its fix (CONFIG=daemon.toml)
	@$(DEVICE_VENV) -m device doctor $(call option,--config,CONFIG)

golden: $(DEVICE_ENV) ## write the shipped models' golden outputs anew, after one has changed
	$(DEVICE_VENV) -m device.checks.selftest.golden

chaos: $(MAIN) ## ten minutes of failing camera, broker and accelerator (SECONDS=600 SEED=1); needs mosquitto
	$(VENV) -m tests.chaos.chaos --seconds $(if $(SECONDS),$(call quote,SECONDS),600) --seed $(if $(SEED),$(call quote,SEED),1)

fuzz: $(MAIN) ## mutated files to every reader for ten minutes (SECONDS=600 SEED=1); harmful inputs into runs/fuzz
	$(VENV) -m tests.fuzz.fuzz --seconds $(if $(SECONDS),$(call quote,SECONDS),600) --seed $(if $(SEED),$(call quote,SEED),1) --out $(call quote,RUNS)/fuzz

soak: $(MAIN) ## an hour at 30 frames a second, figure and plot into runs/soak (SECONDS=3600); needs mosquitto
	$(VENV) -m tests.chaos.soak --seconds $(if $(SECONDS),$(call quote,SECONDS),3600) --out $(call quote,RUNS)/soak

test: $(MAIN) $(CONVERT) $(ETHOS_U) $(DOCS) ## every test this machine can run; what to install for the others is said at the end
	$(VENV) -m pytest

pictures: $(MAIN) ## the pictures of README.md and the site, from rendered heads (AVATARS=FOLDER)
	$(VENV) -m training pictures --avatars $(call needed,AVATARS)

front-page: $(MAIN) ## README.md's table, from the figures that bench-peers keeps
	$(VENV) -m training front-page

docs: $(DOCS) ## the documentation site, into build/site; a broken link is an error
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict
	@echo "read it: python3 -m http.server --bind 127.0.0.1 --directory build/site 8000, then http://127.0.0.1:8000/"

fleet-bench: $(MAIN) ## how many devices one mosquitto carries here, into docs/fleet.md; wants a quiet machine
	$(VENV) -m tests.benchmarks.fleet --page docs/fleet.md

newcomer: $(MAIN) ## what `make run` takes on a bare Debian 12, TEST=1 also `make test`; root, mmdebstrap, some minutes
	$(VENV) -m tests.newcomer.newcomer $(call switch,--test,TEST)

check: $(MAIN) ## ruff, mypy, import boundaries
	$(VENV) -m ruff check .
	$(VENV) -m ruff format --check .
	$(VENV) -m mypy
	.venv/bin/lint-imports
	$(VENV) -m pytest -q tests/test_import_boundaries.py

format: $(MAIN) ## let ruff mend what it can
	$(VENV) -m ruff check --fix .
	$(VENV) -m ruff format .

# Cheap questions first, by the system's own Python: nothing is built for an image or a card that cannot be used.
preflight = $(call quote,PYTHON) -m firmware_config preflight

image-exists:
	@$(preflight) --image $(call needed,IMAGE)

card-can-be-written:
	@$(preflight) --image $(call needed,IMAGE) --device $(call needed,DEVICE) $(card_flags)

pi-is-named:
	@$(preflight) --host $(call needed,HOST)

settings-are-good: $(DEVICE_ENV)
	@settings=$(if $(SETTINGS),$(call quote,SETTINGS),pi.toml); test -z $(call quote,SETTINGS) && test ! -f "$$settings" || $(DEVICE_VENV) -m firmware_config check "$$settings"

card_flags = $(call option,--confirm,CONFIRM) $(call switch,--unmount,UNMOUNT) $(call option,--max-size-gib,MAX_SIZE_GIB)

payload: $(DEVICE_ENV) $(PAGE) ## what a Pi installs, into dist/payload.tar.zst (EDGETPU_DEB=file.deb EDGETPU_SHA256=hash)
	$(DEVICE_VENV) -m firmware_config payload $(if $(EDGETPU_DEB),--edgetpu-deb $(call quote,EDGETPU_DEB) --edgetpu-sha256 $(call quote,EDGETPU_SHA256))

pi-image: image-exists settings-are-good payload ## a stock Raspberry Pi OS Lite with payload and settings, into dist/ (IMAGE=file.img.xz SETTINGS=pi.toml)
	$(DEVICE_VENV) -m firmware_config image $(call needed,IMAGE) $(settings_flag)

flash-pi: card-can-be-written settings-are-good payload ## the same, then written to a card: a dry run without CONFIRM (IMAGE=file DEVICE=/dev/sdX CONFIRM=/dev/sdX)
	$(DEVICE_VENV) -m firmware_config flash $(call needed,IMAGE) --device $(call needed,DEVICE) $(settings_flag) $(card_flags)

deploy-pi: pi-is-named settings-are-good payload ## the payload onto a running Pi (HOST=user@pi SETTINGS=pi.toml; BACK=1: the release before, ALLOW_DOWNGRADE=1)
	$(DEVICE_VENV) -m firmware_config deploy $(call needed,HOST) $(settings_flag) $(call switch,--back,BACK) $(call switch,--allow-downgrade,ALLOW_DOWNGRADE)

test-pi: $(MAIN) $(PAGE) ## boot a Debian double in QEMU and live through a Pi's life; root, 20 to 50 minutes
	LANDMARKS_TEST_PI=1 $(VENV) -m pytest -s -v tests/firmware_config/emulated tests/firmware_config/boot

wheel: $(DEVICE_ENV) $(PAGE) ## the wheel with models, page and demo face, into dist/
	$(DEVICE_VENV) -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

sbom: $(TOOLS) $(DEVICE_ENV) ## write sbom.json (CycloneDX) and NOTICE anew, after the lock files or the page's packages have changed
	$(TOOLS_VENV)/python requirements/sbom.py

lock: $(TOOLS) $(DEVICE_ENV) ## write the lock files anew from pyproject.toml and requirements/*.in (UPGRADE=1: newest versions)
	sh requirements/lock.sh

clean: ## remove environments and caches; runs/ stays
	rm -rf .venv .venv-device .venv-picamera2 .venv-convert .venv-bench .venv-ethos-u .venv-quantizer .venv-tools .venv-docs .venv-node build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

install = PYTHON=$(call quote,PYTHON) sh requirements/install.sh

.venv-device/.built: requirements/device.lock requirements/install.sh
	@$(install) .venv-device $< project
	@touch $@

.venv-picamera2/.built: $(wildcard requirements/pi-*.lock) requirements/install.sh
	@$(install) .venv-picamera2 requirements/pi-PYTHON.lock system
	@touch $@

# Once: of the demo camera's picture there is one version.
$(PHOTO): | $(DEVICE_ENV)
	@sh requirements/photo.sh $(DEVICE_VENV)

$(MAIN): requirements/main.lock requirements/compiled.lock requirements/torch-cpu.txt requirements/torch-cuda.lock requirements/install.sh pyproject.toml
	@$(install) .venv $< torch compiled project
	@$(VENV) -m device.sources.demo_photo
	@touch $@

# Whatever the page is made of, but not what was made of it.
$(PAGE): $(wildcard device/web/client/*.* device/web/client/src/* device/web/client/src/scene/* device/web/client/page/* device/web/client/samples/* device/signal/mean_face.json) | $(DEVICE_ENV)
	@echo "device/web/built: bundling the page"
	@sh device/web/client/build.sh "$$PWD/$(DEVICE_VENV)"

$(CONVERT): requirements/convert.lock requirements/install.sh
	@$(install) .venv-convert $<
	@touch $@

$(ETHOS_U): requirements/ethos-u.lock requirements/install.sh
	@$(install) .venv-ethos-u $<
	@touch $@

$(QUANTIZER): requirements/quantizer.lock requirements/install.sh
	@$(install) .venv-quantizer $<
	@touch $@

$(BENCH): requirements/bench.lock requirements/install.sh
	@$(install) .venv-bench $<
	@touch $@

$(DOCS): requirements/docs.lock requirements/install.sh
	@$(install) .venv-docs $<
	@touch $@

$(TOOLS): requirements/tools.lock requirements/install.sh
	@$(install) .venv-tools $<
	@touch $@
