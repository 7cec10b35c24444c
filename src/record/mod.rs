//! Everything we keep.
pub mod civic;
pub mod class;
pub mod found;
pub mod grade;
pub mod lldp;
pub mod located;
pub mod mac;
pub mod measured;
pub mod number;
pub mod place;
pub mod site;
pub mod table;
pub mod trunk;
pub mod wiremap;

pub use civic::{Civic, Element};
pub use class::Class;
pub use found::Found;
pub use grade::Grade;
pub use lldp::{Chassis, Port};
pub use located::{Candidate, Located, Rung};
pub use mac::Mac;
pub use measured::{AccessPoint, Attachment, Interface, Measurements};
pub use number::Number;
pub use place::{Line, Location};
pub use site::{Company, DialPlan, Organisation, Site};
pub use trunk::{Area, Login, Profile, Source, Trunk, TrunkKind};
