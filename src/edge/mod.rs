//! Everything that touches the world. Its rooms do not know each other.
pub mod clock;
pub mod dns;
pub mod entropy;
pub mod http;
pub mod log;
pub mod metrics;
pub mod net;
pub mod rtp;
pub mod store;
pub mod voice;
