# What can be done with callbox from a clean clone. `make` alone lists it.
#
# Debug builds serve `lint` and `test`, the router that the outside tests start included: `cargo test` builds that
# very binary anyway, and overflow checks are on in it. Only `compare` and the last step of `.ci/run` build a release.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help deps deps-compare deps-count test soak lint compare count fuzz deps-fuzz deny deps-deny

# program (or module of Kamailio or Python):package, as Debian and Ubuntu name them
TEST_TOOLS    := sipp:sip-tester kamailio:kamailio lost.so:kamailio-utils-modules baresip:baresip-core \
                 linphonec:linphone-cli xmllint:libxml2-utils espeak-ng:espeak-ng aiosmtpd:python3-aiosmtpd openssl:openssl ip:iproute2 \
                 curl:curl chromium:chromium websockets:python3-websockets presence.so:kamailio-presence-modules
COMPARE_TOOLS := sipp:sip-tester kamailio:kamailio python3:python3 cc:gcc
COUNT_TOOLS   := valgrind:valgrind

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

deps: ## install what the tests need (apt; as root or with sudo), skipping what is present
	@.ci/install $(TEST_TOOLS)

deps-compare: ## install what the comparison needs
	@.ci/install $(COMPARE_TOOLS)

deps-count: ## install what counting instructions needs
	@.ci/install $(COUNT_TOOLS)

# The tests from outside mostly wait: for phones that ring, for sentences that are read.
export RUST_TEST_THREADS ?= 3

test: deps ## every test, those from outside with SIPp, Kamailio and real phones too
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

DENY_VERSION := 0.18.9
# `advisories` needs its database over the network.
DENY_CHECKS  ?= bans licenses sources

deps-deny: ## install cargo-deny, which takes minutes
	@cargo deny --version 2>/dev/null | grep -qF ' $(DENY_VERSION)' || cargo install cargo-deny --version $(DENY_VERSION) --locked

deny: deps-deny ## licences and sources of the crates, by deny.toml; DENY_CHECKS=advisories for their known faults
	cargo deny --locked check $(DENY_CHECKS)

compare: deps-compare ## CPU and memory a call, beside Kamailio and the kernel's floor
	cargo build --locked --release
	python3 benches/compare/compare.py --callbox "$${CARGO_TARGET_DIR:-target}/release/callbox"

count: deps-count ## the instructions of a whole call
	cargo bench --locked --bench call --no-run
	@benches/count "$$(cargo bench --locked --bench call --no-run 2>&1 | sed -n 's/.*(\(.*\))$$/\1/p' | tail -1)"

# The fuzzers' own sanitizer is left out: there is no unsafe code here for it to watch, and with it they are slower.
FUZZ_SECS      ?= 3600
FUZZ_TARGETS   ?= reader framing multipart sdp pidf held engine
FUZZ_TOOLCHAIN ?= nightly
FUZZ_VERSION   := 0.13.1

deps-fuzz: ## install the fuzzer's driver, and say if its compiler is missing
	@rustc +$(FUZZ_TOOLCHAIN) --version || { echo "fuzzing needs a nightly compiler: rustup toolchain install nightly" >&2; exit 1; }
	@cargo fuzz --version 2>/dev/null | grep -qF ' $(FUZZ_VERSION)' || cargo install cargo-fuzz --version $(FUZZ_VERSION) --locked

fuzz: deps-fuzz ## fuzz each of FUZZ_TARGETS for FUZZ_SECS; what fails is kept in fuzz/artifacts
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/corpus/$$target fuzz/found/$$target; \
		cargo +$(FUZZ_TOOLCHAIN) fuzz run --sanitizer none $$target \
			fuzz/corpus/$$target fuzz/corpora/$$target fuzz/found/$$target -- \
			-max_total_time=$(FUZZ_SECS) -max_len=8192 -timeout=10 -dict=fuzz/sip.dict -print_final_stats=1; \
	done
