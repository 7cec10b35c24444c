//! Messages on their way out: e-mail and webhooks. What goes wrong is told in words of ours: what servers say may name
//! people.
mod hmac;
pub mod mail;
pub mod parcel;
pub mod webhook;

pub use mail::Mail;
pub use parcel::Parcel;
pub use webhook::Webhook;

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody is there.
    Unreachable,
    /// No secure connection comes about.
    Tls,
    /// Nothing came back in time.
    Late,
    /// The server refused it, with this code.
    Refused(u16),
    /// The mail server does not take user and password, with this code.
    Login(u16),
    /// What came back is no answer.
    Unreadable,
    /// The message cannot be written: an address that is none, for one.
    Unwritable,
    /// There is no such channel in the config any more.
    NoChannel,
    /// Nobody is at this desk.
    Nobody,
}

impl Failure {
    /// The word for log lines.
    pub const fn text(self) -> &'static str {
        match self {
            Failure::Unreachable => "unreachable",
            Failure::Tls => "tls",
            Failure::Late => "late",
            Failure::Refused(_) => "refused",
            Failure::Login(_) => "login",
            Failure::Unreadable => "unreadable",
            Failure::Unwritable => "unwritable",
            Failure::NoChannel => "no_channel",
            Failure::Nobody => "nobody",
        }
    }

    /// The server's code, where it gave one.
    pub const fn code(self) -> u16 {
        match self {
            Failure::Refused(code) | Failure::Login(code) => code,
            _ => 0,
        }
    }
}

impl core::fmt::Display for Failure {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Failure::Unreachable => out.write_str("nobody is there"),
            Failure::Tls => out.write_str("no secure connection comes about"),
            Failure::Late => out.write_str("nothing came back in time"),
            Failure::Refused(code) => write!(out, "refused with {code}"),
            Failure::Login(code) => write!(out, "the mail server does not take user and password ({code})"),
            Failure::Unreadable => out.write_str("what came back is no answer"),
            Failure::Unwritable => out.write_str("the message cannot be written"),
            Failure::NoChannel => out.write_str("the config has no such channel"),
            Failure::Nobody => out.write_str("nobody is at this desk"),
        }
    }
}
