//! callbox: a SIP emergency call router.
//!
//! The modules are listed by floor, from the street upwards. A module uses the floors below its own and never its
//! own floor or one above it; `tests/architecture.rs` holds that. `docs/architecture.md` explains why.
#![deny(unsafe_code)]
#![warn(missing_docs)]

// floor 0: what everything stands on
pub mod base;

// floor 1: what we keep, and the protocol we speak; side by side
pub mod record;
pub mod sip;

// floor 2: tables in memory, what can happen and to whom, and the documents that travel in bodies
pub mod account;
pub mod cache;
pub mod fact;
pub mod pidf;
pub mod sdp;

// floor 3: deciders, pure and total
pub mod callback;
pub mod classify;
pub mod desktop;
pub mod ivr;
pub mod location;
pub mod notice;
pub mod routing;

// floor 4: the machine with a life of its own, and the location server's answers
pub mod b2bua;
pub mod held;
pub mod presence;

// floor 5: everything that touches the world
pub mod edge;

// floor 6: what this node is, and the far ends for trying things out
pub mod config;
pub mod lab;

// floor 7: the wiring
pub mod app;
