//! What is served over HTTP.
mod credentials;
pub mod held;
mod limit;
pub mod metrics;
