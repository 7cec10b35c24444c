//! Contact centers, as far as the presence of their agents goes: one that is asked and told by HTTP, and one that takes
//! publications.
mod document;
pub mod hook;
pub mod publish;
#[cfg(test)]
mod tests;

use super::clock::Clock;
use super::deliver::Failure;
use crate::base::entropy::Entropy;
use crate::presence::{Done, What};
use std::sync::Arc;
use tokio_rustls::rustls::RootCertStore;

/// How one is reached.
#[derive(Clone, Debug, PartialEq)]
pub enum Setup {
    /// By signed requests.
    Webhook(hook::Setup),
    /// By SIP PUBLISH.
    Publish(publish::Setup),
}

/// One contact center.
pub enum Adapter {
    /// By signed requests.
    Webhook(Box<hook::Hook>),
    /// By SIP PUBLISH.
    Publish(publish::Publisher),
}

impl Adapter {
    /// Makes ready to ask and tell; `roots` are the issuers of certificates that are trusted.
    ///
    /// # Errors
    /// In words: an address that is none.
    pub fn new(setup: &Setup, roots: &Arc<RootCertStore>) -> Result<Adapter, &'static str> {
        Ok(match setup {
            Setup::Webhook(setup) => Adapter::Webhook(Box::new(hook::Hook::new(setup, roots)?)),
            Setup::Publish(setup) => Adapter::Publish(publish::Publisher::new(setup.clone())),
        })
    }

    /// Carries an order out, or does not know whether it did.
    ///
    /// # Errors
    /// Why there is no answer, or not one that serves.
    pub async fn carry_out(&self, what: &What, key: &str, clock: Clock, chance: Entropy) -> Result<Done, Failure> {
        match self {
            Adapter::Webhook(hook) => hook.carry_out(what, key, clock, chance).await,
            Adapter::Publish(publisher) => publisher.carry_out(what, key, clock, chance).await,
        }
    }
}
