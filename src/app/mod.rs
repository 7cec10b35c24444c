//! The wiring.
pub mod command;
