//! SIP as RFC 3261 has it: the wire, transactions and dialogs, without sockets, clocks or chance of their own.
pub mod cseq;
pub mod dialog;
pub mod digest;
pub mod flow;
pub mod framing;
pub mod message;
pub mod respond;
pub mod target;
pub mod transaction;
