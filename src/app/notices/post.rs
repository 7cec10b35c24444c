//! The thread that sends: drafts become messages, messages leave by their channels, and who acknowledges is heard.
use super::super::desktops::Arrival;
use super::Shared;
use super::keeper::Keeper;
use crate::base::entropy::Entropy;
use crate::base::hex::hex;
use crate::base::id::Handle;
use crate::base::now::{Mono, Now, Wall};
use crate::config::notices::{Hook, Notices as Config};
use crate::edge::clock::Clock;
use crate::edge::deliver::{Failure, Mail, Parcel, Webhook, webhook};
use crate::edge::http::acknowledge::Acknowledgement;
use crate::edge::http::events::Hub;
use crate::edge::metrics::Notices;
use crate::edge::state::outbox::{Kept, Note};
use crate::notice::queue::{DESKS, Item, Queue, Tried, Verdict, way};
use crate::notice::template::Escape;
use crate::notice::{Channel, Draft, Notice};
use crate::record::recipient::{desk_address, read_desk_address};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::time::Duration;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;

/// How long ago a message may have been made, before the node started.
const BEFORE: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// How often nothing but the clock is looked at.
const TICK: Duration = Duration::from_secs(1);

/// How often the mail server is asked whether it takes our credentials.
const CHECK_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the check of the mail server is called among the messages.
const CHECK: u64 = u64::MAX;

/// The channels of a config.
pub struct Channels {
    mail: Option<Arc<Mail>>,
    hooks: HashMap<Arc<str>, Arc<Webhook>>,
    desks: Option<Arc<Hub>>,
}

impl Channels {
    /// Makes ready to send. The config was checked, so nothing is left out. `desks`: where they listen, in a node that runs.
    pub fn of(config: &Config, desks: Option<Arc<Hub>>) -> Channels {
        let roots = match config.hooks.is_empty() {
            true => Arc::new(tokio_rustls::rustls::RootCertStore::empty()),
            false => webhook::roots(config.issuers.as_deref().map(str::as_bytes)),
        };
        let hook = |hook: &Hook| Some((Arc::clone(&hook.name), Arc::new(Webhook::new(&hook.setup, &roots).ok()?)));
        Channels {
            mail: config.mail.as_ref().and_then(|setup| Mail::new(setup).ok()).map(Arc::new),
            hooks: config.hooks.iter().filter_map(hook).collect(),
            desks,
        }
    }

    /// Sends one message over a channel.
    ///
    /// # Errors
    /// Why it was not taken.
    pub async fn send(self: Arc<Self>, way: &str, id: &str, parcel: &Parcel, clock: Clock) -> Result<(), Failure> {
        if way == Channel::Email.text() {
            return self.mail.as_ref().ok_or(Failure::NoChannel)?.send(id, parcel).await;
        }
        if let Some((organisation, desk)) = way.strip_prefix(DESKS).and_then(read_desk_address) {
            let events = self.desks.as_ref().ok_or(Failure::NoChannel)?;
            let is_taken = events.deliver(organisation, desk, id, &parcel.body).await;
            return if is_taken { Ok(()) } else { Err(Failure::Nobody) };
        }
        self.hooks.get(way).ok_or(Failure::NoChannel)?.send(id, parcel, clock.now().wall).await
    }

    /// Whether the mail server takes our credentials; nothing is sent.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn check(&self) -> Result<(), Failure> {
        match &self.mail {
            Some(mail) => mail.check().await,
            None => Ok(()),
        }
    }
}

/// What the thread hears.
pub struct Heard {
    /// What is to be sent.
    pub drafts: Receiver<Vec<Draft>>,
    /// Who acknowledges.
    pub acknowledged: Receiver<Acknowledgement>,
    /// Who sat down at a desk.
    pub arrivals: Receiver<Arrival>,
}

