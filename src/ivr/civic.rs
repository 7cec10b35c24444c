//! An address read aloud: every element that it has, in the order in which people say them.
use super::{Script, Sentence};
use crate::record::{Civic, Element};
use Element::{
    A1, A2, A3, A4, A5, A6, AddCode, Bld, Country, Flr, Hno, Hnp, Hns, Lmk, Loc, Mp, Nam, Pc, Pcn, Plc, Pn, PoBox, Pod,
    Pom, Prd, Prm, Rd, RdBr, RdSec, RdSubBr, Room, Seat, Stp, Sts, Unit,
};

/// What is read in one breath, with its label. The street is one piece: all rooms of a building share it.
const LINES: [(Sentence, &[Element]); 22] = [
    (Sentence::Name, &[Nam]),
    (Sentence::HouseNumber, &[Hnp, Hno, Hns]),
    (Sentence::Street, &[Prm, Prd, Stp, Rd, Sts, Pod, Pom, RdSec, RdBr, RdSubBr]),
    (Sentence::Pole, &[Pn]),
    (Sentence::Milepost, &[Mp]),
    (Sentence::Landmark, &[Lmk]),
    (Sentence::Location, &[Loc]),
    (Sentence::Building, &[Bld]),
    (Sentence::Floor, &[Flr]),
    (Sentence::Room, &[Room]),
    (Sentence::Unit, &[Unit]),
    (Sentence::Seat, &[Seat]),
    (Sentence::PlaceType, &[Plc]),
    (Sentence::District, &[A6, A5, A4]),
    (Sentence::City, &[A3]),
    (Sentence::County, &[A2]),
    (Sentence::State, &[A1]),
    (Sentence::PostalCode, &[Pc]),
    (Sentence::PostalName, &[Pcn]),
    (Sentence::PostBox, &[PoBox]),
    (Sentence::AdditionalCode, &[AddCode]),
    (Sentence::Country, &[Country]),
];

/// Reads an address.
pub(super) fn read(civic: &Civic, out: &mut Script) {
    for (label, elements) in LINES {
        let values: Vec<&str> = elements.iter().filter_map(|element| civic.value(*element)).collect();
        if values.is_empty() {
            continue;
        }
        out.fixed(label);
        let value = values.join(" ");
        if is_code(&value) {
            out.spelled(&value)
        } else {
            out.words(&value)
        }
        out.0.push(super::Piece::Pause);
    }
}

/// Whether a value is read letter by letter: `IL`, `60601`, `217`, `B12`. One or two digits are a number.
fn is_code(value: &str) -> bool {
    let is_short = value.len() <= 10 && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let is_number = digits == value.len() && digits <= 2;
    let is_abbreviation = value.len() <= 3 && value.bytes().all(|byte| byte.is_ascii_uppercase());
    is_short && !is_number && (digits > 0 || is_abbreviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_read_once() {
        for element in Element::ALL {
            let read = LINES.iter().flat_map(|(_, elements)| *elements).filter(|listed| *listed == element).count();
            assert_eq!(read, 1, "{}", element.text());
        }
    }

    #[test]
    fn codes_are_spelled_and_words_and_small_numbers_are_not() {
        for code in ["IL", "60601", "217", "B12", "US", "A"] {
            assert!(is_code(code), "{code}");
        }
        for words in ["2", "12", "Chicago", "Example Plaza", "SW1A 1AA", "Rd", "Zürich"] {
            assert!(!is_code(words), "{words}");
        }
    }
}
