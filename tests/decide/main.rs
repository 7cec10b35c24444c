//! The deciders and their data, as the engine and an operator see them.
mod callbacks;
mod calling;
mod classes;
mod device;
mod devices;
mod lab_tables;
mod leases;
mod network;
mod places;
mod received_documents;
mod routes;
mod world;
mod written_documents;
#[path = "../xmllint/mod.rs"]
mod xmllint;
