//! SIP on the wire: our own zero-copy reader and writer.
//!
//! [`Message::read`] finds the start line, the header fields and the body of a datagram or framed stream message and
//! judges nothing else: what cannot be framed is refused, what is merely wrong is for the caller to judge later.
//! All views borrow from the message; nothing is copied until something is written.
pub mod head;
pub(crate) mod lexis;
pub mod limits;
pub mod method;
pub mod multipart;
pub mod name;
pub mod name_addr;
pub mod reader;
pub mod reason;
pub mod same;
pub(crate) mod scan;
pub mod session_id;
pub mod transfer;
pub mod uri;
pub mod via;
pub mod writer;

pub use head::ContentLength;
pub use method::Method;
pub use name::Name;
pub use name_addr::NameAddr;
pub use reader::{Field, Message, Start, Unreadable};
pub use session_id::SessionId;
pub use uri::{Scheme, Uri};
pub use via::Via;
pub use writer::Writer;
