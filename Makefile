# Each target sets up .venv by itself when needed. Without make (Windows):
#   python mlc_course/tools/bootstrap.py course
# Another Python:  make PYTHON=python3.12 course
# Some lessons:    make course LESSONS="04 05" PROFILE=smoke
PYTHON ?= python3
LESSONS ?=
PROFILE ?=
ARGS ?=

# named by the reader, not by the line above: then .venv is made anew if it has another version
ifneq ($(origin PYTHON),file)
CHOSEN := --chosen
endif

BOOT = "$(PYTHON)" mlc_course/tools/bootstrap.py
PY_MISSING = There is no program called $(PYTHON). Install Python 3.11 to 3.13, or name yours: make PYTHON=python3.12

.PHONY: help course test lab clean setup python
.NOTPARALLEL:

help:
	@echo "make course   run every lesson and write _runs/laptop/index.html (LESSONS='04 05' PROFILE=smoke to choose)"
	@echo "make test     the notebooks in the smoke profile, then pytest"
	@echo "make lab      open the lessons in JupyterLab"
	@echo "make clean    remove .venv, _runs and caches"

python:
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { echo "$(PY_MISSING)" >&2; exit 1; }

course: python
	@$(BOOT) $(CHOSEN) course $(if $(PROFILE),--profile $(PROFILE)) $(LESSONS) $(ARGS)

test: python
	@$(BOOT) $(CHOSEN) test $(ARGS)

lab: python
	@$(BOOT) $(CHOSEN) lab $(ARGS)

setup: python
	@$(BOOT) $(CHOSEN) setup

clean: python
	@$(BOOT) clean
