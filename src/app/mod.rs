//! The wiring: settings become running parts here and nowhere else.
pub mod build;
pub mod command;
pub mod control;
pub mod desktops;
pub mod drive;
pub mod evidence;
pub mod follow;
pub mod narrate;
pub mod notices;
pub mod presence;
pub mod witness;
