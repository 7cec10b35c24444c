//! Who does two pieces of work that do not need each other: below the edge nobody starts threads, so whoever has some to
//! spare brings them.

/// Does two pieces of work.
pub trait Hands: Copy {
    /// What both give, when both are done.
    fn both<A: Send, B: Send>(self, first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B + Send) -> (A, B);
}

/// One after the other: for whoever leaves the rest of the machine to the calls.
#[derive(Clone, Copy, Debug)]
pub struct InTurn;

impl Hands for InTurn {
    fn both<A: Send, B: Send>(self, first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B + Send) -> (A, B) {
        (first(), second())
    }
}
