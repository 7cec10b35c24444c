//! The ladder of a call: each message on a line, with the milliseconds since the INVITE and what matters in it.
use super::words::user;
use super::{Outcome, Wanted};
use crate::base::now::Mono;
use crate::lab::media::Sound;
use crate::lab::message::{First, Message};
use crate::lab::{sdp, told, tone};
use crate::sip::flow::Flow;

/// How wide the column with the message's first line is.
const WIDTH: usize = 34;
/// Header fields that a ladder shows when they are there.
const SHOWN: [&str; 9] = [
    "Reason",
    "Retry-After",
    "Warning",
    "Geolocation",
    "Geolocation-Error",
    "Resource-Priority",
    "Priority",
    "Privacy",
    "Unsupported",
];

/// Writes a call's lines.
#[derive(Clone, Copy, Debug)]
pub struct Ladder {
    start: Mono,
}

impl Ladder {
    /// A ladder whose INVITE leaves at `start`.
    pub const fn new(start: Mono) -> Ladder {
        Ladder { start }
    }

    /// Who calls whom.
    pub fn title(wanted: &Wanted, flow: Flow) -> String {
        let (number, from) = (&wanted.number, user(&wanted.from));
        format!("{number} from {from}, {} {} to {}", flow.transport.via(), flow.local, flow.peer)
    }

    /// The line of a message that left (`ours`) or came.
    pub fn line(&self, now: Mono, ours: bool, message: &Message) -> String {
        let what = match &message.first {
            First::Request(method, uri) => format!("{method} {uri}"),
            First::Response(code, reason) => match message.field("CSeq").and_then(|cseq| cseq.split(' ').nth(1)) {
                Some("INVITE") | None => format!("{code} {reason}"),
                Some(method) => format!("{code} {reason} ({method})"),
            },
        };
        self.put(now, ours, &what, &details(message))
    }

    /// The line of a message that left again.
    pub fn again(&self, now: Mono, bytes: &[u8]) -> String {
        let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        self.put(now, true, line.trim_start_matches("SIP/2.0 ").trim_end_matches(" SIP/2.0"), "sent again")
    }

    /// A line that is no message.
    pub fn remark(&self, now: Mono, text: &str) -> String {
        format!("{:>7}       {text}", self.millis(now))
    }

    /// How it ended.
    pub fn result(outcome: &Outcome) -> String {
        match outcome {
            Outcome::Answered { after, talked, by_far_side } => format!(
                "answered after {} ms, talked {:.1} s, {} hung up",
                after.as_millis(),
                talked.as_secs_f32(),
                if *by_far_side { "the far side" } else { "we" }
            ),
            Outcome::Refused(code, reason) => format!("not answered: {code} {reason}"),
            Outcome::Cancelled => "not answered: cancelled by us".into(),
            Outcome::Silence => "not answered: nothing final came in 32 seconds".into(),
            Outcome::Failed(why) => format!("failed: {why}"),
        }
    }

    /// What was heard.
    pub fn sound(sound: &Sound) -> String {
        if sound.packets == 0 {
            return "heard nothing: no RTP came".into();
        }
        // A voice sounds like one pitch or another now and then.
        if sound.voiced > sound.pitches.values().sum() {
            return format!("heard {} RTP packets: speech in {} (somebody reads)", sound.packets, sound.voiced);
        }
        let pitches = sound.pitches.iter().map(|(hertz, packets)| {
            let whose = match *hertz {
                tone::FAR_END => " (the far end's tone)",
                tone::PHONE => " (our own voice, echoed)",
                _ => "",
            };
            format!("{hertz} Hz in {packets}{whose}")
        });
        let parts: Vec<String> = pitches.collect();
        format!(
            "heard {} RTP packets: {}",
            sound.packets,
            if parts.is_empty() { "no tone".into() } else { parts.join(", ") }
        )
    }

    fn put(&self, now: Mono, ours: bool, what: &str, details: &str) -> String {
        let arrow = if ours { "──▶" } else { "◀──" };
        format!("{:>7}  {arrow}  {what:<WIDTH$}  {details}", self.millis(now)).trim_end().to_owned()
    }

    fn millis(&self, now: Mono) -> u128 {
        now.since(self.start).as_millis()
    }
}

fn details(message: &Message) -> String {
    let mut details = Vec::new();
    if message.method() == "INVITE" {
        let caller = message.field("P-Asserted-Identity").or(message.field("From")).unwrap_or_default();
        details.push(format!("caller {}", told::user(caller)));
    }
    if message.code() >= 180 && message.code() < 300 && !message.body.is_empty() {
        details.extend(message.field("Contact").map(|contact| format!("contact {}", contact.trim_matches(['<', '>']))));
    }
    for name in SHOWN {
        details.extend(message.fields_of(name).map(|value| format!("{name}: {value}")));
    }
    details.extend(sdp::audio_of(&message.body).map(|media| format!("audio {media}")));
    details.join(" · ")
}
