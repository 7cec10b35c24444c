# What can be done with callbox from a clean clone. `make` alone lists it.
#
# Debug builds serve `lint` and `test`, the router that the outside tests start included: `cargo test` builds that
# very binary anyway, and overflow checks are on in it. Only `compare` and the last step of `.ci/run` build a release.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help deps deps-compare test soak lint compare

# program:package, as Debian and Ubuntu name them
TEST_TOOLS    := sipp:sip-tester baresip:baresip-core xmllint:libxml2-utils
COMPARE_TOOLS := sipp:sip-tester kamailio:kamailio python3:python3 cc:gcc

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

deps: ## install what the tests need (apt; as root or with sudo), skipping what is present
	@.ci/install $(TEST_TOOLS)

deps-compare: ## install what the comparison needs
	@.ci/install $(COMPARE_TOOLS)

test: deps ## every test, those from outside with SIPp and a real phone too
	cargo test --locked --doc
	cargo test --locked --all-targets

# How long `soak` walks, in seconds.
export SOAK_SECS ?= 3600

soak: ## walks through the simulated network with fresh seeds for SOAK_SECS (an hour)
	cargo test --locked --test world soak -- --ignored --nocapture

lint: ## format, clippy and documentation, warnings denied
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps

compare: deps-compare ## CPU and memory a call, beside Kamailio and the kernel's floor
	cargo build --locked --release
	python3 benches/compare/compare.py --callbox "$${CARGO_TARGET_DIR:-target}/release/callbox"
