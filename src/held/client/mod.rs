//! What soft clients ask in JSON: they tell every interface that they see and learn where they are, and what to do about it;
//! and they tell the address that their user gave for the network that they are on.
mod words;

pub use words::{Asked, Given, Heard, Place, Plugged, Refused, Seen, Told, Wrong, read, read_given};

use super::answer::{LOCATION_PATH, Terms, is_served};
use super::place::{Placed, sighting, told_before, told_now};
use super::subject::{self, Asker, Subject};
use crate::base::entropy::Entropy;
use crate::base::now::Wall;
use crate::cache::{Cache, Named, Typed};
use crate::record::entered;
use crate::record::measured::MOST_INTERFACES;
use crate::record::surroundings::Surroundings;
use crate::record::{Capability, Mac, Number, Organisation};
use std::sync::Arc;

/// Tells a client where it is, and keeps what it said for its calls. `None` when its number is not listed, or of another
/// organisation than the asker's.
pub fn located(
    cache: &Cache,
    terms: &Terms,
    asker: &Asker,
    asked: &Asked,
    now: Wall,
    chance: &mut Entropy,
) -> Option<Told> {
    let client = Client::of(cache, asker, asked, now)?;
    Some(client.told(cache, terms, asked, now, chance))
}

/// Keeps the address that a user gives for the network that the client is on, for its calls from there, and tells where it is
/// then. What the wiremap knows of the network goes before it.
///
/// # Errors
/// All that is wrong with the address, or that nothing tells the client or its network from others.
pub fn given(
    cache: &Cache,
    terms: &Terms,
    asker: &Asker,
    given: &Given,
    now: Wall,
    chance: &mut Entropy,
) -> Result<Told, Refused> {
    let civic = entered::address(given.civic.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    let (client, device, here) = Client::somewhere(cache, asker, &given.asked, now)?;
    if !is_served(cache, &client.organisation, &client.subject) {
        return Err(Refused::one("number", "not_served", "its site's location requests are not answered here"));
    }
    let before = cache.typed(&device, &client.placed.told.measurements);
    let typed = Typed::new(here.clone(), civic, now);
    let place = Arc::clone(&typed.place);
    if !cache.keep_typed(&device, typed) {
        return Err(Refused::one("instance", "full", "too many clients have given addresses; tell the operator"));
    }
    if before.is_none_or(|before| before.civic != place.civic) {
        cache.saw(sighting(cache, &client.subject, here, Some(place), now));
    }
    let client = client.again(cache, now);
    Ok(client.told(cache, terms, &given.asked, now, chance))
}

/// Forgets the address that a user gave for the network that the client is on, and tells where it is then.
///
/// # Errors
/// Nothing tells the client or its network from others, or there is no such address.
pub fn withdrawn(
    cache: &Cache,
    terms: &Terms,
    asker: &Asker,
    asked: &Asked,
    now: Wall,
    chance: &mut Entropy,
) -> Result<Told, Refused> {
    let (client, device, here) = Client::somewhere(cache, asker, asked, now)?;
    if !cache.withdraw_typed(&device, &here) {
        return Err(Refused::one("interfaces", "unknown", "no address was given for this network"));
    }
    Ok(client.again(cache, now).told(cache, terms, asked, now, chance))
}

/// A client that was taken for one, and where it is.
struct Client {
    organisation: Arc<Organisation>,
    subject: Subject,
    placed: Placed,
}

impl Client {
    /// Takes what a client says of itself and keeps it. `None` when its number is not listed.
    fn of(cache: &Cache, asker: &Asker, asked: &Asked, now: Wall) -> Option<Client> {
        let organisation = cache.snapshot.load().organisations.get(&asker.organisation).cloned()?;
        let named = subject::Client {
            instance: asked.instance.as_deref(),
            mac: asked.mac.as_deref().and_then(Mac::read),
            number: asked.number.as_deref().and_then(Number::read),
        };
        let subject = subject::of_client(cache, asker, named)?;
        let measured: Vec<_> = asked.interfaces.iter().take(MOST_INTERFACES).map(|seen| seen.measured(now)).collect();
        let placed = told_now(cache, &organisation, &subject, &measured, now);
        Some(Client { organisation, subject, placed })
    }

    /// The same, where both the client and its network can be told from others.
    fn somewhere(
        cache: &Cache,
        asker: &Asker,
        asked: &Asked,
        now: Wall,
    ) -> Result<(Client, Arc<str>, Surroundings), Refused> {
        let nowhere =
            || Refused::one("interfaces", "missing", "say what tells the network: its gateway or an access point");
        if asked.interfaces.is_empty() {
            // What it told before may have been another network.
            return Err(nowhere());
        }
        let unknown = || Refused::one("number", "unknown", "no such number is listed");
        let client = Client::of(cache, asker, asked, now).ok_or_else(unknown)?;
        let nobody =
            || Refused::one("instance", "missing", "say who it is: an instance id, a hardware address or a number");
        let device = client.asking().ok_or_else(nobody)?;
        let nowhere =
            || Refused::one("interfaces", "missing", "say what tells the network: its gateway or an access point");
        let here = Surroundings::of(&client.placed.told.measurements).ok_or_else(nowhere)?;
        Ok((client, device, here))
    }

    /// Its id, when it is of a kind that asks where it is.
    fn asking(&self) -> Option<Arc<str>> {
        let asks = self.subject.device.as_ref().is_none_or(|device| device.capability != Capability::None);
        self.subject.id.clone().filter(|_| asks)
    }

    /// The same after what is known of it has changed.
    fn again(self, cache: &Cache, now: Wall) -> Client {
        let placed = told_before(cache, &self.organisation, &self.subject, now).unwrap_or(self.placed);
        Client { placed, ..self }
    }

    fn told(mut self, cache: &Cache, terms: &Terms, asked: &Asked, now: Wall, chance: &mut Entropy) -> Told {
        if !is_served(cache, &self.organisation, &self.subject) {
            self.placed.located = crate::location::decide(crate::location::Known::default());
        }
        let class = self.subject.device.as_ref().map(|device| device.class);
        let mut told = Told::of(&self.placed, asked, class);
        if let Some(device) = self.asking() {
            let expires = Wall::from_millis(now.as_millis() + terms.lifetime.as_millis() as u64);
            let named = Named { device, organisation: Arc::clone(&self.organisation.id), expires };
            let token = cache.issue(named, chance);
            told.location_uri = terms.public_url.as_deref().map(|url| format!("{url}{LOCATION_PATH}{token}"));
            told.expires = Some(expires.civil().xml_date_time());
            told.token = Some(token);
        }
        told
    }
}
