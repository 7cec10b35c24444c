//! HELD, by which a phone asks where it is (RFC 5985): requests with identities (RFC 6155), flows (RFC 6915) and measurements
//! (RFC 7105) read, answers by value and by reference (RFC 6753) found and written, with whom an emergency call reaches from
//! there (RFC 7840). What carries them is the edge's business.
mod answer;
pub mod client;
mod measured;
mod place;
mod reader;
mod request;
mod route;
mod subject;
mod tree;
mod writer;

pub use answer::{LOCATION_PATH, Terms, answer, dereference, presence};
pub use reader::read;
pub use request::{Code, Error, Form, Identity, Measurement, Request, ResponseTime, Target, Wanted};
pub use route::Route;
pub use subject::{Asker, names_another};
pub use tree::{MOST_ATTRIBUTES, MOST_BYTES, MOST_DEPTH, MOST_NODES};
pub use writer::{Reference, write_error, write_response};

/// The media type of requests and answers, as we write it.
pub const MEDIA_TYPE: &str = "application/held+xml;charset=utf-8";

const HELD: &str = "urn:ietf:params:xml:ns:geopriv:held";
const IDENTITY: &str = "urn:ietf:params:xml:ns:geopriv:held:id";
const FLOW: &str = "urn:ietf:params:xml:ns:geopriv:held:flow";
const ROUTING: &str = "urn:ietf:params:xml:ns:geopriv:held:ri";
