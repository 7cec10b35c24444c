//! What this node is: its config, read whole or refused with every complaint at once.
pub mod check;
pub mod complaint;
pub mod dial_plan;
pub mod document;
pub mod embedded;
pub mod file;
pub mod reference;
pub mod settings;
pub mod snapshot;
pub mod table;
pub mod value;
pub mod world;

pub use complaint::Complaint;
pub use embedded::lab_settings;
pub use file::load;
pub use settings::Settings;
pub use world::World;
