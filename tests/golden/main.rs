//! What leaves the router is exactly right: every outgoing INVITE byte by byte, and row by row of the header table.
mod bench;
mod callers;
mod columns;
mod files;
mod invites;
mod read;
mod responses;
mod rows;
mod trunks;
#[path = "../xmllint/mod.rs"]
mod xmllint;
