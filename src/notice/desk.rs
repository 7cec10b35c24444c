//! Who is told of a call, and when: accounts and facts in, drafts out. A notice starts when the first INVITE has left, so
//! that it says what was signalled, and half a second after the decision at the latest.
mod beside;

use super::{Channel, Draft, Notice, Values, place};
use crate::account::{Account, Learnt, News, Particulars, Signalled};
use crate::base::id::Handle;
use crate::base::now::{Mono, Now, Wall};
use crate::cache::Cache;
use crate::fact::{Fact, Feature, Outcome};
use crate::record::recipient::{Recipient, Scope, desk_address};
use crate::record::{Class, Grade, Profile};
use core::fmt;
use core::time::Duration;
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::Arc;

/// How long the first INVITE is waited for.
const SIGNAL_WITHIN: Duration = Duration::from_millis(500);

/// How long a call is remembered whose end nobody told.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// How many calls are remembered; of more, the beginning is told and nothing later.
pub const MOST_CALLS: usize = 20_000;

/// How many trunks of one call are remembered.
const MOST_TRUNKS: usize = 8;

/// How long nothing more is said of a trunk that does not answer or a pool that is empty.
const AGAIN: Duration = Duration::from_secs(10 * 60);

/// The machine.
pub struct Desk {
    cache: Arc<Cache>,
    /// Within which time of its beginning a call that its caller ends counts as dialled by mistake.
    misdial: Duration,
    calls: HashMap<Handle, Open, foldhash::fast::RandomState>,
    /// The calls that were decided a moment ago, the first one first, and until when their first INVITE is waited for.
    awaited: VecDeque<(Mono, Handle)>,
    trunks_down: HashMap<Arc<str>, Mono, foldhash::fast::RandomState>,
    pools_empty: HashMap<Arc<str>, Mono, foldhash::fast::RandomState>,
    sighted: HashMap<Arc<str>, beside::Sighted, foldhash::fast::RandomState>,
    drafts: Vec<Draft>,
    now: Now,
    swept: Mono,
    /// How many emergency calls there were of which nobody is told.
    untold: u64,
    /// How many notices there was no room for.
    lost: u64,
}

/// A call that goes on.
struct Open {
    call: Handle,
    /// When it was decided.
    at: Now,
    class: Class,
    particulars: Arc<Particulars>,
    /// What each trunk was told, the last of each.
    signals: SmallVec<[Arc<Signalled>; 1]>,
    /// Whether its first notices have begun.
    begun: bool,
    /// The INVITE whose location those who are told know; `None` where they were told before one left.
    told: Option<Arc<Signalled>>,
    features: Vec<Feature>,
}

impl Open {
    fn new(account: &Account, particulars: &Arc<Particulars>) -> Open {
        Open {
            call: account.call,
            at: account.at,
            class: account.class,
            particulars: Arc::clone(particulars),
            signals: SmallVec::new(),
            begun: false,
            told: None,
            features: Vec::new(),
        }
    }

    /// What the last INVITE said.
    fn last(&self) -> Option<&Signalled> {
        self.signals.last().map(AsRef::as_ref)
    }
}

impl Desk {
    /// A desk that knows recipients and organisations by the cache.
    pub fn new(cache: Arc<Cache>, misdial: Duration) -> Desk {
        Desk {
            cache,
            misdial,
            calls: HashMap::default(),
            awaited: VecDeque::new(),
            trunks_down: HashMap::default(),
            pools_empty: HashMap::default(),
            sighted: HashMap::default(),
            drafts: Vec::new(),
            now: Now::default(),
            swept: Mono::default(),
            untold: 0,
            lost: 0,
        }
    }

    /// Another time within which a call counts as dialled by mistake.
    pub fn set_misdial(&mut self, misdial: Duration) {
        self.misdial = misdial;
    }

    /// News of a call.
    pub fn account(&mut self, account: &Account) {
        match &account.news {
            News::Decided(particulars) => {
                let open = Open::new(account, particulars);
                if self.calls.len() < MOST_CALLS {
                    self.awaited.push_back((account.at.mono + SIGNAL_WITHIN, account.call));
                    self.calls.insert(account.call, open);
                } else {
                    self.begin(open);
                }
            }
            News::Signalled(signalled) => {
                let Some(open) = self.calls.get_mut(&account.call) else { return };
                open.signals.retain(|known| known.trunk != signalled.trunk);
                open.signals.push(Arc::clone(signalled));
                if open.signals.len() > MOST_TRUNKS {
                    open.signals.remove(0);
                }
                if !open.begun {
                    self.begin_of(account.call);
                }
            }
            News::Learnt(learnt) => self.learnt(account.call, learnt, account.at.wall),
        }
    }