/// The thread's work.
pub struct Post {
    shared: Shared,
    config: Arc<Config>,
    channels: Arc<Channels>,
    desks: Arc<Hub>,
    clock: Clock,
    chance: Entropy,
    queue: Queue,
    parcels: HashMap<u64, (Arc<Parcel>, Arc<str>)>,
    keeper: Keeper,
    counts: Notices,
    next: u64,
    jobs: JoinSet<(u64, Result<(), Failure>)>,
    checked: Option<Mono>,
    swept: Mono,
}

impl Post {
    /// A thread's work, with what was left of the last run.
    pub fn new(
        shared: Shared,
        clock: Clock,
        chance: Entropy,
        keeper: Keeper,
        counts: Notices,
        desks: Arc<Hub>,
    ) -> Post {
        let config = shared.load_full();
        let mut post = Post {
            channels: Arc::new(Channels::of(&config, Some(Arc::clone(&desks)))),
            desks,
            queue: Queue::new(config.lifetime, config.step_after),
            shared,
            config,
            clock,
            chance,
            parcels: HashMap::new(),
            next: keeper.last + 1,
            keeper,
            counts,
            jobs: JoinSet::new(),
            checked: None,
            swept: Mono::default(),
        };
        let now = post.now();
        for kept in core::mem::take(&mut post.keeper.left) {
            post.take_back(kept, now);
        }
        post
    }

