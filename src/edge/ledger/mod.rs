//! The evidence of emergency and test calls: a file of its own, which grows at its end, and in which each entry is sealed to
//! the one before it. Whoever changes one, or takes one out, is found out.
mod book;
mod calendar;
mod chain;
mod receipt;
mod report;
mod story;
mod writer;

pub use book::{Book, Chosen, Kept, Verdict};
pub use chain::{Entry, Kind, Link};
pub use report::{Misdials, RelayCalls, misdials, relay_calls};
pub use story::{Gatherer, MOST_OPEN};
pub use writer::{Keeping, MOST_WAITING, Told, Writer};
