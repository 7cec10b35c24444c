//! What is known of a call and of each attempt, from the messages alone.
use crate::machines::SECS;
use crate::phone::Order;
use crate::promises::SILENCE;
use crate::talk::PROTECTED;
use crate::wire::Msg;
use std::collections::HashMap;

/// Timer C: how long a target may think that takes the INVITE and never rings (RFC 3261 §16.6).
const TIMER_C: u64 = 181 * SECS;

/// A call as its caller sees it.
pub struct Call {
    pub dialled_number: &'static str,
    /// Whether we end it for nothing but a BYE or two 481.
    pub endures: bool,
    pub is_crisis: bool,
    /// 911 and 988: never refused but by 503 after everybody failed.
    pub is_hard_to_lose: bool,
    /// Whether its ACK comes in time.
    pub punctual: bool,
    pub offerless: bool,
    /// The ports to which it may go.
    pub plan: Vec<u16>,
    pub tag: String,
    pub dialled: Option<u64>,
    pub arrived: Option<u64>,
    pub cancelled: bool,
    pub gave_up: bool,
    pub caller_bye: bool,
    pub far_bye: bool,
    pub caller_unknown: u8,
    pub far_unknown: u8,
    /// Whether a far end has asked for a transfer.
    pub referred: bool,
    /// The final response that we sent, and the one that the caller heard; 0 for none in time.
    pub final_out: Option<u16>,
    pub heard: Option<u16>,
    /// The tag of the latest far end that answered, and of the one that has the call.
    pub last_2xx: Option<String>,
    pub winner: Option<String>,
    /// Whether the test IVR answered it.
    pub is_ivr: bool,
}

impl Call {
    pub fn new(order: &Order) -> Call {
        let is_crisis = order.number == "988";
        Call {
            dialled_number: order.number,
            endures: order.call >= PROTECTED || is_crisis,
            is_crisis,
            is_hard_to_lose: is_crisis || matches!(order.number, "911" | "112"),
            punctual: order.ack_after.is_some_and(|after| after < 20 * SECS),
            offerless: order.offerless,
            plan: plan(order.number, order.from).to_vec(),
            tag: String::new(),
            dialled: None,
            arrived: None,
            cancelled: false,
            gave_up: false,
            caller_bye: false,
            far_bye: false,
            caller_unknown: 0,
            far_unknown: 0,
            referred: false,
            final_out: None,
            heard: None,
            last_2xx: None,
            winner: None,
            is_ivr: false,
        }
    }

    /// Whether the far end that has it said twice that it knows nothing of it.
    pub fn is_lost(&self) -> bool {
        self.far_unknown >= 2 && self.is_hard_to_lose && !self.is_crisis
    }

    /// Whether the engine owes the caller an answer.
    pub fn is_waiting(&self) -> bool {
        self.final_out.is_none()
    }
}

/// Whom the lab's tables send a call to, by hand: psap-1, psap-2, relay and gateway are 5070 to 5072 and 5074.
fn plan(number: &str, from: &str) -> &'static [u16] {
    match (number, from) {
        ("911" | "112" | "988" | "933", "+13125550170") => &[5074],
        ("911" | "988", "+13125550150") => &[5074],
        ("911" | "112", _) => &[5070, 5071, 5072, 5074],
        ("988", _) => &[5073, 5074],
        ("933", _) => &[5076],
        _ => &[5074],
    }
}

/// One INVITE of ours.
pub struct Leg {
    pub call: u64,
    pub port: u16,
    pub streamed: bool,
    /// When its first INVITE left, and its latest.
    begun: u64,
    started: u64,
    /// The branch of its latest INVITE, and of those that it refused before it was asked again.
    branch: String,
    refused_before: Vec<String>,
    spoke: bool,
    cancelled: bool,
    /// How often the network said, since it was asked, that it is not there.
    pub notices: u32,
    refused: Option<u16>,
    rings: bool,
    rang_until: Option<u64>,
    dialogs: HashMap<String, Talk>,
}

