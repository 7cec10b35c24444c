//! The lab's config inside the binary, so that `callbox lab` works in any folder.
use super::complaint::Complaint;
use super::file;
use super::settings::Settings;

macro_rules! embedded {
    ($($path:literal),+ $(,)?) => { [$(include_str!(concat!("../../conf/", $path))),+] };
}

/// The lab's tables, in the order of [`super::world`].
pub(super) const LAB_TABLES: [&str; 5] =
    embedded!["lab/organisations.csv", "lab/sites.csv", "lab/buildings.csv", "lab/locations.csv", "lab/numbers.csv",];

/// The dial plans that come with callbox, by file name.
pub(super) const DIAL_PLANS: [(&str, &str); 6] = [
    ("au.toml", include_str!("../../conf/dial-plan/au.toml")),
    ("ca.toml", include_str!("../../conf/dial-plan/ca.toml")),
    ("dk.toml", include_str!("../../conf/dial-plan/dk.toml")),
    ("eu.toml", include_str!("../../conf/dial-plan/eu.toml")),
    ("gb.toml", include_str!("../../conf/dial-plan/gb.toml")),
    ("us.toml", include_str!("../../conf/dial-plan/us.toml")),
];

/// `conf/lab.toml` as it was when this binary was built. The environment is left out: the lab's names and ports are
/// fixed, so that every tool finds them.
pub fn lab_settings() -> Result<Settings, Vec<Complaint>> {
    file::read("conf/lab.toml", include_str!("../../conf/lab.toml"), &[]).map(|(settings, _)| settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::SocketAddr;

    #[test]
    fn the_lab_has_its_fixed_names_and_ports_and_reaches_nothing_beyond_this_machine() {
        let lab = lab_settings().unwrap();
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
