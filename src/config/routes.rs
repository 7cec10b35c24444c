//! Whether the calls of every site have somewhere to go.
use super::complaint::{Complaint, nearest};
use super::document::Document;
use super::settings::Settings;
use crate::cache::Snapshot;
use crate::classify::first_code;
use crate::record::site::plan_of;
use crate::record::table::Tables;
use crate::record::{Area, Class, Element, Site, Trunk, TrunkKind};
use crate::routing::Claim;
use std::sync::Arc;

/// Checks sources and areas against the tables, and every site against the trunks. `sites` is the name of the file that
/// the sites stand in.
pub fn check(
    settings: &Settings,
    snapshot: &Snapshot,
    tables: &Tables,
    document: &Document,
    sites: &str,
    complaints: &mut Vec<Complaint>,
) {
    sources(settings, tables, document, complaints);
    areas(settings, snapshot, tables, document, complaints);
    claims(settings, snapshot, tables, document, complaints);
    for site in &tables.sites {
        for (why, remedy) in faults_of(site, snapshot) {
            complaints.push(Complaint {
                file: sites.to_owned(),
                line: None,
                key: site.id.to_string(),
                why: why.to_owned(),
                remedy: remedy.to_owned(),
            });
        }
    }
}

fn sources(settings: &Settings, tables: &Tables, document: &Document, complaints: &mut Vec<Complaint>) {
    for (at, source) in settings.sources.iter().enumerate() {
        if !tables.organisations.iter().any(|organisation| *organisation.id == *source.organisation) {
            let known = tables.organisations.iter().map(|organisation| &*organisation.id);
            let remedy = nearest(&source.organisation, known).unwrap_or("an organisation of organisations.csv");
            let key = format!("source[{at}].organisation");
            complaints.push(document.complaint(&key, "there is no such organisation".into(), remedy.into()));
        }
        let own = || tables.sites.iter().filter(|site| *site.organisation == *source.organisation);
        if !own().any(|site| *site.id == *source.default_site) {
            let remedy = nearest(&source.default_site, own().map(|site| &*site.id)).unwrap_or("a site of sites.csv");
            let key = format!("source[{at}].default_site");
            let why = "this organisation has no such site";
            complaints.push(document.complaint(&key, why.into(), remedy.into()));
        }
    }
}

fn areas(
    settings: &Settings,
    snapshot: &Snapshot,
    tables: &Tables,
    document: &Document,
    complaints: &mut Vec<Complaint>,
) {
    for (at, trunk) in settings.trunks.iter().enumerate() {
        for (nth, area) in trunk.areas.iter().enumerate() {
            let unknown = |name: &Option<String>| {
                name.as_ref().is_some_and(|name| !tables.locations.iter().any(|place| *place.id == **name))
            };
            let drawn = |name: &str| snapshot.boundaries.place(name).is_some();
            if area.boundary.as_deref().is_some_and(|name| !drawn(name)) {
                let key = format!("trunk[{at}].areas[{nth}]");
                let wanted = area.boundary.as_deref().unwrap_or_default();
                let remedy = nearest(wanted, snapshot.boundaries.names());
                let remedy = remedy.unwrap_or("the name of a feature in a GeoJSON file of node.boundaries");
                complaints.push(document.complaint(&key, "there is no such boundary".into(), remedy.into()));
            }
            if unknown(&area.building) || unknown(&area.location) {
                let key = format!("trunk[{at}].areas[{nth}]");
                let why = "there is no such building or location";
                complaints.push(document.complaint(&key, why.into(), "an id of buildings.csv or locations.csv".into()));
            }
        }
    }
}

