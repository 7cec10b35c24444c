//! The call engine in virtual time: the lab's world, peers that are plain inboxes, and every assertion on what a peer
//! would see.
mod answered;
mod cancelled;
mod health;
mod hedged;
mod peers;
mod refused;
mod reliable;
mod watched;
mod world;
