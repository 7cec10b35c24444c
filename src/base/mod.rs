//! What everything stands on: time, identifiers, chance, private values, bounds.
pub mod entropy;
pub mod hands;
pub mod hex;
pub mod id;
pub mod now;
pub mod private;
pub mod wheel;
