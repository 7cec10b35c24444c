//! Settings as the records that the call path reads.
use super::headers;
use super::settings::{Callback, Ivr, Settings, Source, Trunk};
use super::value::Probe;
use crate::cache::Snapshot;
use crate::record::{self, Boundaries, DialPlan, Ladder, Login, Models, Profile, TrunkKind};
use core::time::Duration;
use std::sync::Arc;

/// The part of the snapshot that the config knows: domain, dial plans, models, boundaries, trunks and sources.
pub fn of(settings: &Settings, dial_plans: Vec<DialPlan>, models: Models, boundaries: Boundaries) -> Snapshot {
    Snapshot {
        domain: settings.node.domain.as_str().into(),
        location_url: settings.http.public_url.as_deref().map(Into::into),
        dial_plans: dial_plans.into_iter().map(|plan| (plan.country.clone(), Arc::new(plan))).collect(),
        models: Arc::new(models),
        trunks: settings.trunks.iter().map(|trunk| Arc::new(trunk_record(trunk))).collect(),
        sources: settings.sources.iter().map(|source| Arc::new(source_record(source))).collect(),
        boundaries: Arc::new(boundaries),
        by_port: settings.node.peers_by_port,
        pass_crisis_code: settings.node.pass_crisis_code,
        callbacks: callbacks(&settings.callback),
        ivr: settings.ivr.enabled.then(|| ivr_record(&settings.ivr)),
        managing: settings.presences.iter().map(|presence| presence.organisation.as_str().into()).collect(),
        ..Snapshot::default()
    }
}

fn callbacks(callback: &Callback) -> record::Callbacks {
    let secs = |secs: u32| Duration::from_secs(secs.into());
    record::Callbacks {
        lease: secs(callback.lease_secs),
        after: secs(callback.lease_after_secs),
        low_percent: callback.pool_low_percent,
        step: secs(callback.step_secs),
        recent: secs(callback.recent_secs),
        misdial: secs(callback.misdial_secs),
        kept_free: secs(callback.kept_free_secs),
    }
}

fn ivr_record(ivr: &Ivr) -> record::Ivr {
    record::Ivr {
        first: ivr.before_trunks,
        max_calls: ivr.max_calls.into(),
        max_span: Duration::from_secs(ivr.max_secs.into()),
        hourly: ivr.calls_per_hour,
    }
}

fn trunk_record(trunk: &Trunk) -> record::Trunk {
    let no_ring_after_ms = trunk.no_ring_after_ms.unwrap_or(match trunk.kind {
        TrunkKind::PsapLegacy | TrunkKind::Gateway => 12_000,
        _ => 6_000,
    });
    record::Trunk {
        name: trunk.name.as_str().into(),
        kind: trunk.kind,
        profile: trunk.profile.unwrap_or(match trunk.kind {
            TrunkKind::PsapI3 => Profile::I3,
            TrunkKind::PsapLegacy => Profile::Legacy,
            TrunkKind::Relay => Profile::Relay,
            TrunkKind::Test => Profile::Test,
            TrunkKind::Crisis => Profile::Crisis,
            TrunkKind::Gateway | TrunkKind::Pbx => Profile::Whole,
        }),
        carrier: trunk.transport,
        host: trunk.host.as_str().into(),
        port: trunk.port,
        fallback: trunk.fallback.clone(),
        answers: trunk.dns_answers,
        from: trunk.from.clone(),
        organisations: trunk.organisations.iter().map(|id| id.as_str().into()).collect(),
        dials: trunk.dials.clone(),
        priority: trunk.priority,
        weight: trunk.weight,
        areas: trunk.areas.clone(),
        account: trunk.account.clone(),
        numbers: trunk.numbers.clone(),
        number_on_record: trunk.number_on_record,
        transfers: trunk.transfers,
        transfer_to: trunk.transfer_to.clone(),
        login: login(trunk).map(Arc::new),
        callback_headers: trunk.callback_headers.iter().filter_map(|line| headers::split(line)).collect(),
        conveyance: trunk.location,
        location_position: trunk.location_position,
        takes_references: trunk.location_references,
        location_updates: trunk.location_updates,
        probe: trunk.probe == Probe::Options,
        silent_after: Duration::from_millis(trunk.silent_after_ms.into()),
        no_ring_after: Duration::from_millis(no_ring_after_ms.into()),
        ring_max: Duration::from_secs(trunk.ring_max_secs.into()),
    }
}

fn login(trunk: &Trunk) -> Option<Login> {
    let (user, password) = (trunk.auth_user.clone()?, trunk.auth_password.clone()?);
    Some(Login { user, password, realm: trunk.auth_realm.clone() })
}

fn source_record(source: &Source) -> record::Source {
    record::Source {
        trunk: source.trunk.as_str().into(),
        organisation: source.organisation.as_str().into(),
        default_site: source.default_site.as_str().into(),
        networks: source.networks.iter().map(|network| (network.address, network.prefix)).collect(),
        relay_other: source.relay_other.as_deref().map(Into::into),
        location_order: Ladder::of(&source.location_order).unwrap_or_default(),
        location_hosts: source.location_hosts.clone().into(),
        location_wait: Duration::from_millis(source.location_wait_ms.into()),
        token_header: source.token_header.as_deref().map(Into::into),
        token_param: source.token_param.as_deref().map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trunk_takes_headers_and_patience_from_its_kind_unless_it_says_otherwise() {
        let kind = |kind| trunk_record(&Trunk { kind, ..Trunk::default() });
        assert_eq!(kind(TrunkKind::PsapI3).profile, Profile::I3);
        assert_eq!(kind(TrunkKind::PsapI3).no_ring_after, Duration::from_secs(6));
        assert_eq!(kind(TrunkKind::Gateway).profile, Profile::Whole);
        assert_eq!(kind(TrunkKind::Gateway).no_ring_after, Duration::from_secs(12));
        let own = Trunk {
            kind: TrunkKind::Gateway,
            profile: Some(Profile::Legacy),
            no_ring_after_ms: Some(3000),
            ..Trunk::default()
        };
        assert_eq!(trunk_record(&own).profile, Profile::Legacy);
        assert_eq!(trunk_record(&own).no_ring_after, Duration::from_secs(3));
    }
}
