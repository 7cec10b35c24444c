//! The call engine: two dialogs for every call, and everything between them. One engine is single-threaded; time,
//! chance and bytes come in as arguments, bytes and facts go out.
//!
//! Read [`story`] for how a call is decided, [`ring`] for how targets are asked, `bridge` for how it is answered,
//! [`midcall`] for what happens while they talk and `hangup` for how it ends.
mod addresses;
mod again;
mod agreed;
pub mod ask;
pub mod attempt;
mod blocks;
mod body;
mod bridge;
pub mod call;
mod core;
mod decide;
mod departed;
pub mod early;
pub mod engine;
mod foreign;
mod forwarding;
mod geolocation;
mod hangup;
mod headers;
pub mod intake;
mod ivr;
mod judge;
mod ladder;
mod marks;
mod mend;
pub mod midcall;
mod offer;
mod onward;
mod opening;
mod presented;
mod prober;
mod reach;
mod reason;
pub mod receipt;
mod recorder;
mod redirect;
mod referral;
mod reliable;
pub mod ring;
mod standing;
pub mod story;
mod strangers;
mod table;
mod takeover;
mod terms;
mod told;
mod turn;
pub mod voice;
mod watch;
mod window;

pub use self::core::Setup;
pub use engine::{Engine, Input};
