//! A call from ring to route, in order.
//!
//! `docs/life-of-a-call.md` has the same headings. Every step is a plain function call that returns a value; none can
//! fail, wait or look anything up outside memory. Asking twice gives the same answer, so the story is told again from
//! the top whenever something new is known before the first INVITE has left.
use super::ask::Fetched;
use super::intake::Asked;
use super::receipt::{Receipt, Step};
use crate::base::now::{Mono, Wall};
use crate::base::private::Private;
use crate::cache::leases::Offer;
use crate::cache::{Cache, Leases, Snapshot};
use crate::callback::{self, Shown};
use crate::classify::{self, Class, Classified};
use crate::ivr::Onward;
use crate::location::device::{self, By, Calling};
use crate::location::{self, Known, Located, wiremap};
use crate::record::user::did_fallback;
use crate::record::{Holder, Line, Number, Organisation, Site, Trunk};
use crate::routing::{self, Plan, Question, Way};
use std::sync::Arc;

/// What the story is told with: the configured world, the health of trunks, and a clock for the receipt's step times.
pub struct View<'a> {
    /// Lines and locations.
    pub cache: &'a Cache,
    /// Sites, dial plans, trunks.
    pub snapshot: &'a Snapshot,
    /// Tells a trunk that is known not to answer.
    pub is_dead: &'a dyn Fn(&Trunk) -> bool,
    /// The node's clock, read between steps.
    pub clock: &'a dyn Fn() -> Mono,
    /// Now.
    pub mono: Mono,
    /// The calendar, for the age of what is known.
    pub wall: Wall,
    /// Chance for the weights.
    pub chance: u64,
}

/// Everything that is settled before the first INVITE leaves.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What kind of call it is.
    pub classified: Classified,
    /// The caller's site.
    pub site: Arc<Site>,
    /// The caller's line, when it is listed.
    pub line: Option<Arc<Line>>,
    /// The caller's device, when it is told.
    pub device: Option<Calling>,
    /// Where the caller is.
    pub located: Arc<Located>,
    /// Whether the device belongs to another place than the one where it was seen.
    pub moved: bool,
    /// What a location somewhere else led to, where that was known in time.
    pub fetched: Option<Arc<Fetched>>,
    /// Our location URI for this call, where a trunk wants one.
    pub location_uri: Option<Private<Box<str>>>,
    /// Whom to ask, in what order.
    pub plan: Plan,
    /// The number that reaches the caller.
    pub callback: Option<Shown>,
    /// How the caller is called back.
    pub reach: Reach,
    /// The number that the caller shows.
    pub number: Option<Number>,
    /// Where an emergency call would go, for a test call.
    pub ahead: Option<Ahead>,
    /// How it came to that.
    pub receipt: Receipt,
}

/// How the caller is called back.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Whether the call comes from somebody we know.
    pub is_trusted: bool,
    /// Who it is; `None` when nothing is known of the caller.
    pub holder: Option<Holder>,
    /// The Contact of the caller's device, where it has one of its own.
    pub contact: Option<Private<Box<str>>>,
    /// Whether the caller may be lent a number of the pool.
    pub may_lend: bool,
    /// What the pool has for the caller, where it was asked.
    pub offer: Offer,
    /// The callback number that there is without the pool.
    pub unleased: Option<Shown>,
    /// Whether the pool should have had a number and had none.
    pub missed_the_pool: bool,
    /// Whether the caller's presence at a contact center is managed.
    pub managed: bool,
}

impl Reach {
    /// What a pool has for the caller. One of whom nothing is known gets a number that nobody holds.
    pub fn offer_of(&self, leases: &Leases, pool: &[Number], now: Mono) -> Offer {
        match &self.holder {
            Some(holder) => leases.offer(holder, pool, now),
            None => leases.offer(&Holder::device(""), pool, now),
        }
    }
}

/// Where an emergency call of the same caller would go first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// The way.
    pub onward: Onward,
    /// The trunk.
    pub trunk: Option<Arc<str>>,
}

