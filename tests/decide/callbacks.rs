//! Which number reaches the caller, and which of them a trunk may show.
use crate::world::{chicago, line, number, place, site, trunk};
use callbox::cache::leases::Offer;
use callbox::callback::{Known, Origin, candidates, choose, missed_the_pool, on_trunk};
use callbox::record::{Capability, Device, DeviceClass, Line, Location, Preference, Profile, Site, TrunkKind};

/// A caller for whom there is a number by every rule; each is another one.
struct Rich {
    site: Site,
    line: Line,
    device: Device,
    place: Location,
    offer: Offer,
    managed: bool,
}

fn rich() -> Rich {
    let mut site = site("US", &[]);
    let mut place = (*place("hq-101", chicago())).clone();
    let mut line = line("+13125550123", None);
    site.ecbn = Some(number("+13125550100"));
    site.pool = vec![number("+13125550190"), number("+13125550191")];
    place.ecbn = Some(number("+13125550101"));
    line.ecbn = Some(number("+13125550102"));
    let device = Device {
        id: "lobby".into(),
        organisation: "acme".into(),
        class: DeviceClass::Fixed,
        mac: None,
        instance: None,
        model: None,
        capability: Capability::None,
        lines: Vec::new(),
        ecbn: Some(number("+13125550103")),
        home: None,
    };
    let offer = Offer { held: Some(number("+13125550190")), free: Some(number("+13125550191")) };
    Rich { site, line, device, place, offer, managed: false }
}

impl Rich {
    fn known(&self) -> Known<'_> {
        Known {
            site: &self.site,
            line: Some(&self.line),
            device: Some(&self.device),
            place: Some(&self.place),
            shown_by_caller: Some(number("4117")),
            offer: self.offer,
            managed: self.managed,
        }
    }

    fn origin(&self) -> Option<Origin> {
        choose(&self.known()).map(|shown| shown.origin)
    }
}

#[test]
fn the_callback_number_follows_the_order_of_the_rules() {
    let mut it = rich();
    assert_eq!(it.origin(), Some(Origin::Held));
    it.offer.held = None;
    assert_eq!(it.origin(), Some(Origin::LineEcbn));
    it.line.ecbn = None;
    assert_eq!(it.origin(), Some(Origin::DeviceEcbn));
    it.device.ecbn = None;
    assert_eq!(it.origin(), Some(Origin::Own));
    it.line.reachable = false;
    assert_eq!(it.origin(), Some(Origin::Leased));
    assert!(!missed_the_pool(&it.known(), choose(&it.known())));
    it.offer.free = None;
    assert_eq!(it.origin(), Some(Origin::LocationEcbn));
    assert!(missed_the_pool(&it.known(), choose(&it.known())), "the pool should have had one");
    it.place.ecbn = None;
    assert_eq!(it.origin(), Some(Origin::SiteEcbn));
    it.site.ecbn = None;
    assert_eq!(it.origin(), Some(Origin::AsShown));
    it.line.reachable = true;
    it.line.number = number("4117");
    assert_eq!(it.origin(), Some(Origin::AsShown), "nobody outside can dial an extension");
    it.site.pool.clear();
    assert!(!missed_the_pool(&it.known(), choose(&it.known())), "a site that lends none misses none");
}

#[test]
fn a_site_that_prefers_its_pool_lends_before_all_but_what_is_held() {
    let mut it = rich();
    it.site.callback_first = Preference::Lease;
    let origins: Vec<_> = candidates(&it.known()).map(|shown| shown.origin).collect();
    assert_eq!(
        origins,
        [
            Origin::Held,
            Origin::LineEcbn,
            Origin::DeviceEcbn,
            Origin::Own,
            Origin::LocationEcbn,
            Origin::SiteEcbn,
            Origin::AsShown
        ]
    );
    it.offer.held = None;
    assert_eq!(it.origin(), Some(Origin::Leased));
    it.offer.free = None;
    assert_eq!(it.origin(), Some(Origin::LineEcbn));
    assert!(missed_the_pool(&it.known(), choose(&it.known())), "every call is to come back by us");
}

#[test]
fn a_caller_whose_presence_is_managed_is_lent_a_number_wherever_it_is() {
    let mut it = rich();
    it.offer.held = None;
    assert_eq!(it.origin(), Some(Origin::LineEcbn));
    it.managed = true;
    assert_eq!(it.origin(), Some(Origin::Leased));
    it.offer.free = None;
    assert_eq!(it.origin(), Some(Origin::LineEcbn));
    assert!(missed_the_pool(&it.known(), choose(&it.known())), "every call is to come back by us");
}

#[test]
fn a_legacy_trunk_shows_the_number_of_the_place_and_a_lent_one_only_where_its_carrier_knows_it() {
    let mut legacy = trunk("carrier", TrunkKind::PsapLegacy, Profile::Legacy, 5080);
    let modern = trunk("psap-1", TrunkKind::PsapI3, Profile::I3, 5070);
    let mut it = rich();
    it.offer.held = None;
    it.place.elin = Some(number("+13125550111"));
    legacy.number_on_record = Some(number("+13125550199"));
    let own = choose(&it.known());
    let shown = |trunk: &_, it: &Rich, callback| {
        on_trunk(trunk, Some(&it.place), callback, own).map(|shown| (shown.number, shown.origin))
    };
    assert_eq!(shown(&modern, &it, own), Some((number("+13125550102"), Origin::LineEcbn)));
    assert_eq!(shown(&legacy, &it, own), Some((number("+13125550111"), Origin::Elin)));
    it.place.elin = None;
    assert_eq!(shown(&legacy, &it, own), Some((number("+13125550199"), Origin::OnRecord)));
    legacy.number_on_record = None;
    assert_eq!(shown(&legacy, &it, own), Some((number("+13125550102"), Origin::LineEcbn)));
    it.offer.held = Some(number("+13125550190"));
    let lent = choose(&it.known());
    assert_eq!(shown(&modern, &it, lent), Some((number("+13125550190"), Origin::Held)));
    assert_eq!(shown(&legacy, &it, lent), Some((number("+13125550102"), Origin::LineEcbn)));
    legacy.numbers = vec![number("+13125550190")];
    assert_eq!(shown(&legacy, &it, lent), Some((number("+13125550190"), Origin::Held)));
}
