//! What desktops hear: an agent's of the emergency calls of its own user, line or device, a responder's of the notices for its
//! desk. Nothing here sends: accounts, facts and notices in, events for those who listen out.
pub mod board;
mod event;
mod seat;

pub use event::{ALLOWED, Event, EventId, HIDDEN};
pub use seat::{Asked, Seat, Whose};
