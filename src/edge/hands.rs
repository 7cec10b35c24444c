//! Work side by side, for a start: until there are calls, the whole machine is free.
use crate::base::hands::Hands;

/// Two pieces of work on two threads.
#[derive(Clone, Copy, Debug)]
pub struct SideBySide;

impl Hands for SideBySide {
    fn both<A: Send, B: Send>(self, first: impl FnOnce() -> A + Send, second: impl FnOnce() -> B + Send) -> (A, B) {
        std::thread::scope(|threads| {
            let other = threads.spawn(second);
            let first = first();
            match other.join() {
                Ok(second) => (first, second),
                Err(defect) => std::panic::resume_unwind(defect),
            }
        })
    }
}