    /// A fact, and when it happened.
    pub fn fact(&mut self, at: Wall, fact: &Fact) {
        match fact {
            Fact::Answered { call, trunk, after, .. } => {
                self.answered(*call, trunk, format_args!("Answered by {trunk} after {} s.", after.as_secs()), at);
            }
            Fact::TakenOver { call, trunk, .. } => {
                self.answered(*call, trunk, format_args!("Taken over by {trunk}."), at);
            }
            Fact::Transferred { call, trunk, .. } => {
                self.answered(*call, trunk, format_args!("Transferred to {trunk}."), at);
            }
            Fact::FeatureBlocked { call, feature, .. } => self.blocked(*call, *feature, at),
            Fact::Ended { call, outcome, lasted, .. } => self.ended(*call, *outcome, *lasted, at),
            Fact::CallbackPoolEmpty { site, .. } => self.pool_empty(site, at),
            Fact::TrunkState { trunk, up: false } => self.trunk_down(trunk, at),
            Fact::TrunkState { trunk, up: true } => {
                self.trunks_down.remove(trunk);
            }
            _ => {}
        }
    }

    /// Begins what nobody was signalled of, and forgets what is long over.
    pub fn on_time(&mut self, now: Now) {
        self.now = now;
        self.take_sightings();
        while let Some((_, call)) = self.awaited.pop_front_if(|(due, _)| *due <= now.mono) {
            self.begin_of(call);
        }
        if now.mono.since(self.swept) > KEPT / 24 {
            self.swept = now.mono;
            self.calls.retain(|_, open| now.mono.since(open.at.mono) < KEPT);
        }
    }

