//! Everything that touches the world. Its rooms do not know each other, but for what lies on `database`
//! and on `deliver`.
pub mod behind;
pub mod clock;
pub mod database;
pub mod deliver;
pub mod dns;
pub mod entropy;
pub mod fetch;
pub mod hands;
pub mod http;
pub mod ledger;
pub mod log;
pub mod metrics;
pub mod net;
pub mod presence;
pub mod rtp;
pub mod state;
pub mod store;
pub mod voice;
