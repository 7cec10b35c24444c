//! How peers are: what a far end does with an INVITE, and what everybody does in between.
use crate::agent::{Act, Agent, Note, Reply};
use crate::chance::Chance;
use crate::machines::{MILLIS, SECS};
use crate::wire::Msg;

/// What a far end does with one INVITE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    AnswersSoon,
    AnswersAtOnce,
    AnswersLate,
    Busy,
    Unavailable,
    Silent,
    TryingOnly,
    RingsForever,
    RingsLate,
    Flaky,
    Forks,
    RingsReliably,
}

/// A far end that is well.
pub const WELL: [(u64, Temper); 4] =
    [(6, Temper::AnswersSoon), (2, Temper::AnswersAtOnce), (1, Temper::AnswersLate), (1, Temper::RingsReliably)];

/// A far end that does all that far ends do.
pub const MOODY: [(u64, Temper); 12] = [
    (4, Temper::AnswersSoon),
    (2, Temper::AnswersAtOnce),
    (1, Temper::AnswersLate),
    (2, Temper::Busy),
    (2, Temper::Unavailable),
    (2, Temper::Silent),
    (2, Temper::TryingOnly),
    (1, Temper::RingsForever),
    (2, Temper::RingsLate),
    (2, Temper::Flaky),
    (2, Temper::Forks),
    (3, Temper::RingsReliably),
];

/// A far end of no use.
pub const USELESS: [(u64, Temper); 5] =
    [(2, Temper::Busy), (2, Temper::Unavailable), (2, Temper::Silent), (1, Temper::TryingOnly), (1, Temper::Flaky)];

const REFUSALS: [u16; 15] = [302, 400, 401, 404, 408, 415, 420, 422, 480, 486, 488, 500, 503, 600, 603];

/// The habits of all peers of a walk.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How many requests each side makes in a call, at most.
    pub says: u64,
    /// How long they talk, in seconds, at most.
    pub talk_secs: u64,
    /// How often a message leaves from the peer's other address.
    pub elsewhere_percent: u64,
    /// How many answers bring a session timer, and of what interval.
    pub timer_percent: u64,
    pub timer_secs: u64,
}

impl Manner {
    pub fn drawn(chance: &mut Chance) -> Manner {
        Manner {
            says: chance.pick(&[0, 2, 4, 8]),
            talk_secs: chance.pick(&[2, 20, 120, 600]),
            elsewhere_percent: chance.pick(&[0, 0, 0, 20]),
            timer_percent: chance.pick(&[0, 30]),
            timer_secs: chance.pick(&[90, 120, 1800]),
        }
    }
}

impl Agent {
    /// An INVITE that begins a call.
    pub fn invited(&mut self, now: u64, id: u64, invite: &Msg) {
        let Some(mark) = invite.mark() else {
            self.fault("got an INVITE of which nobody knows");
            return self.respond(now, id, 486, |_| {});
        };
        let (dialog, cseq) = (invite.call_id().to_owned(), invite.cseq());
        self.notes.push(Note::Got { mark, method: "INVITE".into(), dialog, cseq });
        if self.tempers.is_empty() || self.home {
            return self.respond(now, id, 480, |_| {});
        }
        let tempers = self.tempers.clone();
        let temper = self.chance.weighted(&tempers);
        self.take(now, id, temper);
    }

    fn take(&mut self, now: u64, id: u64, temper: Temper) {
        let soon = now + self.chance.between(0, 300) * MILLIS;
        let ring = soon + self.chance.between(0, 3000) * MILLIS;
        let answer = ring + self.chance.between(0, 8000) * MILLIS;
        let code = self.chance.pick(&[180, 180, 183]);
        let rings = Reply::Ring { code, fork: 0, reliable: false };
        let answers = Reply::Answer { fork: 0 };
        let refuses = Reply::Refuse(self.chance.pick(&REFUSALS));
        if temper != Temper::Silent && self.chance.percent(50) {
            self.plan(soon, reply(id, Reply::Trying));
        }
        let acts: Vec<(u64, Reply)> = match temper {
            Temper::AnswersSoon => vec![(ring, rings), (answer, answers)],
            Temper::AnswersAtOnce => vec![(soon, answers)],
            Temper::AnswersLate => vec![(ring, rings), (ring + self.secs(20, 100), answers)],
            Temper::Busy if self.chance.percent(50) => vec![(ring, rings), (answer, refuses)],
            Temper::Busy => vec![(answer, refuses)],
            Temper::Unavailable => vec![(soon, Reply::Refuse(503))],
            Temper::Silent => return self.mute(id),
            Temper::TryingOnly => vec![(soon, Reply::Trying)],
            Temper::RingsForever => vec![(ring, rings)],
            Temper::RingsLate => {
                let late = now + self.secs(4, 20);
                vec![(soon, Reply::Trying), (late, rings), (late + self.secs(1, 10), answers)]
            }
            Temper::Flaky => vec![(ring, rings), (ring + self.secs(1, 30), refuses)],
            Temper::Forks => {
                let other = Reply::Ring { code: self.chance.pick(&[180, 183]), fork: 1, reliable: false };
                let second = answer + self.chance.pick(&[0, 20 * MILLIS, 3 * SECS]);
                vec![(ring, rings), (ring, other), (answer, Reply::Answer { fork: 1 }), (second, answers)]
            }
            Temper::RingsReliably => {
                let more = ring + self.chance.between(0, 2000) * MILLIS;
                let first = Reply::Ring { code: 183, fork: 0, reliable: true };
                vec![(ring, first), (more, Reply::Ring { code: 180, fork: 0, reliable: true }), (answer, answers)]
            }
        };
        for (at, one) in acts {
            self.plan(at, reply(id, one));
        }
    }

    fn mute(&mut self, id: u64) {
        if let Some(server) = self.servers.iter_mut().find(|server| server.id == id) {
            server.mute = true;
            server.end = Some(u64::MAX);
        }
    }

    pub fn secs(&mut self, low: u64, high: u64) -> u64 {
        self.chance.between(low * 1000, high * 1000) * MILLIS
    }
}

fn reply(server: u64, reply: Reply) -> Act {
    Act::Reply { server, reply }
}