/// Tells the story of one call. `None` only when the source's site is not configured at all, which `check` refuses.
pub fn advance(view: &View<'_>, asked: &Asked) -> Option<Box<Decision>> {
    let mut receipt = Receipt::begin((view.clock)());

    // 1 who is calling: the line at its organisation, and the line's site
    let (line, number) = caller(view, asked)?;
    let site = site_of(view, asked, line.as_deref())?;
    receipt.step(Step::Caller, (view.clock)());

    // 2 what kind of call
    let plan_of_country = view.snapshot.dial_plan(&site.country);
    let classified = classify::decide(&site, plan_of_country, asked.dialled());
    receipt.step(Step::Classify, (view.clock)());

    // 3 where is the caller
    let device = is_placed(classified.class, asked)
        .then(|| device::of(view.cache, &asked.organisation, &asked.marks, line.as_deref()))
        .flatten();
    let organisation = view.snapshot.organisations.get(&asked.organisation).map(AsRef::as_ref);
    let told = device.as_ref().and_then(|device| view.cache.whereabouts(&device.id));
    let measured = asked.measurements.as_ref().or_else(|| told.as_deref().map(|told| &told.measurements));
    let found = organisation.zip(measured).map(|(one, told)| wiremap::decide(view.cache, one, told, view.wall));
    let typed = device.as_ref().zip(measured).and_then(|(device, told)| view.cache.typed(&device.id, told));
    let record = device.as_ref().and_then(|device| device.record.as_deref());
    let by_token = device.as_ref().is_some_and(|device| device.by == By::Token);
    let home = |id: &str| view.cache.locations.get(id).map(|home| Arc::clone(&home));
    let belongs = record.and_then(|device| home(device.fixed_home()?));
    let known = match asked.stranger {
        false => Known {
            line: line.as_deref(),
            home: belongs.as_ref(),
            line_barred: organisation.is_some_and(|one| is_barred(view, one, device.as_ref(), line.as_deref())),
            windows: organisation.map(|organisation| organisation.windows).unwrap_or_default(),
            by_token,
            conveyed: asked.conveyed.as_ref(),
            found: found.as_ref(),
            typed: typed.as_ref(),
            reference: asked.references.are_foreign(view.snapshot, by_token),
            fetched: asked.fetched.as_deref().map(|fetched| &fetched.conveyed),
            order: asked.location_order,
            now: view.wall,
        },
        true => Known::default(),
    };
    let located = Arc::new(location::decide(known));
    let moved = record.zip(found.as_ref()).is_some_and(|(device, found)| device::has_moved(device, found, home));
    receipt.step(Step::Locate, (view.clock)());

    // 4 whom to ask, in what order
    let question = Question {
        class: classified.class,
        number: classified.number,
        site: &site,
        country_on: plan_of_country.switched_on,
        located: &located,
        line_known: line.is_some() || device.is_some(),
        relay_other: asked.relay_other.as_deref(),
        leave_out: asked.leave_out.as_deref(),
        chance: view.chance,
    };
    let plan = routing::decide(view.snapshot, &question, view.is_dead);
    let ahead = (classified.class == Class::Test).then(|| ahead(view, &question));
    receipt.step(Step::Route, (view.clock)());

    // 5 which number reaches the caller
    let may_lend = match classified.class {
        Class::Emergency => plan.way != Way::Gateway,
        Class::Test => ahead.as_ref().is_some_and(|ahead| ahead.onward != Onward::Gateway),
        Class::Crisis | Class::Other | Class::Callback => false,
    };
    let mut reach = reach(asked, device.as_ref(), line.as_deref(), number);
    reach.may_lend = may_lend && !asked.stranger;
    reach.managed = line.as_deref().is_some_and(|line| view.snapshot.is_managed(line));
    let known = callback::Known {
        site: &site,
        line: line.as_deref(),
        device: device.as_ref().and_then(|device| device.record.as_deref()),
        place: located.stands_at().map(AsRef::as_ref),
        shown_by_caller: number,
        offer: Offer::default(),
        managed: reach.managed,
    };
    let callback = match classified.class {
        Class::Emergency | Class::Test => {
            reach.unleased = callback::choose(&known);
            if reach.may_lend {
                let pool = if callback::wants_the_pool(&known, reach.unleased) { &*site.pool } else { &[] };
                reach.offer = reach.offer_of(&view.cache.leases, pool, view.mono);
            }
            let lending = callback::Known { offer: reach.offer, ..known };
            let shown = callback::choose(&lending);
            reach.missed_the_pool = reach.may_lend && callback::missed_the_pool(&lending, shown);
            shown
        }
        Class::Crisis | Class::Other | Class::Callback => None,
    };
    receipt.step(Step::Callback, (view.clock)());

    Some(Box::new(Decision {
        classified,
        site,
        line,
        device,
        located,
        moved,
        fetched: asked.fetched.clone(),
        location_uri: None,
        plan,
        callback,
        reach,
        number,
        ahead,
        receipt,
    }))
}

