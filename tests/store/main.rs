//! The store from outside: imports, exports, backups, and a router that follows.
#[path = "../outside/program.rs"]
#[allow(dead_code, reason = "this crate starts programs and needs not all that can be done with one")]
mod program;

mod bench;
mod evidence;
mod followed;
mod imports;
mod kept;
mod killed;
mod plans;
mod walked;
