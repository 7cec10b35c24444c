//! Calls that come in for somebody who placed an emergency call (rulings 14; RFC 7090, RFC 6881 ED-69), and what is left
//! of them when the time for that is over.
use super::Engine;
use crate::b2bua::decide::foresee;
use crate::b2bua::headers::CALLBACK_MARK;
use crate::b2bua::intake::Asked;
use crate::b2bua::reach::{Steps, pbx_of};
use crate::b2bua::story::{Decision, Reach};
use crate::b2bua::takeover;
use crate::base::id::Handle;
use crate::base::now::Now;
use crate::cache::{Snapshot, Who};
use crate::callback::{Origin, Shown};
use crate::classify::{self, Class, Classified};
use crate::record::site::EVERYWHERE;
use crate::record::{Caller, Holder, Number, Site, Trunk, TrunkKind, Window};
use crate::routing::{Plan, Targets, Way};
use crate::sip::message::uri::without_brackets;
use crate::sip::message::{Message, Name, Scheme, Uri};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;

/// A call that comes in.
pub(super) struct Inbound {
    /// Whom it asks.
    pub decision: Box<Decision>,
    /// The trunk that it comes by.
    pub source: Arc<str>,
    /// Whose window it keeps open.
    pub holder: Option<Holder>,
    /// What leads back to who is called.
    pub token: Option<Handle>,
    /// For a call back: the emergency call that whoever is called would make now.
    pub emergency: Option<Box<Decision>>,
}

/// Who is called, as far as it is known.
struct Wanted<'a> {
    organisation: &'a Arc<str>,
    site: Option<&'a Arc<Site>>,
    number: Option<Number>,
    device: Option<Arc<str>>,
}

/// Digits of the shortest number in E.164 form.
const SHORTEST: usize = 7;

impl Engine {
    /// Whom an INVITE wants who placed an emergency call; `None` for one that wants nobody of them.
    pub(super) fn inbound(&mut self, now: Now, snapshot: &Snapshot, invite: &Message, who: &Who) -> Option<Inbound> {
        let Who::Trunk(trunk, source) = who else { return None };
        let user = dialled(invite)?;
        let number = numbers(snapshot, &user);
        if number.iter().any(|number| is_code(snapshot, number)) {
            return None;
        }
        if let Some(windows) = self.wanted(now, snapshot, invite, trunk, &user) {
            return self.call_back(now, snapshot, trunk, &user, windows);
        }
        let is_help = takeover::may(trunk.kind);
        if is_help && is_marked(invite) {
            // The window is over, and the PSAP wants the number all the same.
            let site = number.iter().find_map(|number| site_of(self, snapshot, *number))?;
            return self.put_through(now, snapshot, trunk, &number, &site, Class::Callback);
        }
        let lends = |site: &&Arc<Site>| number.iter().any(|number| site.pool.contains(number));
        if let Some(site) = snapshot.sites.values().find(lends).cloned() {
            return self.put_through(now, snapshot, trunk, &[], &site, Class::Other);
        }
        // A carrier that brings everyday calls for lines of ours.
        if source.is_some() || trunk.kind == TrunkKind::Pbx {
            return None;
        }
        let site = number.iter().find_map(|number| site_of(self, snapshot, *number))?;
        self.put_through(now, snapshot, trunk, &number, &site, Class::Other)
    }

    /// Those who are meant, where it is a call back: by our token or a number that is for such calls alone, whoever
    /// calls; by another number that was shown, where the PSAP says so or its call has just ended.
    fn wanted(
        &self,
        now: Now,
        snapshot: &Snapshot,
        invite: &Message,
        trunk: &Trunk,
        user: &str,
    ) -> Option<Vec<Window>> {
        let leases = &self.core.cache.leases;
        if let Some(token) = user.strip_prefix("cb-").and_then(|token| Handle::read(token.as_bytes())) {
            return leases.of_token(token, now.mono).map(|window| vec![window]);
        }
        let may_mark = takeover::may(trunk.kind) && is_marked(invite);
        let recent = snapshot.callbacks.recent;
        let from = invite.from().and_then(|from| core::str::from_utf8(from.uri.host).ok().map(str::to_owned));
        let is_of = |name: &Arc<str>| {
            let is_domain =
                |trunk: &Arc<Trunk>| from.as_deref().is_some_and(|from| from.eq_ignore_ascii_case(&trunk.host));
            *name == trunk.name || (trunk.kind != TrunkKind::Pbx && snapshot.trunk(name).is_some_and(is_domain))
        };
        let is_recent = |window: &Window| {
            let is_young = window.open > 0 || window.ended.is_some_and(|ended| now.mono.since(ended) < recent);
            takeover::may(trunk.kind) && is_young && window.caller.asked.iter().any(is_of)
        };
        numbers(snapshot, user).into_iter().find_map(|number| {
            let mut windows = leases.of_number(number, now.mono);
            windows.retain(|window| window.is_for_calls_back(number) || may_mark || is_recent(window));
            (!windows.is_empty()).then_some(windows)
        })
    }