/// Whose trunks these are, and for which numbers.
fn claims(
    settings: &Settings,
    snapshot: &Snapshot,
    tables: &Tables,
    document: &Document,
    complaints: &mut Vec<Complaint>,
) {
    let mut complain = |key: String, why: &str, remedy: &str| {
        complaints.push(document.complaint(&key, why.to_owned(), remedy.to_owned()));
    };
    for (at, trunk) in settings.trunks.iter().enumerate() {
        let is_named = matches!(trunk.kind, TrunkKind::Gateway | TrunkKind::Pbx);
        if is_named && !(trunk.organisations.is_empty() && trunk.dials.is_empty()) {
            let key = if trunk.dials.is_empty() { "organisations" } else { "dials" };
            let why = "says nothing of a trunk that sites and sources name themselves";
            complain(format!("trunk[{at}].{key}"), why, "nothing, or another kind");
        }
        for (nth, organisation) in trunk.organisations.iter().enumerate() {
            let known = || tables.organisations.iter().map(|one| &*one.id);
            if !known().any(|one| one == organisation) {
                let remedy = nearest(organisation, known()).unwrap_or("an organisation of organisations.csv");
                complain(format!("trunk[{at}].organisations[{nth}]"), "there is no such organisation", remedy);
            }
        }
        for (nth, number) in trunk.dials.iter().enumerate() {
            if !snapshot.dial_plans.values().any(|plan| plan.codes().any(|code| code == number.expose())) {
                let why = "is no number of any dial plan";
                complain(format!("trunk[{at}].dials[{nth}]"), why, "911, or another of node.dial_plans");
            }
        }
    }
}

/// What is missing for a site's calls, and what would mend it.
fn faults_of(site: &Site, snapshot: &Snapshot) -> Vec<(&'static str, &'static str)> {
    let mut faults = Vec::new();
    let Some(plan) = plan_of(&snapshot.dial_plans, &site.country) else { return faults };
    let takes = |trunk: &Trunk, class| Claim::of(trunk, &site.organisation, first_code(plan, class).as_ref()).is_some();
    let has = |kind: TrunkKind, class| snapshot.trunks.iter().any(|trunk| trunk.kind == kind && takes(trunk, class));
    let is_served = || snapshot.trunks.iter().any(|trunk| serves(trunk, site) && takes(trunk, Class::Emergency));
    let routed = plan.switched_on && site.stage2;
    if routed && !has(TrunkKind::Relay, Class::Emergency) && !is_served() {
        faults.push((
            "its emergency calls are ours, and no PSAP trunk serves it and there is no relay center",
            "a trunk of kind relay, or a PSAP trunk whose areas hold the site's building",
        ));
    }
    if !routed && site.gateway.is_none() {
        faults.push((
            "its emergency calls are not ours, and it has no gateway that they could go by",
            "the name of a trunk in the column gateway",
        ));
    }
    if routed && !plan.crisis.is_empty() && !has(TrunkKind::Crisis, Class::Crisis) && site.gateway.is_none() {
        faults.push((
            "its calls to the crisis line are ours and have no way there",
            "a trunk of kind crisis, or a gateway of the site",
        ));
    }
    if plan.switched_on
        && site.stage1
        && !plan.test.is_empty()
        && !has(TrunkKind::Test, Class::Test)
        && snapshot.ivr.is_none()
    {
        let why = "its test calls are ours and nothing answers them";
        faults.push((why, "enabled = true under [ivr], or a trunk of kind test"));
    }
    faults
}

/// Whether a PSAP trunk takes calls from the site's own building. Elements that the site's address lacks are no
/// hindrance: its places may have them.
fn serves(trunk: &Arc<Trunk>, site: &Site) -> bool {
    let within = |area: &Area| {
        let holds = |wanted: &Option<String>, has: Option<&str>| {
            wanted.as_deref().zip(has).is_none_or(|(wanted, has)| wanted.eq_ignore_ascii_case(has))
        };
        // Whom a boundary holds is not known before they call.
        area.boundary.is_none()
            && holds(&area.country, Some(&site.country))
            && holds(&area.state, site.civic.value(Element::A1))
            && holds(&area.county, site.civic.value(Element::A2))
            && holds(&area.city, site.civic.value(Element::A3))
    };
    matches!(trunk.kind, TrunkKind::PsapI3 | TrunkKind::PsapLegacy)
        && (trunk.areas.is_empty() || trunk.areas.iter().any(within))
}

#[cfg(test)]
mod tests {
    use super::super::texts::Texts;
    use super::super::world::World;
    use super::super::{embedded, file};
    use crate::record::table::Kind;

