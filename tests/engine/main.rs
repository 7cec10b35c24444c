//! The call engine in virtual time: the lab's world, peers that are plain inboxes, and every assertion on what a peer
//! would see.
mod addresses;
mod again;
mod agreed;
mod answered;
mod cancelled;
mod credentials;
mod described;
mod early;
mod hard_to_lose;
mod health;
mod hedged;
mod hostile_places;
mod ivr;
mod letter;
mod midcall;
mod no_session;
mod parties;
mod passing;
mod peers;
mod pracked;
mod refused;
mod reliable;
mod routes;
mod rows;
mod strangers;
mod takeover;
mod timers;
mod told;
mod too_late;
mod watched;
mod ways;
mod whereabouts;
mod world;
#[path = "../xmllint/mod.rs"]
mod xmllint;
