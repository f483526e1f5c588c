# SPDX-License-Identifier: GPL-2.0-only
# Verbs. Each does the set-up it needs and ends with one line `VERB: …`; its exit status is 0 only if all passed.

PYTHON ?= /usr/bin/python3
BIN := build/venv/bin
VERB := sh rootfs/verb.sh

.DEFAULT_GOAL := help
.PHONY: help setup demo stop test accept bench soak sound vm-test image image-test test-cluster lint types newcomer buildroot-check lock keys bundle flash update-test power-cuts clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Debian packages, virtual environment, pjsua2, C core; does nothing when all stands
	@PYTHON=$(PYTHON) sh rootfs/setup.sh

demo: setup ## headquarters and a branch with calls and a page; DEMO_SECONDS=30 ends it by itself
	@$(BIN)/python -m appliance.processes.demo

stop: ## end what `make demo` started
	@$(BIN)/python -m appliance.processes.stop

test: setup ## lint, types and every test; ARGS= goes to pytest
	@$(VERB) TEST ruff format imports clang-format types pytest

accept: setup ## the calls of the acceptance sheet; ACCEPT_JSON=file writes it as data
	@$(BIN)/python -m tests.accept

bench: setup ## every DSP block beside its peers, the router's figures; ARGS="g711 --seconds 5"
	@$(BIN)/python -m tests.bench $(ARGS)

soak: setup ## the long forms, hours: 240 legs for 30 minutes, every test marked soak; goes on where it stopped
	@$(VERB) SOAK soak

sound: setup ## quality sheets of the DSP blocks as PNG under build/sound; ARGS="echo" some of them
	@$(BIN)/python -m tests.sound $(ARGS)

vm-test: setup ## the drivers of cards on a real kernel, in a virtual machine without hardware (root); ARGS=
	@$(BIN)/python -m tests.vm $(ARGS)

image: setup ## the appliance's disk: build/image/branchline.img (root); ARGS=--fresh with Debian's packages of today
	@$(BIN)/python -m rootfs.image $(ARGS)

image-test: image ## starts that disk in a virtual machine by EFI and by BIOS, and calls through it
	@$(BIN)/python -m tests.image

test-cluster: setup ## the record in a PostgreSQL, a duplex on three JetStream nodes, all that befalls them; ARGS=
	@$(BIN)/python -m tests.cluster $(ARGS)

lint: setup ## ruff, import order of the tree, C layout
	@$(VERB) LINT ruff format imports clang-format

types: setup ## mypy, strict
	@$(VERB) TYPES types

buildroot-check: setup ## buildroot-config/ held against itself; BUILDROOT=dir against that Buildroot too
	@BUILDROOT=$(BUILDROOT) $(BIN)/python -m rootfs.buildroot

newcomer: ## a clean Debian in a chroot, a clone, `make test`, `make demo` (root); SUITE=trixie
	@SUITE=$(SUITE) sh rootfs/newcomer.sh

lock: ## pin the packages that pyproject.toml names; ARGS="--upgrade-package NAME" renews one
	@PYTHON=$(PYTHON) sh rootfs/setup/lock.sh $(ARGS)

keys: setup ## the authority that boxes trust and the certificate that signs bundles, once: keys/ (BRANCHLINE_KEYS)
	@$(BIN)/python -m rootfs.update.keys

bundle: image ## what boxes fetch: build/image/branchline-<version>.raucb, signed (make keys); ARGS="--out FILE"
	@$(BIN)/python -m rootfs.update.bundle $(ARGS)

flash: setup ## the disk onto DEV=/dev/sdX: asks, writes, reads back (root)
	@$(BIN)/python -m rootfs.update.flash build/image/branchline.img $(or $(DEV),$(error name the disk: make flash DEV=/dev/sdX))

update-test: bundle ## a box in a virtual machine is offered good and bad versions (root)
	@$(BIN)/python -m tests.image_update

N ?= 50
power-cuts: bundle ## N=50 SEED=1: the mains fail at random moments of start, update and commit; goes on where it stopped (root)
	@$(BIN)/python -m tests.power_cuts --rounds $(N) $(if $(SEED),--seed $(SEED))

clean: ## remove everything built or stored here, state too; the cache in ~/.cache/branchline stays
	@$(VERB) CLEAN clean
