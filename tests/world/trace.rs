//! What was sent, when, by whom, and what became of it: printed when a promise is broken.
use crate::machines::MILLIS;
use crate::net::{Fate, OTHER_ADDRESS};
use crate::streams::EPHEMERAL;
use crate::wire::Msg;

#[derive(Default)]
pub struct Trace {
    lines: Vec<String>,
}

impl Trace {
    pub fn note(&mut self, now: u64, text: &str) {
        self.lines.push(format!("{:>12} {text}", seconds(now)));
    }

    pub fn message(&mut self, now: u64, from: &str, to: &str, message: &Msg, fate: &Fate) {
        let fate = match fate {
            Fate::Arrives(moments) => moments.iter().map(|at| seconds(*at)).collect::<Vec<_>>().join(", "),
            Fate::Lost => "lost".to_owned(),
            Fate::Refused(at) => format!("not there, known at {}", seconds(*at)),
        };
        let (id, tags) = (message.call_id(), (message.sender_tag(), message.receiver_tag()));
        let short = |text: &str| text.chars().skip(text.len().saturating_sub(6)).collect::<String>();
        let id = short(id.split('@').next().unwrap_or_default());
        let line = format!(
            "{from:>8} -> {to:<8} {:<12} cseq {} id {id} tags {}/{} arrives {fate}",
            message.word(),
            message.cseq(),
            short(tags.0),
            short(tags.1),
        );
        self.note(now, &line);
    }

    pub fn text(&self) -> String {
        self.lines.join("\n")
    }
}

fn seconds(now: u64) -> String {
    format!("{}.{:03}", now / 1_000_000, now / MILLIS % 1000)
}

/// Who is at a port.
pub fn who(port: u16) -> String {
    let (home, other) = match port {
        7000.. => (port - EPHEMERAL, "~"),
        6000..7000 => (port - OTHER_ADDRESS, "'"),
        _ => (port, ""),
    };
    let name = match home {
        5060 => "callbox",
        5070 => "psap1",
        5071 => "psap2",
        5072 => "relay",
        5073 => "crisis",
        5074 => "gateway",
        5076 => "ivr",
        5998 => "phone2",
        5999 => "phone1",
        _ => "nobody",
    };
    format!("{name}{other}")
}
