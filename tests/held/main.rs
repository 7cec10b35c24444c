//! The location server from its documents: what is read of a request, what it is answered, and that every answer is
//! valid.
mod answers;
mod clients;
mod devices;
mod networks;
mod requests;
mod routes;
mod typed;
#[path = "../xmllint/mod.rs"]
mod xmllint;