#[derive(Default)]
struct Talk {
    acknowledged: bool,
    over: bool,
    /// The far end ended it itself.
    left: bool,
}

impl Leg {
    pub fn new(call: u64, port: u16, now: u64, invite: &Msg) -> Leg {
        Leg {
            call,
            port,
            begun: now,
            started: now,
            streamed: invite.is_streamed(),
            branch: invite.branch().to_owned(),
            refused_before: Vec::new(),
            spoke: false,
            cancelled: false,
            notices: 0,
            refused: None,
            rings: false,
            rang_until: None,
            dialogs: HashMap::new(),
        }
    }

    /// An INVITE leaves, for the first time or after a refusal; a copy changes nothing.
    pub fn asked(&mut self, now: u64, invite: &Msg) {
        if invite.branch() != self.branch {
            self.refused_before.push(core::mem::replace(&mut self.branch, invite.branch().to_owned()));
            (self.started, self.spoke, self.cancelled, self.refused) = (now, false, false, None);
        }
    }

    /// Something of the far end's reached us; the tag of one who answered the first INVITE.
    pub fn came(&mut self, now: u64, message: &Msg) -> Option<String> {
        if message.is_request() {
            if message.method() == "BYE" {
                let talk = self.dialogs.entry(message.sender_tag().to_owned()).or_default();
                (talk.over, talk.left) = (true, true);
            }
            return None;
        }
        if message.method() != "INVITE" || message.branch() != self.branch {
            return None;
        }
        if !self.spoke && now >= self.started + SILENCE {
            // Its transaction is gone: nobody hears this.
            return None;
        }
        self.spoke = true;
        match message.code() {
            101..=199 if self.refused.is_none() => self.rings = true,
            200..=299 => {
                self.dialogs.entry(message.receiver_tag().to_owned()).or_default();
                return Some(message.receiver_tag().to_owned());
            }
            300.. => {
                if self.rings {
                    self.rang_until = Some(now);
                }
                self.rings = false;
                self.refused.get_or_insert(if self.cancelled { 487 } else { message.code() });
            }
            _ => {}
        }
        None
    }

    /// We sent it something.
    pub fn left(&mut self, message: &Msg) {
        match message.word().as_str() {
            "CANCEL" => self.cancelled = true,
            "ACK" if ![&self.branch].into_iter().chain(&self.refused_before).any(|known| message.branch() == known) => {
                self.dialogs.entry(message.receiver_tag().to_owned()).or_default().acknowledged = true;
            }
            "BYE" => self.dialogs.entry(message.receiver_tag().to_owned()).or_default().over = true,
            _ => {}
        }
    }

    /// It knows nothing any more of a call that it had taken.
    pub fn lost(&mut self) {
        self.dialogs.values_mut().filter(|talk| talk.acknowledged).for_each(|talk| talk.over = true);
    }

    /// How many of its dialogs were taken up and not ended.
    pub fn talking(&self) -> usize {
        self.dialogs.values().filter(|talk| talk.acknowledged && !talk.over).count()
    }

    /// The tag of one that was taken up and not ended.
    pub fn talks(&self) -> Option<String> {
        self.dialogs.iter().find(|(_, talk)| talk.acknowledged && !talk.over).map(|(tag, _)| tag.clone())
    }

    /// Whether it had the call, and hung up itself.
    pub fn had_enough(&self) -> bool {
        self.dialogs.values().any(|talk| talk.acknowledged && talk.left)
    }

    /// When it last rang.
    pub fn rang_until(&self, now: u64) -> Option<u64> {
        if self.rings { Some(now) } else { self.rang_until }
    }

    /// Whether it had its chance: it refused of its own will, was silent, was not there, or thought for too long.
    pub fn has_failed(&self, now: u64) -> bool {
        match self.refused {
            Some(487) if self.cancelled => now >= self.begun + TIMER_C,
            Some(_) => true,
            None => self.notices > 1 || (!self.spoke && now >= self.started + SILENCE) || now >= self.begun + TIMER_C,
        }
    }
}
