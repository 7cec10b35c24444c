//! Everything we keep.
pub mod civic;
pub mod class;
pub mod grade;
pub mod located;
pub mod number;
pub mod place;
pub mod site;
pub mod table;
pub mod trunk;

pub use civic::{Civic, Element};
pub use class::Class;
pub use grade::Grade;
pub use located::{Candidate, Located, Rung};
pub use number::Number;
pub use place::{Line, Location};
pub use site::{DialPlan, Organisation, Site};
pub use trunk::{Area, Login, Profile, Source, Trunk, TrunkKind};
