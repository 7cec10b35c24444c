//! `callbox explain`: the receipt of a call that is not made.
use super::attached::Attached;
use super::run::complain;
use crate::app::build::state_folder;
use crate::b2bua::intake::Asked;
use crate::b2bua::story::{self, Decision, View};
use crate::base::now::Wall;
use crate::base::private::Private;
use crate::cache::Cache;
use crate::cache::leases::Offer;
use crate::callback::{self, Known, Origin, Shown};
use crate::config::{self, Settings};
use crate::edge::clock::Clock;
use crate::edge::database::Trouble;
use crate::edge::entropy;
use crate::edge::state::{State, whereabouts};
use crate::location::Rung;
use crate::location::device::By;
use crate::record::{Class, Number, TrunkKind};
use crate::routing::{Claim, Turn};
use clap::Args;
use core::time::Duration;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `callbox explain` takes.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// What is dialled: 911, 9911, 933, 988, urn:service:sos, or any number
    pub number: String,
    /// Who calls: a number or an extension
    #[arg(long, default_value = "+13125550123")]
    pub from: String,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap takes a comment here for that of every option within")]
    pub attached: Attached,
    /// A location token that the caller's device holds; known where the router of the config keeps what devices told
    #[arg(long, value_name = "T")]
    pub token: Option<String>,
    /// The trunk that the call comes from; the first source if left out
    #[arg(long, value_name = "TRUNK")]
    pub source: Option<String>,
    /// The config; the lab's if left out
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Decides the call as the router would and prints how it came to that.
pub fn run(args: ExplainArgs) -> ExitCode {
    let world = match &args.config {
        Some(path) => config::world::load(path),
        None => config::world::lab(),
    };
    let world = match world {
        Ok(world) => world,
        Err(complaints) => return complain(&complaints),
    };
    match explain(world, &args) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("callbox: {why}");
            ExitCode::from(crate::config::complaint::EXIT_CODE)
        }
    }
}

fn explain(world: config::World, args: &ExplainArgs) -> Result<String, String> {
    let cache = Cache::default();
    let settings = world.publish(&cache);
    let snapshot = cache.snapshot.load_full();
    let wanted = args.source.as_deref();
    let source = snapshot
        .sources
        .iter()
        .find(|source| wanted.is_none_or(|wanted| *source.trunk == *wanted))
        .ok_or("no such source in the config; try one of its [[source]] trunks with --source")?;
    let number = Number::read(&args.from).ok_or("--from is no number; try +13125550123 or 4117")?;
    let mut asked = Asked::by_hand(source, &args.number, Some(number));
    let clock = Clock::start();
    recall(&settings, &cache, clock.now().wall)?;
    if let Some(token) = &args.token {
        if cache.token(token).is_none() {
            return Err(
                "nobody was given this token, as far as the router has written; give what the device says of its \
                        network"
                    .into(),
            );
        }
        asked.marks.tokens.push(Private::new(token.as_str().into()));
    }
    let crate::base::now::Now { mono, wall } = clock.now();
    asked.measurements = args.attached.measurements(wall)?;
    let tick = move || clock.now().mono;
    let chance = entropy::from_system().map_err(|error| error.to_string())?.bits();
    let view = View { cache: &cache, snapshot: &snapshot, is_dead: &|_| false, clock: &tick, mono, wall, chance };
    // Once to warm the memory that a running router has warm, once to be timed.
    let _warm = story::advance(&view, &asked);
    let decision =
        story::advance(&view, &asked).ok_or("the source's default site is in no table; try `callbox check`")?;
    let offer = decision.reach.offer_of(&cache.leases, &decision.site.pool, mono);
    let offer = if decision.reach.may_lend { offer } else { Offer::default() };
    Ok(receipt(args, &source.trunk, &decision, offer))
}

/// Reads what devices and users told the router of this config, where it keeps that.
fn recall(settings: &Settings, cache: &Cache, now: Wall) -> Result<(), String> {
    let Some(folder) = state_folder(settings) else { return Ok(()) };
    let named = |trouble: Trouble| format!("the state in {}: {trouble}", folder.display());
    if let Some(connection) = State::look(folder).map_err(named)? {
        let _counts = whereabouts::recall(&connection, cache, now).map_err(named)?;
    }
    Ok(())
}