    /// Runs until nobody can tell it anything any more.
    pub fn run(mut self, heard: Heard) {
        match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(self.tend(heard)),
            Err(error) => tracing::error!(%error, "no runtime for notices; calls go on"),
        }
    }

    async fn tend(&mut self, heard: Heard) {
        let Heard { mut drafts, mut acknowledged, mut arrivals } = heard;
        loop {
            self.follow();
            self.dispatch();
            let now = self.now().mono;
            let due = self.queue.poll_timeout(now).map_or(TICK, |at| at.since(now)).min(TICK);
            tokio::select! {
                row = drafts.recv() => match row {
                    Some(row) => row.into_iter().for_each(|draft| self.take(draft)),
                    None => return,
                },
                Some(said) = acknowledged.recv() => {
                    let known = self.acknowledged(&said.token);
                    // Who asked may have gone meanwhile.
                    let _told = said.known.send(known);
                }
                Some((organisation, desk)) = arrivals.recv() => {
                    let way = way(Channel::Desktop, &desk_address(&organisation, &desk));
                    self.queue.hurry(&way, self.now().mono);
                }
                Some(done) = self.jobs.join_next() => {
                    if let Ok((id, sent)) = done {
                        self.sent(id, sent);
                    }
                }
                () = tokio::time::sleep(due) => {}
            }
        }
    }

    /// Both clocks; the monotonic one begins long enough before the node to tell how old a message is.
    fn now(&self) -> Now {
        let now = self.clock.now();
        Now { mono: now.mono + BEFORE, wall: now.wall }
    }

    /// Takes a config that was read again.
    fn follow(&mut self) {
        let current = self.shared.load();
        if !Arc::ptr_eq(&current, &self.config) {
            self.config = Arc::clone(&current);
            self.channels = Arc::new(Channels::of(&self.config, Some(Arc::clone(&self.desks))));
            self.checked = None;
        }
    }

    fn dispatch(&mut self) {
        let now = self.now();
        while let Some(id) = self.queue.next_due(now.mono) {
            let (Some(item), Some((parcel, name))) = (self.queue.item(id), self.parcels.get(&id)) else {
                self.queue.tried(id, Tried::Taken, now.mono);
                continue;
            };
            let (channels, way, clock) = (Arc::clone(&self.channels), Arc::clone(&item.way), self.clock);
            let (parcel, name) = (Arc::clone(parcel), Arc::clone(name));
            self.jobs.spawn(async move { (id, channels.send(&way, &name, &parcel, clock).await) });
        }
        if self.checked.is_none_or(|at| now.mono.since(at) > CHECK_EVERY) {
            self.checked = Some(now.mono);
            let channels = Arc::clone(&self.channels);
            self.jobs.spawn(async move { (CHECK, channels.check().await) });
        }
        if now.mono.since(self.swept) > Duration::from_secs(60) {
            self.swept = now.mono;
            for _ in 0..self.queue.sweep(now.mono) {
                self.counts.count("all", "unacknowledged");
                tracing::warn!("a notice that nobody acknowledged");
            }
        }
        self.counts.waiting(self.queue.waiting());
    }

    /// A draft becomes a message.
    fn take(&mut self, draft: Draft) {
        let now = self.now();
        let secret = self.secret();
        let token: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let link = self.config.link.as_ref().map(|link| [link, &*secret].concat()).unwrap_or_default();
        let Some((parcel, template)) = self.written(&draft, &link) else {
            return self.counts.count(&way(draft.channel, &draft.to), "lost");
        };
        let id = self.next;
        let item = Item {
            notice: draft.notice,
            call: draft.call,
            way: way(draft.channel, &draft.to),
            group: draft.group,
            step: draft.step,
            made: now.mono,
            tries: 0,
            token,
        };
        let kept = Kept {
            id,
            made: now.wall,
            notice: item.notice.text().into(),
            call: item.call.map(|call| call.text().to_string()).unwrap_or_default(),
            way: item.way.to_string(),
            group: item.group.as_deref().unwrap_or_default().into(),
            step: item.step,
            tries: 0,
            delivered: false,
            token,
            template: template.to_string(),
            parcel: parcel.stored(),
        };
        let way = Arc::clone(&item.way);
        if !self.queue.add(id, item) {
            tracing::error!("a notice is lost: too many wait");
            return self.counts.count(&way, "lost");
        }
        self.next += 1;
        self.parcels.insert(id, (Arc::new(parcel), name(&token)));
        self.keeper.note(Note::New(Box::new(kept)));
    }

    /// A message of the last run.
    fn take_back(&mut self, kept: Kept, now: Now) {
        let Some(notice) = Notice::read(&kept.notice) else { return };
        let item = Item {
            notice,
            call: Handle::read(kept.call.as_bytes()),
            way: kept.way.into(),
            group: (!kept.group.is_empty()).then(|| kept.group.into()),
            step: kept.step,
            made: made(kept.made, now),
            tries: kept.tries,
            token: kept.token,
        };
        if kept.delivered {
            return self.queue.add_delivered(kept.id, item);
        }
        let Some(parcel) = Parcel::read(&kept.parcel) else { return };
        if self.queue.add(kept.id, item) {
            self.parcels.insert(kept.id, (Arc::new(parcel), name(&kept.token)));
        }
    }

    /// What a draft says, and by which template.
    fn written(&self, draft: &Draft, link: &str) -> Option<(Parcel, Arc<str>)> {
        let values = &*draft.values;
        let languages: Vec<&str> = draft.language.as_deref().into_iter().chain([&*self.config.language]).collect();
        let template = self.config.templates.of(draft.notice, &languages)?;
        let urgent = matches!(values.severity, "high" | "critical");
        if draft.channel == Channel::Email {
            let letter = template.render(values, link);
            let documents = values.documents.iter().map(|document| document.expose().to_vec()).collect();
            let to = draft.to.to_string();
            let parcel =
                Parcel { to, subject: letter.subject, body: letter.body, headers: Vec::new(), documents, urgent };
            return Some((parcel, Arc::clone(&template.version)));
        }
        let hook = self.config.hooks.iter().find(|hook| hook.name == draft.to);
        let own = |hook: &Hook| Some(hook.body.as_ref()?.render(values, link, hook.escape));
        let body = hook.and_then(own).unwrap_or_else(|| values.json(link).to_string());
        let kind = hook.map_or("application/json", |hook| &hook.content_type);
        let mut headers = vec![("content-type".to_owned(), kind.to_owned())];
        for (name, value) in hook.iter().flat_map(|hook| &hook.headers) {
            // A header is ASCII.
            let value = value.render(values, link, Escape::Line);
            headers.push((
                name.clone(),
                value.chars().map(|letter| if letter.is_ascii() { letter } else { '?' }).collect(),
            ));
        }
        Some((Parcel { body, headers, urgent, ..Parcel::default() }, Arc::clone(&template.version)))
    }

    fn sent(&mut self, id: u64, sent: Result<(), Failure>) {
        if id == CHECK {
            return self.checked(sent);
        }
        let now = self.now();
        let Some(item) = self.queue.item(id) else { return };
        let (way, tries) = (Arc::clone(&item.way), item.tries);
        let tried = if sent.is_ok() { Tried::Taken } else { Tried::Failed };
        let Some(verdict) = self.queue.tried(id, tried, now.mono) else { return };
        let outcome = match verdict {
            Verdict::Delivered => "delivered",
            Verdict::Again(_) => "failed",
            Verdict::GivenUp => "given_up",
            Verdict::NotNeeded => "not_needed",
        };
        self.counts.count(&way, outcome);
        if let Err(failure) = sent {
            tracing::debug!(
                channel = &*way,
                failure = failure.text(),
                code = failure.code(),
                tries,
                "notice not taken"
            );
        }
        if verdict == Verdict::GivenUp {
            tracing::error!(channel = &*way, tries, "a notice is given up");
        }
        match verdict {
            Verdict::Again(_) => self.keeper.note(Note::Tried { id, tries }),
            _ => self.over(id, outcome),
        }
        for alarm in self.queue.take_alarms() {
            self.counts.channel(&alarm.way, !alarm.dead);
            match alarm.dead {
                true => tracing::error!(channel = &*alarm.way, "a channel of notices is dead; it is tried again"),
                false => tracing::info!(channel = &*alarm.way, "a channel of notices is back"),
            }
        }
    }

    fn checked(&mut self, sent: Result<(), Failure>) {
        if self.config.mail.is_none() {
            return;
        }
        self.counts.channel(Channel::Email.text(), sent.is_ok());
        if let Err(failure) = sent {
            let (failure, code) = (failure.text(), failure.code());
            tracing::error!(failure, code, "the mail server does not take our credentials or is not there");
        }
    }

    fn over(&mut self, id: u64, state: &'static str) {
        self.parcels.remove(&id);
        self.keeper.note(Note::Over { id, state });
    }

    fn acknowledged(&mut self, token: &[u8; 32]) -> bool {
        let Some(acknowledged) = self.queue.acknowledge(token) else { return false };
        self.keeper.note(Note::Acknowledged { id: acknowledged.id });
        self.counts.count("all", "acknowledged");
        for id in acknowledged.spared {
            self.over(id, "not_needed");
        }
        true
    }

    /// What nobody guesses: 128 bits.
    fn secret(&mut self) -> String {
        let bits = [self.chance.bits().to_be_bytes(), self.chance.bits().to_be_bytes()].concat();
        URL_SAFE_NO_PAD.encode(bits)
    }
}

