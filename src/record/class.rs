//! What kinds of calls there are.

/// A call's class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// 911, 112, `urn:service:sos` and its kin.
    Emergency,
    /// 933, `urn:service:test.sos`.
    Test,
    /// 988, `urn:service:counseling.suicide`.
    Crisis,
    /// Everything else.
    Other,
    /// A call back to whoever placed an emergency call: told by whom it reaches, and never by what is dialled alone.
    Callback,
}

impl Class {
    /// The word for people.
    pub const fn text(self) -> &'static str {
        match self {
            Class::Emergency => "emergency",
            Class::Test => "test",
            Class::Crisis => "crisis",
            Class::Other => "other",
            Class::Callback => "callback",
        }
    }
}
