//! The call engine in virtual time: the lab's world, peers that are plain inboxes, and every assertion on what a peer
//! would see.
mod addresses;
mod again;
mod answered;
mod cancelled;
mod credentials;
mod described;
mod early;
mod hard_to_lose;
mod health;
mod hedged;
mod letter;
mod midcall;
mod parties;
mod passing;
mod peers;
mod pracked;
mod refused;
mod reliable;
mod rows;
mod strangers;
mod takeover;
mod timers;
mod too_late;
mod watched;
mod ways;
mod world;
