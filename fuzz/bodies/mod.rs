//! What each fuzz target does with its bytes: the fuzzers call it with what they make up, `tests/corpora.rs` with what
//! is kept in `corpora/` and `found/`. Each panics when a promise does not hold.
pub mod engine;
pub mod framing;
pub mod held;
pub mod multipart;
pub mod pidf;
pub mod reader;
pub mod sdp;
