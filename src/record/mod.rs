//! Everything we keep.
pub mod civic;
pub mod grade;
pub mod number;
pub mod place;
pub mod site;
pub mod table;
pub mod trunk;

pub use civic::{Civic, Element};
pub use grade::Grade;
pub use number::Number;
pub use place::{Line, Location};
pub use site::{DialPlan, Organisation, Site};
pub use trunk::{Area, Profile, Source, Trunk, TrunkKind};