    /// What there is to send.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Draft> {
        self.drafts.drain(..)
    }

    /// How many emergency calls there were of which nobody is told, since this was last asked.
    pub fn take_untold(&mut self) -> u64 {
        core::mem::take(&mut self.untold)
    }

    /// How many notices were too many to be told, since this was last asked.
    pub fn take_lost(&mut self) -> u64 {
        core::mem::take(&mut self.lost)
    }

    fn begin_of(&mut self, call: Handle) {
        if let Some(open) = self.calls.remove(&call) {
            let open = self.begin(open);
            self.calls.insert(call, open);
        }
    }

    /// Tells of a call for the first time, unless that was done.
    fn begin(&mut self, mut open: Open) -> Open {
        if core::mem::replace(&mut open.begun, true) {
            return open;
        }
        open.told = open.signals.last().cloned();
        let (at, told) = (open.at.wall, open.told.as_deref());
        let particulars = &open.particulars;
        let first = match open.class {
            Class::Test => Notice::TestCall,
            Class::Callback => Notice::Callback,
            _ => Notice::EmergencyCall,
        };
        let before = self.drafts.len();
        self.tell(&open, first, |desk| desk.values(&open, first, at, told));
        if first == Notice::EmergencyCall {
            self.untold += u64::from(self.drafts.len() == before);
            let mut also = |notice, severity| {
                self.tell(&open, notice, |desk| Values { severity, ..desk.values(&open, notice, at, told) });
            };
            if particulars.cause.is_some() {
                also(Notice::RelayCall, "low");
            }
            if particulars.located.caveat.is_some_and(|caveat| caveat != crate::record::Caveat::Stale) {
                also(Notice::LocationConflict, "high");
            }
        }
        if open.class != Class::Callback {
            self.called_from(particulars, at);
        }
        open
    }

    /// Somebody talks to the caller, and may have been told another location than those who were asked first.
    fn answered(&mut self, call: Handle, trunk: &Arc<str>, said: fmt::Arguments<'_>, at: Wall) {
        let Some(open) = self.calls.remove(&call) else { return };
        let mut open = self.begin(open);
        if open.class == Class::Emergency {
            let signal = open.signals.iter().find(|known| known.trunk == *trunk).cloned();
            let is_known = signal.is_some();
            let told = core::mem::replace(&mut open.told, signal.or_else(|| open.signals.last().cloned()));
            self.tell(&open, Notice::EmergencyCall, |desk| {
                let values = desk.values(&open, Notice::EmergencyCall, at, open.told.as_deref());
                let note = match is_known && location(&open.particulars, told.as_deref()) != values.location {
                    true => format!("{said} It was told another location than the trunk that was asked first."),
                    false => said.to_string(),
                };
                Values { update: true, note, trunk: trunk.to_string(), ..values }
            });
        }
        self.calls.insert(call, open);
    }

    /// A location came after the INVITE had left. What was signalled stays what the location is; this stands beside it.
    fn learnt(&mut self, call: Handle, learnt: &Learnt, at: Wall) {
        let Some(open) = self.calls.remove(&call) else { return };
        if open.class == Class::Emergency {
            self.tell(&open, Notice::EmergencyCall, |desk| {
                let text = place::document(learnt.document.expose());
                let note = ["Learnt after the call had left:\n", &text].concat();
                let values = desk.values(&open, Notice::EmergencyCall, at, open.last());
                Values { update: true, note, ..values }
            });
        }
        self.calls.insert(call, open);
    }

    fn blocked(&mut self, call: Handle, feature: Feature, at: Wall) {
        let Some(mut open) = self.calls.remove(&call) else { return };
        if !open.features.contains(&feature) {
            open.features.push(feature);
            self.tell(&open, Notice::FeatureBlocked, |desk| {
                let note = format!("Blocked: {}.", feature.text());
                let values = desk.values(&open, Notice::FeatureBlocked, at, open.last());
                Values { severity: "low", note, ..values }
            });
        }
        self.calls.insert(call, open);
    }

    fn ended(&mut self, call: Handle, outcome: Outcome, lasted: Duration, at: Wall) {
        let Some(open) = self.calls.remove(&call) else { return };
        let open = self.begin(open);
        let is_short = outcome == Outcome::Completed && lasted < self.misdial;
        let notice = match outcome {
            _ if open.class != Class::Emergency => return,
            Outcome::Failed => Notice::CallFailed,
            Outcome::Abandoned => Notice::AbandonedCall,
            _ if is_short => Notice::AbandonedCall,
            _ => return,
        };
        self.tell(&open, notice, |desk| {
            let (severity, note) = match (notice, outcome) {
                (Notice::CallFailed, _) => ("critical", "Every target was tried and none took the call.".to_owned()),
                (_, Outcome::Abandoned) => {
                    ("high", format!("The caller hung up after {} s, before anybody answered.", lasted.as_secs()))
                }
                _ => ("high", format!("The call was over after {} s.", lasted.as_secs())),
            };
            Values { severity, note, ..desk.values(&open, notice, at, open.last()) }
        });
    }

    /// Tells everyone who is to know this of the call. What is said is put together only where there is anybody: of most
    /// calls nobody is told most of it.
    fn tell(&mut self, open: &Open, notice: Notice, say: impl FnOnce(&Desk) -> Values) {
        let told = &open.particulars;
        let scopes = [
            told.user.clone().map(Scope::User),
            told.place().cloned().map(Scope::Place),
            told.building().cloned().map(Scope::Place),
            Some(Scope::Site(Arc::clone(&told.site.id))),
            Some(Scope::Organisation(Arc::clone(&told.organisation))),
        ];
        let is_told = |one: &Arc<Recipient>| one.organisation == told.organisation && one.notices.has(notice);
        let found = scopes.into_iter().flatten().flat_map(|scope| self.cache.recipients.of(&scope));
        let recipients: Vec<_> = found.filter(is_told).collect();
        if !recipients.is_empty() {
            let values = say(self);
            self.draft(recipients, Some(open.call), values);
        }
    }

    /// A draft for each address once, however many lines name it: the one with the first step.
    fn draft(&mut self, recipients: Vec<Arc<Recipient>>, call: Option<Handle>, values: Values) {
        let notice = values.notice;
        let values = Arc::new(values);
        let begin = self.drafts.len();
        for recipient in recipients.iter().filter(|recipient| recipient.notices.has(notice)) {
            for to in &recipient.to {
                let to = address(recipient, to);
                let draft = Draft {
                    notice,
                    call,
                    channel: recipient.channel,
                    to: Arc::clone(&to),
                    language: recipient.language.clone(),
                    group: recipient.group.clone(),
                    step: recipient.step,
                    values: Arc::clone(&values),
                };
                let is_same = |known: &&mut Draft| is_same(known, recipient.channel, &to);
                match self.drafts[begin..].iter_mut().find(is_same) {
                    Some(known) if known.step <= draft.step => {}
                    Some(known) => *known = draft,
                    None => self.drafts.push(draft),
                }
            }
        }
    }

    fn nothing(&self, notice: Notice, at: Wall) -> Values {
        Values {
            notice,
            id: None,
            update: false,
            severity: "low",
            service: String::new(),
            callback: String::new(),
            callback_from: "",
            location: String::new(),
            documents: Vec::new(),
            organisation: String::new(),
            site: String::new(),
            building: String::new(),
            place: String::new(),
            user: String::new(),
            number: String::new(),
            display: String::new(),
            dialled: String::new(),
            grade: "",
            way: "",
            cause: "",
            trunk: String::new(),
            at,
            zone: None,
            incident: String::new(),
            note: String::new(),
        }
    }

    fn values(&self, open: &Open, notice: Notice, at: Wall, signalled: Option<&Signalled>) -> Values {
        let told = &open.particulars;
        let text =
            |number: Option<crate::record::Number>| number.map(|number| number.expose().to_owned()).unwrap_or_default();
        let snapshot = self.cache.snapshot.load();
        let organisation = snapshot.organisations.get(&told.organisation);
        Values {
            id: Some(open.call),
            zone: told.site.zone.clone(),
            incident: incident(told, &snapshot.domain),
            severity: severity(open.class, told.located.grade),
            service: text(told.service),
            callback: text(told.callback.map(|(number, _)| number)),
            callback_from: told.callback.map_or("", |(_, from)| from),
            location: location(told, signalled),
            documents: signalled.map(|one| one.documents.to_vec()).unwrap_or_default(),
            organisation: organisation.map_or_else(|| told.organisation.to_string(), |one| one.name.clone()),
            site: told.site.id.to_string(),
            building: told.building().map(ToString::to_string).unwrap_or_default(),
            place: told.place().map(ToString::to_string).unwrap_or_default(),
            user: told.user.as_deref().unwrap_or_default().to_owned(),
            number: text(told.number),
            display: told.display.as_ref().map(|name| name.expose().to_string()).unwrap_or_default(),
            dialled: text(told.dialled),
            grade: told.located.grade.text(),
            way: told.way,
            cause: told.cause.unwrap_or_default(),
            trunk: signalled.map(|one| one.trunk.to_string()).unwrap_or_default(),
            ..self.nothing(notice, at)
        }
    }
}