/// The receipt as text. It is for the operator who asked about this very number, so it shows what logs may not.
fn receipt(args: &ExplainArgs, source: &str, decision: &Decision, offer: Offer) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        let _grows = writeln!(out, "{name:<12}{value}");
    };
    line("dialled", format!("{} from {} by {source}", args.number, args.from));
    let service = decision.classified.service.as_deref().map(|service| format!(", {service}")).unwrap_or_default();
    line("class", format!("{}{service}", decision.classified.class.text()));
    let listed = if decision.line.is_some() { "listed" } else { "not listed: the source's default site holds" };
    line("site", format!("{} (caller {listed})", decision.site.id));
    if let Some(device) = &decision.device {
        line("device", format!("{}, by {}", device.id, by(device.by)));
    }
    if decision.moved {
        line("", "it belongs to another place than the one where it was seen".into());
    }
    for (place, candidate) in decision.located.candidates.iter().enumerate() {
        let name = if place == 0 { "location" } else { "" };
        let age = if candidate.age.is_zero() { String::new() } else { format!(", {} old", age(candidate.age)) };
        line(name, format!("{} {}{age}: {}", rung(candidate.rung), candidate.grade.text(), candidate.why));
    }
    for hit in decision.located.wiremap.iter().flat_map(|found| &found.hits) {
        let seen = if hit.age.is_zero() { String::new() } else { format!(", seen {} ago", age(hit.age)) };
        line("", format!("{} names {}{seen}: {}", hit.rule.text(), hit.place.id, hit.verdict.text()));
    }
    if args.attached.is_given() && decision.located.wiremap.is_none() {
        line("", "the wiremap has no line for where the device is attached".into());
    }
    if decision.located.candidates.is_empty() {
        line("location", "none: nothing is known of the caller's place".into());
    }
    if let Some(civic) = decision.located.civic() {
        let parts: Vec<_> = civic.elements().map(|(element, value)| format!("{}={value}", element.text())).collect();
        line("address", parts.join(" "));
    }
    match decision.callback {
        Some(shown) => line("callback", format!("{} ({})", shown.number.expose(), origin(shown.origin))),
        None => line("callback", "none: this class takes none".into()),
    }
    for later in candidates(decision, offer).into_iter().skip(1) {
        line("", format!("else {} ({})", later.number.expose(), origin(later.origin)));
    }
    if decision.reach.managed && decision.classified.class == Class::Emergency {
        line("presence", "managed: do-not-disturb while the call lasts, and the site's pool goes first".into());
    }
    line("way", decision.plan.way.text().into());
    for (place, target) in decision.plan.targets.iter().enumerate() {
        let stands_at = decision.located.stands_at().map(AsRef::as_ref);
        let shows = callback::on_trunk(&target.trunk, stands_at, decision.callback, decision.reach.unleased)
            .filter(|_| target.trunk.kind != TrunkKind::Gateway)
            .map(|shown| format!(", shows {} ({})", shown.number.expose(), origin(shown.origin)))
            .unwrap_or_default();
        let dial = target.dial.map(|dial| format!(", dials {dial}")).unwrap_or_default();
        let default = if target.with_default { ", with the default location" } else { "" };
        // A gateway is the site's own, whoever else there is.
        let claim = Claim::of(&target.trunk, &decision.site.organisation, decision.classified.number.as_ref());
        let claim = claim.filter(|claim| *claim != Claim::System && target.trunk.kind != TrunkKind::Gateway);
        let claim = claim.map(|claim| format!(", {}", claim.text())).unwrap_or_default();
        line(
            if place == 0 { "targets" } else { "" },
            format!("{}. {}{claim}{dial}{shows}{default}", place + 1, target.trunk.name),
        );
    }
    match decision.plan.own_ivr {
        Some(Turn::First) => line("answers", "the built-in test IVR; the targets stand in for it".into()),
        Some(Turn::Last) => line("answers", "the built-in test IVR, when no target does".into()),
        None => {}
    }
    if decision.plan.targets.is_empty() && decision.plan.own_ivr.is_none() {
        line("targets", "none: the caller hears 404".into());
    }
    for (place, (step, took)) in decision.receipt.steps().enumerate() {
        line(if place == 0 { "took" } else { "" }, format!("{:<9}{:>4} µs", step.text(), took.as_micros()));
    }
    line("", format!("{:<9}{:>4} µs", "together", decision.receipt.took().as_micros()));
    out
}

/// The callback numbers that the caller could have, the one that wins first.
fn candidates(decision: &Decision, offer: Offer) -> Vec<Shown> {
    let known = Known {
        site: &decision.site,
        line: decision.line.as_deref(),
        device: decision.device.as_ref().and_then(|device| device.record.as_deref()),
        place: decision.located.stands_at().map(AsRef::as_ref),
        shown_by_caller: decision.number,
        offer,
        managed: decision.reach.managed,
    };
    let mut found: Vec<Shown> = Vec::new();
    for shown in callback::candidates(&known).filter(|_| decision.callback.is_some()) {
        if !found.iter().any(|known| known.number == shown.number) {
            found.push(shown);
        }
    }
    found
}

/// How long ago, in the largest unit that leaves a number worth saying.
fn age(age: Duration) -> String {
    let secs = age.as_secs();
    let (count, unit) = match secs {
        0..120 => (secs, "s"),
        120..7200 => (secs / 60, "min"),
        7200..172_800 => (secs / 3600, "h"),
        _ => (secs / 86_400, "days"),
    };
    format!("{count} {unit}")
}

const fn by(by: By) -> &'static str {
    match by {
        By::Token => "its token",
        By::Instance => "its instance id",
        By::Mac => "its hardware address",
        By::Line => "its line",
        By::Earlier => "an earlier call of its own",
    }
}

const fn rung(rung: Rung) -> &'static str {
    match rung {
        Rung::Token => "by the device's token,",
        Rung::Conveyed => "sent with the call,",
        Rung::Wiremap => "wiremap,",
        Rung::Typed => "given by the user,",
        Rung::LastKnown => "last known,",
        Rung::Reference => "sent by reference,",
        Rung::Number => "address of the number,",
        Rung::Home => "where the device belongs,",
    }
}

const fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Held => "lent to the caller already",
        Origin::LineEcbn => "the ECBN of the line or its user",
        Origin::DeviceEcbn => "the device's ECBN",
        Origin::Leased => "lent to the caller, from the site's pool",
        Origin::Own => "the line's own number",
        Origin::LocationEcbn => "the location's ECBN",
        Origin::SiteEcbn => "the site's ECBN",
        Origin::Elin => "the location's ELIN",
        Origin::OnRecord => "the carrier's number on record",
        Origin::AsShown => "as the caller shows it",
    }
}
