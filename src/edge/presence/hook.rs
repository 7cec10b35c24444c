//! A contact center that is asked and told by two signed HTTP requests, as [webhooks](super::super::deliver::webhook) are:
//! one answers with an agent's state, one sets it.
use crate::base::entropy::Entropy;
use crate::base::private::Private;
use crate::edge::clock::Clock;
use crate::edge::deliver::{Failure, Parcel, Webhook, webhook};
use crate::presence::{Done, State, What};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_rustls::rustls::RootCertStore;

/// The longest answer that is read, in bytes.
const MOST: usize = 64 << 10;

/// The longest state, in bytes.
const LONGEST_STATE: usize = 255;

/// The answers that say that the state is not the expected one: conflict, and precondition failed (RFC 9110 §15.5).
const CHANGED: [u16; 2] = [409, 412];

/// Where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Where a state is asked for.
    pub read: webhook::Setup,
    /// Where it is set.
    pub set: webhook::Setup,
}

/// The contact center.
pub struct Hook {
    read: Webhook,
    set: Webhook,
}

impl Hook {
    /// Makes ready to ask and tell.
    ///
    /// # Errors
    /// In words: an address that is none.
    pub fn new(setup: &Setup, roots: &Arc<RootCertStore>) -> Result<Hook, &'static str> {
        Ok(Hook { read: Webhook::new(&setup.read, roots)?, set: Webhook::new(&setup.set, roots)? })
    }

    /// Carries an order out.
    pub(super) async fn carry_out(
        &self,
        what: &What,
        key: &str,
        clock: Clock,
        mut chance: Entropy,
    ) -> Result<Done, Failure> {
        let name = format!("{:016x}", chance.bits());
        let at = clock.now().wall;
        match what {
            What::Read => {
                let question = parcel(&json!({ "event": "presence_read", "agent": key }));
                let answer = self.read.ask(&name, &question, at, MOST).await?;
                state(&answer).map(Done::State).ok_or(Failure::Unreadable)
            }
            What::Set { state, expected, is_end } => {
                let reason = if *is_end { "emergency_call_over" } else { "emergency_call" };
                let (state, expected) = (&**state.expose(), &**expected.expose());
                let wish = json!({ "event": "presence_set", "agent": key, "state": state, "if": expected,
                    "reason": reason });
                match self.set.send(&name, &parcel(&wish), at).await {
                    Ok(()) => Ok(Done::Taken { token: None, lasts: None }),
                    Err(Failure::Refused(code)) if CHANGED.contains(&code) => Ok(Done::Changed),
                    Err(failure) => Err(failure),
                }
            }
            What::Publish { .. } | What::Remove { .. } => Err(Failure::NoChannel),
        }
    }
}

fn parcel(body: &Value) -> Parcel {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Parcel { body: body.to_string(), headers, ..Parcel::default() }
}

/// The state that an answer tells: `{"state": "available"}`.
fn state(answer: &[u8]) -> Option<State> {
    let value: Value = serde_json::from_slice(answer).ok()?;
    let state = value.get("state")?.as_str()?;
    let is_sound = !state.is_empty() && state.len() <= LONGEST_STATE && !state.contains(char::is_control);
    is_sound.then(|| Private::new(state.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_a_word_in_json_and_everything_else_is_none() {
        let word = |text: &str| state(text.as_bytes()).map(|state| state.expose().to_string());
        assert_eq!(word("{\"state\": \"on lunch\", \"since\": 7}").as_deref(), Some("on lunch"));
        let long = format!("{{\"state\":\"{}\"}}", "a".repeat(256));
        for wrong in ["", "{}", "available", "{\"state\":7}", "{\"state\":\"\"}", "{\"state\":\"a\\nb\"}", &long] {
            assert_eq!(word(wrong), None, "{wrong}");
        }
    }
}
