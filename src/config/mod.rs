//! What this node is: its config, read whole or refused with every complaint at once.
mod boundaries;
pub mod cases;
mod check;
pub mod complaint;
pub mod dial_plan;
pub mod document;
mod embedded;
pub mod file;
mod headers;
pub mod import;
mod models;
pub mod notices;
pub mod presence;
pub mod reference;
mod routes;
pub mod settings;
mod snapshot;
pub mod table;
mod texts;
pub mod value;
pub mod world;

pub use complaint::Complaint;
pub use settings::Settings;
pub use world::World;
