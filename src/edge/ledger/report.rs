//! What receipts add up to: calls that went to the relay center, and calls that nobody meant.
use super::super::database::Trouble;
use super::book::{Book, Chosen};
use super::story::HUNG_UP_SOON;
use serde_json::Value;
use std::collections::BTreeMap;

/// Calls that the relay center handled, by organisation and cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelayCalls {
    /// How many, by the organisation and our word for the cause.
    pub calls: BTreeMap<(String, String), u64>,
    /// How many receipts there is no content of any more.
    pub let_go: u64,
}

/// Short calls, by where they came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Misdials {
    /// By organisation, site, the line or number that called, and what was dialled: how many emergency calls there were, and
    /// how many were short.
    pub calls: BTreeMap<[String; 4], (u64, u64)>,
    /// How many receipts there is no content of any more.
    pub let_go: u64,
}

/// The cause of a relay call that was meant for a PSAP: none of them took it.
const PSAP_FAILED: &str = "psap_failed";

/// Counts the calls that the relay center took or was asked first to take.
///
/// # Errors
/// What the database says.
pub fn relay_calls(book: &Book, chosen: &Chosen) -> Result<RelayCalls, Trouble> {
    let mut counted = RelayCalls::default();
    counted.let_go = each_emergency(book, chosen, |receipt| {
        let decision = &receipt["decision"];
        let cause = match text(&decision["way"]) {
            "relay" => match text(&decision["cause"]) {
                "" => "unknown",
                cause => cause,
            },
            _ if is_answered_by_relay(receipt) => PSAP_FAILED,
            _ => return,
        };
        let key = (text(&decision["organisation"]).to_owned(), cause.to_owned());
        *counted.calls.entry(key).or_default() += 1;
    })?;
    Ok(counted)
}

/// Counts the emergency calls that were over within `within_us` microseconds of the INVITE; without that, those whose caller
/// hung up as soon as the config of that time called soon.
///
/// # Errors
/// What the database says.
pub fn misdials(book: &Book, chosen: &Chosen, within_us: Option<u64>) -> Result<Misdials, Trouble> {
    let mut counted = Misdials::default();
    counted.let_go = each_emergency(book, chosen, |receipt| {
        let (decision, end) = (&receipt["decision"], &receipt["end"]);
        let caller = match text(&decision["line"]) {
            "" => text(&decision["number"]),
            line => line,
        };
        let key = [text(&decision["organisation"]), text(&decision["site"]), caller, text(&decision["dialled"])];
        let (all, short) = counted.calls.entry(key.map(str::to_owned)).or_default();
        *all += 1;
        let gave_up = matches!(text(&end["outcome"]), "abandoned" | "completed");
        let is_short = match within_us {
            Some(within) => gave_up && end["lasted_us"].as_u64().is_some_and(|lasted| lasted <= within),
            None => {
                receipt["events"].as_array().is_some_and(|events| events.iter().any(|one| one["what"] == HUNG_UP_SOON))
            }
        };
        *short += u64::from(is_short);
    })?;
    counted.calls.retain(|_, (_, short)| *short > 0);
    Ok(counted)
}

/// Goes through the receipts of emergency calls. Returns how many had no content.
fn each_emergency(book: &Book, chosen: &Chosen, mut each: impl FnMut(&Value)) -> Result<u64, Trouble> {
    let mut let_go = 0;
    book.each(chosen, |kept| {
        if !matches!(kept.kind.as_str(), "receipt" | "begun") {
            return;
        }
        match kept.body.as_deref().map(serde_json::from_str::<Value>) {
            Some(Ok(receipt)) if receipt["class"] == "emergency" => each(&receipt),
            Some(_) => {}
            None => let_go += 1,
        }
    })?;
    Ok(let_go)
}

fn is_answered_by_relay(receipt: &Value) -> bool {
    let list = |name: &str| receipt[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let relays: Vec<&str> =
        list("signalled").iter().filter(|told| told["profile"] == "relay").map(|told| text(&told["trunk"])).collect();
    list("attempts").iter().any(|one| !one["answered_us"].is_null() && relays.contains(&text(&one["trunk"])))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}
