//! Values that never reach a log line, a metric label or an error text by accident.
use core::fmt;

/// A number, name, address, coordinate or body. It prints as `<private>`; whoever needs the value says [`Private::expose`],
/// which is easy to search for and to review.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps a value that is nobody else's business.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the wire, for a document or for its owner.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}

impl<T> fmt::Display for Private<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}
