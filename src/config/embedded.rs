//! The lab's config and tables inside the binary, so that `callbox lab` works in any folder.
use super::file::{self, Reading};
use super::notices::NoticeTexts;
use super::presence::Secrets;
use super::texts::Texts;
use crate::record::table::Kind;

/// A file of `conf/`, with its name.
macro_rules! conf {
    ($name:literal) => {
        (concat!("conf/", $name).into(), include_str!(concat!("../../conf/", $name)).into())
    };
}

/// `conf/lab.toml` as it was when this binary was built. The environment is left out: the lab's names and ports are
/// fixed, so that every tool finds them.
pub(super) fn lab() -> Reading {
    file::read("conf/lab.toml", include_str!("../../conf/lab.toml"), &[])
}

/// The files that `conf/lab.toml` names.
pub(super) fn lab_texts() -> Texts {
    Texts {
        dial_plans: vec![
            conf!("dial-plan/au.toml"),
            conf!("dial-plan/ca.toml"),
            conf!("dial-plan/dk.toml"),
            conf!("dial-plan/eu.toml"),
            conf!("dial-plan/gb.toml"),
            conf!("dial-plan/us.toml"),
        ],
        boundaries: Vec::new(),
        models: vec![conf!("devices/cisco.toml"), conf!("devices/poly.toml"), conf!("devices/yealink.toml")],
        tables: vec![
            (Kind::Organisations, conf!("lab/organisations.csv")),
            (Kind::Sites, conf!("lab/sites.csv")),
            (Kind::Buildings, conf!("lab/buildings.csv")),
            (Kind::Locations, conf!("lab/locations.csv")),
            (Kind::Numbers, conf!("lab/numbers.csv")),
            (Kind::Wiremap, conf!("lab/wiremap.csv")),
            (Kind::Devices, conf!("lab/devices.csv")),
            (Kind::Users, conf!("lab/users.csv")),
        ],
        version: None,
        cases: vec![conf!("cases/lab.toml")],
        notices: NoticeTexts::default(),
        presence: Secrets::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::SocketAddr;

    #[test]
    fn the_lab_has_its_fixed_names_and_ports_and_reaches_nothing_beyond_this_machine() {
        let (lab, _) = lab().sound().unwrap();
        let trunks: Vec<_> = lab.trunks.iter().map(|trunk| (trunk.name.as_str(), trunk.port.unwrap_or(0))).collect();
        let fixed = [
            ("psap-1", 5070),
            ("psap-2", 5071),
            ("relay", 5072),
            ("crisis", 5073),
            ("gateway", 5074),
            ("pbx", 5075),
            ("ivr", 5076),
        ];
        assert_eq!(trunks, fixed);
        assert!(lab.node.loopback_only && lab.node.peers_by_port);
        assert!(lab.listeners.iter().all(|listener| listener.address.port() == 5060));
        assert_eq!(lab.metrics.address, Some(SocketAddr::from(([127, 0, 0, 1], 9090))));
    }
}
