use super::*;
use crate::record::located::{Candidate, Method};
use crate::record::{Civic, Element, Found, Location};
use std::sync::Arc;

/// A script as somebody who writes down what they hear would have it.
fn text(pieces: &[Piece]) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Fixed(sentence) => out += sentence.text(),
            Piece::Words(words) => out += words.expose(),
            Piece::Spelled(code) => out += &code.expose().chars().map(|c| c.to_string()).collect::<Vec<_>>().join("-"),
            Piece::Pause => out += " /",
        }
        out.push(' ');
    }
    out
}

fn place(elements: &[(Element, &str)]) -> Arc<Location> {
    let mut civic = Civic::default();
    for (element, value) in elements {
        civic.set(*element, value);
    }
    Arc::new(Location::new("hq-217".into(), "hq".into(), civic))
}

fn located(rung: Rung, age: u64, place: Option<Arc<Location>>, found: Option<Found>) -> Located {
    let grade = place.as_ref().map_or(Grade::None, |place| Grade::of(&place.civic));
    let candidate = Candidate { rung, grade, firm: true, place: place.clone(), age: Duration::from_secs(age), why: "" };
    Located {
        grade,
        place,
        method: Method::Manual,
        age: Duration::ZERO,
        disputed: Vec::new(),
        caveat: None,
        conveyed: None,
        elin: None,
        shape: None,
        wiremap: found.map(Box::new),
        candidates: [candidate].into_iter().collect(),
    }
}

#[test]
fn a_caller_in_a_room_hears_everything_that_an_emergency_center_would_get() {
    let room = place(&[
        (Element::Country, "US"),
        (Element::A1, "IL"),
        (Element::A3, "Chicago"),
        (Element::Rd, "Example"),
        (Element::Sts, "Plaza"),
        (Element::Hno, "100"),
        (Element::Flr, "2"),
        (Element::Room, "217"),
        (Element::Pc, "60601"),
    ]);
    let found = Found { rule: Some(Rule::Port), ..Found::default() };
    let located = located(Rung::Wiremap, 190, Some(room), Some(found));
    let told = Told {
        caller: Number::read("4117"),
        callback: Number::read("+13125550100"),
        located: &located,
        onward: Onward::Direct,
    };
    let wanted = "This is a test. No emergency service was called.  / Your number is 4-1-1-7  / \
                  Emergency services would call you back at 3-1-2 5-5-5 0-1-0-0  / Your address is \
                  House number 1-0-0  / Street Example Plaza  / Floor 2  / Room 2-1-7  / City Chicago  / State I-L  / \
                  Postal code 6-0-6-0-1  / Country U-S  / \
                  It was found by the network socket that your phone uses.  / Your phone was seen there 3 minutes ago.  / \
                  An emergency call from here goes directly to an emergency center.  / Press 1 to hear this again.  / \
                  Press 2 if anything is wrong.  / ";
    assert_eq!(text(&script(&told)), wanted);
}

#[test]
fn who_is_nowhere_and_nobody_hears_that() {
    let nowhere = Located { candidates: Default::default(), ..located(Rung::Number, 0, None, None) };
    let told = Told { caller: None, callback: None, located: &nowhere, onward: Onward::Relay };
    let heard = text(&script(&told));
    for sentence in [Sentence::NoNumber, Sentence::NoCallback, Sentence::NoAddress, Sentence::GoesToRelay] {
        assert!(heard.contains(sentence.text()), "{heard}");
    }
    assert!(!heard.contains("found"), "{heard}");
}

#[test]
fn what_is_wrong_with_a_place_is_said() {
    let room = place(&[(Element::Rd, "Example"), (Element::Hno, "1")]);
    let heard =
        |located: &Located| text(&script(&Told { caller: None, callback: None, located, onward: Onward::Gateway }));
    for (caveat, sentence) in [(Caveat::Disputed, Sentence::TwoRooms), (Caveat::Conflict, Sentence::TwoBuildings)] {
        let found = Some(Found::default());
        let doubtful = Located { caveat: Some(caveat), ..located(Rung::Wiremap, 0, Some(room.clone()), found) };
        assert!(heard(&doubtful).contains(sentence.text()));
    }
    assert!(heard(&located(Rung::Typed, 0, Some(room.clone()), None)).contains(Sentence::YouGaveIt.text()));
    let stale = Located { grade: Grade::Stale, ..located(Rung::Number, 900_000, Some(room), None) };
    let heard = heard(&stale);
    assert!(heard.contains("10 days ago.") && heard.contains(Sentence::IsStale.text()), "{heard}");
}

#[test]
fn nothing_of_a_script_prints_itself() {
    let pieces = [Piece::Words(Private::new("Example".into())), Piece::Spelled(Private::new("217".into()))];
    assert_eq!(format!("{pieces:?}"), "[Words(<private>), Spelled(<private>)]");
}