    fn call_back(
        &mut self,
        now: Now,
        snapshot: &Snapshot,
        trunk: &Arc<Trunk>,
        user: &str,
        windows: Vec<Window>,
    ) -> Option<Inbound> {
        let latest = windows.first()?;
        let caller = &latest.caller;
        let shown = caller.line.or(caller.shown);
        let site = home_of(snapshot, caller);
        let wanted = Wanted { organisation: &caller.organisation, site, number: shown, device: caller.device.clone() };
        let ahead = self.ahead(now, snapshot, wanted)?;
        let mut steps = Steps::new(&self.core.cache, snapshot, now.wall).callers(&windows, &ahead);
        if let Some(site) = site {
            steps = steps.desk(site);
        }
        let steps = steps.relay(&ahead);
        let dialled = numbers(snapshot, user).into_iter().find(|number| latest.numbers().any(|own| own == *number));
        let number = latest.lent.or(dialled).or(latest.elin).or(latest.shared.first().copied());
        let emergency = Some(ahead.clone());
        let decision = decided(ahead, Class::Callback, Number::read(user), number, steps.targets());
        let (holder, token) = (Some(caller.holder.clone()), latest.tokens.first().copied());
        Some(Inbound { decision, source: trunk.name.clone(), holder, token, emergency })
    }

    /// A call to the lines of these numbers, or to the desk of the site where there are none.
    fn put_through(
        &mut self,
        now: Now,
        snapshot: &Snapshot,
        trunk: &Arc<Trunk>,
        numbers: &[Number],
        site: &Arc<Site>,
        class: Class,
    ) -> Option<Inbound> {
        let pbx = pbx_of(snapshot, site)?;
        let known = numbers.iter().find(|number| {
            site.ecbn == Some(**number) || self.core.cache.lines.contains_key(&(site.organisation.clone(), **number))
        });
        let wanted =
            Wanted { organisation: &site.organisation, site: Some(site), number: known.copied(), device: None };
        let ahead = self.ahead(now, snapshot, wanted)?;
        let mut steps = Steps::new(&self.core.cache, snapshot, now.wall);
        if let Some(number) = known {
            steps = steps.line(&pbx, *number);
        }
        if class == Class::Callback || known.is_none() {
            steps = steps.desk(site);
        }
        if class == Class::Callback {
            steps = steps.relay(&ahead);
        }
        let emergency = (class == Class::Callback).then(|| ahead.clone());
        let decision = decided(ahead, class, known.copied(), known.copied(), steps.targets());
        Some(Inbound { decision, source: trunk.name.clone(), holder: None, token: None, emergency })
    }

    /// The emergency call that this line would make now: where it is, and which relay center is its own. Of an organisation
    /// that has no source any more nothing is known but what holds for everyone.
    fn ahead(&mut self, now: Now, snapshot: &Snapshot, wanted: Wanted<'_>) -> Option<Box<Decision>> {
        let sources = &snapshot.sources;
        let own = sources.iter().find(|source| source.organisation == *wanted.organisation);
        let source = own.or_else(|| sources.first())?;
        let site = wanted.site.filter(|_| own.is_some()).or_else(|| snapshot.site(&source.default_site))?;
        let code = classify::first_code(snapshot.dial_plan(&site.country), Class::Emergency);
        let dialled = code.as_ref().map_or(EVERYWHERE, Number::expose);
        let mut asked = Asked::by_hand(source, dialled, wanted.number.filter(|_| own.is_some()));
        asked.default_site = site.id.clone();
        asked.marks.known = wanted.device.filter(|_| own.is_some());
        foresee(&mut self.core, now, snapshot, &asked)
    }
}

