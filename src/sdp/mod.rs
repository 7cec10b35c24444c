//! Session descriptions (RFC 8866), read as far as emergency policy must look and otherwise passed as they came.
//!
//! Media flows directly between the ends; the only changes made here are those that the standards for emergency calls
//! ask for, and every other byte stays.
mod direction;
mod hold;
mod lines;
mod recording;
mod same;
mod silence;
mod streams;
pub mod voice;

pub use direction::{answering, idle, opened};
pub use hold::{Holds, Primary, Way, holds, primary};
pub use recording::{asks_for_recording, prefers_no_recording, says_recorded};
pub use same::same;
pub use silence::without_silence_suppression;
pub use streams::{Places, added_audio, count, with_refused, without};
