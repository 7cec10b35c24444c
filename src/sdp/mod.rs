//! Session descriptions (RFC 8866), read as far as emergency policy must look and otherwise passed as they came.
//!
//! Media flows directly between the ends; the only changes made here are those that the standards for emergency calls
//! ask for, and every other byte stays.
mod hold;
mod lines;
mod silence;

pub use hold::{Holds, holds};
pub use silence::without_silence_suppression;
