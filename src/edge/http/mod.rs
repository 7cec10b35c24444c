//! What is served over HTTP.
pub mod acknowledge;
mod client;
mod credentials;
pub mod events;
pub mod held;
mod limit;
mod location;
pub mod metrics;
mod openapi;
mod proxy;
pub mod serve;
pub mod tls;