/// Whether it matters where the caller is: a crisis call says nothing of it, and a stranger's word proves nothing.
fn is_placed(class: Class, asked: &Asked) -> bool {
    matches!(class, Class::Emergency | Class::Test) && !asked.stranger
}

/// The first of the caller's numbers that the organisation lists, else the first one shown.
fn caller(view: &View<'_>, asked: &Asked) -> Option<(Option<Arc<Line>>, Option<Number>)> {
    let country = &view.snapshot.site(&asked.default_site)?.country;
    let calling_code = &view.snapshot.dial_plan(country).calling_code;
    for number in asked.numbers.iter().filter(|_| !asked.stranger) {
        if let Some(line) = view.cache.line(&asked.organisation, *number, calling_code) {
            return Some((Some(line), Some(*number)));
        }
    }
    Some((None, asked.numbers.first().copied()))
}

/// Whom a call back must reach. A stranger's word is no reason to lend a number.
fn reach(asked: &Asked, device: Option<&Calling>, line: Option<&Line>, number: Option<Number>) -> Reach {
    let instance = asked.marks.instance.as_ref().map(|instance| &**instance.expose());
    let device = device.map(|device| &*device.id);
    let holder = callback::holder(&asked.source, device, instance, line, number).filter(|_| !asked.stranger);
    Reach { is_trusted: !asked.stranger, holder, contact: asked.contact.clone(), ..Reach::default() }
}

/// The whole way of an emergency call, decided and not gone: what a test call is told (rulings 4, 7).
fn ahead(view: &View<'_>, test: &Question<'_>) -> Ahead {
    let number = classify::first_code(view.snapshot.dial_plan(&test.site.country), Class::Emergency);
    let real = Question { class: Class::Emergency, number, ..*test };
    let plan = routing::decide(view.snapshot, &real, view.is_dead);
    let onward = match plan.way {
        Way::Direct => Onward::Direct,
        Way::Gateway => Onward::Gateway,
        _ => Onward::Relay,
    };
    Ahead { onward, trunk: plan.targets.first().map(|target| target.trunk.name.clone()) }
}

/// Whether the address of the number may not stand in for the device (rulings: a switch for desk phones and one for
/// clients; a device that never asks where it is has nothing else).
fn is_barred(view: &View<'_>, organisation: &Organisation, device: Option<&Calling>, line: Option<&Line>) -> bool {
    let Some(device) = device else { return false };
    let Some(record) = device.record.as_deref() else { return !organisation.did_fallback.desk };
    let user = line.and_then(|line| view.cache.user_of_line(&organisation.id, line.number));
    !did_fallback(organisation, record, user.as_deref())
}

fn site_of(view: &View<'_>, asked: &Asked, line: Option<&Line>) -> Option<Arc<Site>> {
    line.and_then(|line| view.snapshot.sites.get(&line.site))
        .or_else(|| view.snapshot.sites.get(&asked.default_site))
        .cloned()
}