/// The site of a caller; where there is no such site any more, the one that callers of its exchange have who are in none.
fn home_of<'a>(snapshot: &'a Snapshot, caller: &Caller) -> Option<&'a Arc<Site>> {
    let of_source = || {
        let source = snapshot.source_of(&caller.source)?;
        snapshot.site(&source.default_site).filter(|_| source.organisation == caller.organisation)
    };
    snapshot.site(&caller.site).or_else(of_source)
}

fn decided(
    mut ahead: Box<Decision>,
    class: Class,
    dialled: Option<Number>,
    number: Option<Number>,
    targets: Targets,
) -> Box<Decision> {
    let way = match (class, targets.is_empty()) {
        (Class::Callback, _) => Way::Callback,
        (_, false) => Way::Other,
        (_, true) => Way::Refused,
    };
    ahead.classified = Classified { class, number: dialled, service: None };
    ahead.plan = Plan { way, targets, own_ivr: None };
    ahead.callback = number.map(|number| Shown { number, origin: Origin::Held });
    ahead.reach = Reach::default();
    (ahead.location_uri, ahead.ahead) = (None, None);
    ahead
}

/// The site of a line, or of an ECBN.
fn site_of(engine: &Engine, snapshot: &Snapshot, number: Number) -> Option<Arc<Site>> {
    let line = |organisation: &Arc<str>| {
        engine.core.cache.lines.get(&(organisation.clone(), number)).map(|line| line.site.clone())
    };
    let of_line = snapshot.sources.iter().find_map(|source| line(&source.organisation));
    let of_line = of_line.and_then(|site| snapshot.site(&site).cloned());
    of_line.or_else(|| snapshot.sites.values().find(|site| site.ecbn == Some(number)).cloned())
}

/// Whether a call says that it is a call back (RFC 7090 §3).
fn is_marked(invite: &Message) -> bool {
    invite.values(Name::Priority).any(|value| value.trim_ascii().eq_ignore_ascii_case(CALLBACK_MARK.as_bytes()))
}

/// Whether a number is an emergency, test or crisis code anywhere: whoever dials one calls for help, and calls nobody
/// back, whatever number some caller has shown.
fn is_code(snapshot: &Snapshot, number: &Number) -> bool {
    let digits = number.expose();
    digits.len() < SHORTEST && snapshot.dial_plans.values().any(|plan| plan.codes().any(|code| code == digits))
}

/// The user part that is called, of the Request-URI, else of To. Whoever calls a service calls for help, whatever To says.
fn dialled(invite: &Message) -> Option<Cow<'_, str>> {
    let request = Uri::read(without_brackets(invite.request_uri()));
    if request.is_some_and(|uri| uri.scheme == Scheme::Urn) {
        return None;
    }
    let uri = request.filter(|uri| !uri.user.is_empty()).or_else(|| invite.to().map(|to| to.uri))?;
    let user = match uri.user_text() {
        Cow::Borrowed(user) => core::str::from_utf8(user).ok().map(Cow::Borrowed),
        Cow::Owned(user) => String::from_utf8(user).ok().map(Cow::Owned),
    };
    user.filter(|user| !user.is_empty())
}

/// What was called as a number, in all forms in which a carrier may write it.
fn numbers(snapshot: &Snapshot, user: &str) -> SmallVec<[Number; 4]> {
    let user = user.strip_prefix("elin-").unwrap_or(user);
    let user = user.split(';').next().unwrap_or_default();
    let Some(number) = Number::read(user) else { return SmallVec::new() };
    let mut found = SmallVec::from_slice(&[number]);
    let digits = number.expose();
    if digits.len() < SHORTEST || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return found;
    }
    let codes = snapshot.dial_plans.values().map(|plan| &*plan.calling_code).filter(|code| !code.is_empty());
    for code in core::iter::once("").chain(codes) {
        found.extend(Number::read(&["+", code, digits].concat()).filter(|number| !found.contains(number)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_in_every_form_in_which_a_carrier_writes_it() {
        let plan = crate::record::DialPlan { calling_code: "1".into(), ..crate::record::DialPlan::default() };
        let mut snapshot = Snapshot::default();
        snapshot.dial_plans.insert("US".into(), Arc::new(plan));
        let wanted = Number::read("+13125550190").unwrap();
        for user in ["+13125550190", "13125550190", "3125550190", "elin-13125550190", "+1-312-555-0190;ext=1"] {
            assert!(numbers(&snapshot, user).contains(&wanted), "{user}");
        }
        assert!(!numbers(&snapshot, "4117").contains(&wanted));
    }
}
