//! People who have lines and devices.
use super::{Capability, Device, Number, Organisation};
use crate::base::private::Private;
use core::fmt;
use std::sync::Arc;

/// A user. It never prints who it is.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The user's name in our own tables.
    pub id: Arc<str>,
    /// The organisation the user belongs to.
    pub organisation: Arc<str>,
    /// The user's site: it says which service takes the user's calls.
    pub site: Arc<str>,
    /// Where the user's lines ring that have no address of their own.
    pub location: Option<Arc<str>>,
    /// The user's lines.
    pub lines: Vec<Number>,
    /// The user's devices, by id.
    pub devices: Vec<Arc<str>>,
    /// The callback number of the user's lines that have none of their own.
    pub ecbn: Option<Number>,
    /// Whether the address of the number may stand in for what the user's devices do not know; `None`: as the
    /// organisation says.
    pub did_fallback: Option<bool>,
    /// Who the user is at the contact center whose presence callbox manages: a key of its own, or the SIP URI that it is
    /// published under.
    pub presence: Option<Private<Arc<str>>>,
}

impl fmt::Debug for User {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "User({} lines, {} devices)", self.lines.len(), self.devices.len())
    }
}

/// Whether the address of a number may be taken for a device's. A device that never asks where it is has nothing else;
/// for one that does, its user's switch holds, else its organisation's for desk phones or for clients.
pub fn did_fallback(organisation: &Organisation, device: &Device, user: Option<&User>) -> bool {
    if device.capability == Capability::None {
        return true;
    }
    let switches = organisation.did_fallback;
    let of_all = if device.class.is_client() { switches.soft } else { switches.desk };
    user.and_then(|user| user.did_fallback).unwrap_or(of_all)
}
