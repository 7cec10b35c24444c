//! PIDF-LO documents (RFC 4119, RFC 5139, RFC 5491) and Additional Data (RFC 7852): as they leave, and as much of those
//! that arrive as decides a call.
mod additional;
mod drawn;
mod enclosed;
mod geodetic;
mod grade;
mod reader;
pub mod text;
mod writer;

pub use crate::record::located::Method;
pub use additional::{
    write_comment, write_device_info, write_provider_info, write_service_info, write_subscriber_info,
};
pub use drawn::write_shape;
pub use enclosed::enclosed;
pub use grade::{Conveyed, best, read};
pub use reader::{MOST_BYTES, MOST_DEPTH, MOST_NODES, MOST_PLACES};
pub use writer::{Document, Source, write, write_presence};