/// What a recipient's address is among those of all organisations.
fn address(recipient: &Recipient, to: &Arc<str>) -> Arc<str> {
    match recipient.channel {
        Channel::Desktop => desk_address(&recipient.organisation, to),
        Channel::Email | Channel::Webhook => Arc::clone(to),
    }
}

fn is_same(known: &Draft, channel: Channel, to: &str) -> bool {
    known.channel == channel && known.to.eq_ignore_ascii_case(to)
}

/// What a call and the calls back to its caller are called towards others (NENA-STA-010, "Incident Tracking Identifier").
fn incident(told: &Particulars, domain: &str) -> String {
    format!("urn:emergency:uid:incidentid:{}:{domain}", told.incident())
}

fn severity(class: Class, grade: Grade) -> &'static str {
    match class {
        Class::Test => "test",
        // Nobody can be sent to where a call is only thought to be.
        Class::Emergency if grade <= Grade::Default => "critical",
        _ => "high",
    }
}

/// The location as it was signalled: of each document and reference what it says. What was not signalled is said to be
/// what is known here.
fn location(told: &Particulars, signalled: Option<&Signalled>) -> String {
    let known = told.located.civic().map(place::address).filter(|text| !text.is_empty());
    let Some(signalled) = signalled else {
        return known.map(|text| ["(not signalled yet)\n", &text].concat()).unwrap_or_default();
    };
    let mut parts: Vec<String> = Vec::new();
    for document in &signalled.documents {
        let text = place::document(document.expose());
        if !parts.contains(&text) {
            parts.push(text);
        }
    }
    parts.extend(signalled.references.iter().map(|uri| format!("Location URI: {}", uri.expose())));
    if parts.is_empty() {
        let by_number = signalled.number.filter(|_| signalled.profile == Profile::Legacy);
        let by = by_number.map(|number| format!("(signalled by the number {} alone)", number.expose()));
        parts.extend(by.or_else(|| Some("(no location was signalled)".into())));
        parts.extend(known.map(|text| ["Known here:\n", &text].concat()));
    }
    parts.join("\n\n")
}