    /// What is told of the lab when its config and its tables are edited.
    fn told(config: impl Fn(String) -> String, tables: impl Fn(&mut Texts)) -> Vec<String> {
        let text = config(include_str!("../../conf/lab.toml").to_owned());
        let (settings, document) =
            file::read("lab.toml", &text, &[]).sound().expect("a config that is sound by itself");
        let mut texts = embedded::lab_texts();
        tables(&mut texts);
        match World::build(settings, &document, &texts, Vec::new(), crate::base::hands::InTurn) {
            Ok(_) => Vec::new(),
            Err(complaints) => complaints.iter().map(ToString::to_string).collect(),
        }
    }

    /// The config without the trunk of this name.
    fn without(config: &str, trunk: &str) -> String {
        let mine = format!("name = \"{trunk}\"");
        config.split("[[trunk]]").filter(|table| !table.contains(&mine)).collect::<Vec<_>>().join("[[trunk]]")
    }

    #[test]
    fn the_lab_as_it_is_has_a_way_for_every_call() {
        assert_eq!(told(|config| config, |_| {}), Vec::<String>::new());
    }

    #[test]
    fn a_site_whose_calls_nobody_takes_is_told() {
        let elsewhere = |config: String| {
            without(&config, "relay").replace("kind = \"psap-i3\"", "kind = \"psap-i3\"\nareas = [{ state = \"NY\" }]")
        };
        let told = told(elsewhere, |_| {});
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("conf/lab/sites.csv hq: its emergency calls are ours, and no PSAP"), "{told:?}");
    }

    #[test]
    fn a_site_that_is_not_ours_needs_a_gateway_and_test_calls_need_someone_who_answers() {
        let no_gateway = |texts: &mut Texts| {
            let sites = texts.tables.iter_mut().find(|(kind, _)| *kind == Kind::Sites).expect("the sites");
            let changed = sites.1.1.replace("depot,acme,US,,no,no,,,,gateway", "depot,acme,US,,no,no,,,,");
            sites.1.1 = changed.into();
        };
        let told_of_depot = told(|config| config, no_gateway);
        assert_eq!(told_of_depot.len(), 1, "{told_of_depot:?}");
        assert!(told_of_depot[0].contains(" depot: its emergency calls are not ours"), "{told_of_depot:?}");
        let told_of_own = told(|config| without(&config, "ivr"), |_| {});
        assert!(told_of_own.is_empty(), "we answer them ourselves: {told_of_own:?}");
        let mute = |config: String| without(&config, "ivr").replace("before_trunks = true", "enabled = false");
        let told_of_ivr = told(mute, |_| {});
        assert_eq!(told_of_ivr.len(), 2, "hq and branch have stage 1: {told_of_ivr:?}");
    }

    #[test]
    fn whose_a_trunk_is_and_what_it_takes_must_be_there_and_a_site_is_not_served_by_somebody_elses() {
        let misspelt = |config: String| {
            config
                .replacen("port = 5070", "port = 5070\norganisations = [\"acm\"]\ndials = [\"991\"]", 1)
                .replace("kind = \"gateway\"", "kind = \"gateway\"\norganisations = [\"acme\"]")
        };
        let found = told(misspelt, |_| {});
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].ends_with("trunk[0].organisations[0]: there is no such organisation; try acme"), "{found:?}");
        assert!(found[1].contains("trunk[0].dials[0]: is no number of any dial plan"), "{found:?}");
        assert!(found[2].contains("trunk[4].organisations: says nothing of a trunk"), "{found:?}");
        let for_112 = |config: String| {
            without(&config, "relay").replace("kind = \"psap-i3\"", "kind = \"psap-i3\"\ndials = [\"112\"]")
        };
        let found = told(for_112, |_| {});
        assert!(found.len() == 1 && found[0].contains("no PSAP trunk serves it"), "{found:?}");
    }

    #[test]
    fn sources_and_areas_name_what_the_tables_have() {
        let misspelt = |config: String| {
            config
                .replace("default_site = \"hq\"", "default_site = \"hp\"")
                .replace("kind = \"relay\"", "kind = \"relay\"\nareas = [{ building = \"hq-man\" }]")
        };
        let told = told(misspelt, |_| {});
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[1].ends_with("source[0].default_site: this organisation has no such site; try hq"), "{told:?}");
        assert!(told[0].contains("trunk[2].areas[0]: there is no such building or location"), "{told:?}");
    }
}
