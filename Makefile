# Two commands are enough to see SOPilot work and to check it:
#
#   make demo    build it, make some videos with known mistakes, score them
#   make test    every test of the workspace, then a client in another language
#
# Both install what is missing on a Debian machine (scripts/setup says what).

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo mesh mesh-demo test test-rust test-python test-mesh chaos burst report accuracy accuracy-full bench-dtw check fmt ci clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: ## Build, then score videos with known mistakes
	@scripts/setup build rust video
	@scripts/demo

mesh: ## Start the four services with PostgreSQL, RabbitMQ and S3, all on loopback, until Ctrl-C
	@scripts/setup build rust video python servers s3
	@cargo build --locked -p sopilot -p sopilot-catalog -p sopilot-embedding -p sopilot-alignment -p sopilot-scoring
	@scripts/mesh --ports $(ARGS)

mesh-demo: ## The demonstration, scored by such a mesh
	@scripts/setup build rust video python servers s3
	@scripts/mesh-demo

test: ## All tests
	@scripts/setup build rust video python servers s3
	@scripts/test-rust
	@scripts/test-python
	@scripts/test-mesh

test-rust: ## The tests of the workspace
	@scripts/setup build rust video python servers s3
	@scripts/test-rust

test-mesh: ## The services as processes of their own: one trace, everything that can break, many callers
	@scripts/setup build rust video python servers s3
	@scripts/test-mesh

chaos: ## The longer form of the tests that break things
	@scripts/setup build rust video python servers s3
	@CHAOS=long scripts/test-mesh chaos

burst: ## 100 uploads and 500 scores at once
	@scripts/setup build rust video python servers s3
	@BURST=long scripts/test-mesh burst

test-python: ## A client made from the .proto files alone, and kill -9 in the middle
	@scripts/setup build rust video python
	@scripts/test-python

report: ## Look at the report's pages in a browser: axe-core, widths, light and dark
	@scripts/test-report

accuracy: ## Draw a small data set and measure how well deviations are found
	@scripts/setup build rust video
	@scripts/accuracy small

accuracy-full: ## The same, large; takes hours
	@scripts/setup build rust video
	@scripts/accuracy full

bench-dtw: ## Time dynamic time warping beside its peers; ARGS=--quick is short
	@scripts/setup build rust python
	@scripts/bench-dtw $(ARGS)

check: ## What takes seconds: formatting and walls
	@cargo fmt --all --check
	@scripts/check-walls

fmt: ## Format the sources
	@cargo fmt --all

ci: ## Everything that must hold before a change is taken
	@.ci/run

clean: ## Remove what was built
	@rm -rf target .cache
