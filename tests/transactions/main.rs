//! What a peer on the wire and the user above see of the transaction layer, with time and chance as arguments.
mod bench;
mod client;
mod server;
