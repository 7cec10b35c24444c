//! What is served over HTTP.
mod credentials;
pub mod held;
mod limit;
mod location;
pub mod metrics;