/// When a message of the last run was made, by the node's own clock: the calendar alone says how long ago that was. Where it
/// was set back meanwhile, the message is as if it were new.
fn made(at: Wall, now: Now) -> Mono {
    now.mono - now.wall.since(at).min(BEFORE)
}

/// What a message is called towards who gets it.
fn name(token: &[u8; 32]) -> Arc<str> {
    hex(&token[..10]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_that_was_set_by_an_hour_while_the_node_was_away_makes_a_message_an_hour_older_or_new() {
        const HOUR: u64 = 3_600_000;
        let now = Now { mono: Mono::default() + BEFORE, wall: Wall::from_millis(1_795_000_000_000) };
        let age = |made_ago: u64, set: i64| {
            let wall = now.wall.as_millis().saturating_add_signed(set);
            let now = Now { wall: Wall::from_millis(wall), ..now };
            now.mono.since(made(Wall::from_millis(1_795_000_000_000 - made_ago), now)).as_millis()
        };
        let hour = i64::try_from(HOUR).unwrap();
        assert_eq!([age(600_000, 0), age(600_000, hour), age(600_000, -hour)], [600_000, 4_200_000, 0]);
        assert_eq!(
            age(0, 100 * 365 * 24 * hour),
            BEFORE.as_millis(),
            "no calendar makes it older than the node can tell"
        );
    }
}
