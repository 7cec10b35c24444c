//! Addresses that people enter for themselves: checked element by element, so that whoever typed one is told what to mend.
use super::{Civic, Element};

/// The longest value of an element, in characters.
pub const ENTERED_LEN: usize = 128;

/// What is wrong with one element. It has no value of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The element's name; of one that is not known, as much of it as fits.
    pub field: String,
    /// What kind of fault.
    pub kind: FaultKind,
    /// What to do about it, in English.
    pub remedy: &'static str,
}

/// Kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each says what its name says")]
pub enum FaultKind {
    Missing,
    Unknown,
    TooLong,
    Malformed,
}

impl FaultKind {
    /// The word for programs.
    pub const fn text(self) -> &'static str {
        match self {
            FaultKind::Missing => "missing",
            FaultKind::Unknown => "unknown",
            FaultKind::TooLong => "too_long",
            FaultKind::Malformed => "malformed",
        }
    }
}

/// An address out of names and values as people enter them. It leads to a door: country, city, street and house number are
/// there, and the state where addresses have one.
///
/// # Errors
/// Everything that is wrong with it.
pub fn address<'a>(parts: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Civic, Vec<Fault>> {
    let (mut civic, mut faults) = (Civic::default(), Vec::new());
    for (name, value) in parts {
        let Some(element) = Element::ALL.iter().copied().find(|element| element.text().eq_ignore_ascii_case(name))
        else {
            let field = name.chars().filter(|letter| !letter.is_control()).take(32).collect();
            faults.push(Fault { field, kind: FaultKind::Unknown, remedy: "leave it out: no address has it" });
            continue;
        };
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        match unfit(&value) {
            Some((kind, remedy)) => faults.push(Fault { field: element.text().into(), kind, remedy }),
            None => civic.set(element, &value),
        }
    }
    for (element, remedy) in REQUIRED {
        let is_faulty = || faults.iter().any(|fault| fault.field == element.text());
        if civic.value(element).is_none() && !is_faulty() {
            faults.push(Fault { field: element.text().into(), kind: FaultKind::Missing, remedy });
        }
    }
    settle(&mut civic, &mut faults);
    if faults.is_empty() { Ok(civic) } else { Err(faults) }
}

const REQUIRED: [(Element, &str); 4] = [
    (Element::Country, "give the country, as US"),
    (Element::A3, "give the city"),
    (Element::Rd, "give the street"),
    (Element::Hno, "give the house number"),
];

fn unfit(value: &str) -> Option<(FaultKind, &'static str)> {
    if value.chars().count() > ENTERED_LEN {
        return Some((FaultKind::TooLong, "make it shorter"));
    }
    value.chars().any(char::is_control).then_some((FaultKind::Malformed, "use letters and digits"))
}

/// Checks what depends on the country, and writes codes in upper case.
fn settle(civic: &mut Civic, faults: &mut Vec<Fault>) {
    let mut fault = |element: Element, kind, remedy| faults.push(Fault { field: element.text().into(), kind, remedy });
    for element in [Element::Country, Element::Pc] {
        if let Some(upper) = civic.value(element).map(str::to_uppercase) {
            civic.set(element, &upper);
        }
    }
    let country = civic.value(Element::Country).unwrap_or_default().to_owned();
    if !country.is_empty() && !is_listed(COUNTRIES, &country) {
        fault(Element::Country, FaultKind::Unknown, "give the code of two letters of ISO 3166, as US or GB");
    }
    let is_number = |number: &str| number.chars().count() <= 16 && number.chars().any(|letter| letter.is_ascii_digit());
    if civic.value(Element::Hno).is_some_and(|number| !is_number(number)) {
        fault(Element::Hno, FaultKind::Malformed, "give the number of the house, as 100 or 100A");
    }
    for (element, remedy) in [(Element::A3, "give the name of the city"), (Element::Rd, "give the name of the street")]
    {
        let is_named = |value: &str| value.chars().any(char::is_alphanumeric);
        let is_city = |value: &str| element != Element::A3 || value.chars().any(char::is_alphabetic);
        if civic.value(element).is_some_and(|value| !is_named(value) || !is_city(value)) {
            fault(element, FaultKind::Malformed, remedy);
        }
    }
    let states = match country.as_str() {
        "US" => Some(STATES),
        "CA" => Some(PROVINCES),
        _ => None,
    };
    let state = civic.value(Element::A1).map(str::to_uppercase);
    match (states, state) {
        (Some(_), None) => fault(Element::A1, FaultKind::Missing, "give the state or province, as IL"),
        (Some(states), Some(state)) if !is_listed(states, &state) => {
            fault(Element::A1, FaultKind::Unknown, "give the code of two letters of the state or province, as IL");
        }
        (Some(_), Some(state)) => civic.set(Element::A1, &state),
        (None, _) => {}
    }
    if civic.value(Element::Pc).is_some_and(|code| !is_postcode(&country, code)) {
        fault(Element::Pc, FaultKind::Malformed, "give the postal code as the country writes it, as 60601 or K1A 0B1");
    }
}

fn is_postcode(country: &str, code: &str) -> bool {
    let shape: String = code
        .chars()
        .map(|letter| match letter {
            '0'..='9' => '9',
            'A'..='Z' => 'A',
            other => other,
        })
        .collect();
    match country {
        "US" => matches!(shape.as_str(), "99999" | "99999-9999"),
        "CA" => matches!(shape.as_str(), "A9A 9A9" | "A9A9A9"),
        _ => code.chars().count() <= 12,
    }
}

/// Whether a code of two letters is in a list of such.
fn is_listed(codes: &str, code: &str) -> bool {
    code.len() == 2 && codes.as_bytes().chunks(2).any(|listed| listed == code.as_bytes())
}

/// ISO 3166-1 alpha-2.
const COUNTRIES: &str = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCN\
COCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISIT\
JEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZ\
OMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUS\
UYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW";

/// States and territories of the United States (ANSI INCITS 38).
const STATES: &str = "ALAKAZARCACOCTDEDCFLGAHIIDILINIAKSKYLAMEMDMAMIMNMSMOMTNENVNHNJNMNYNCNDOHOKORPARISCSDTNTXUTVTVAWAWVWIWY\
ASGUMPPRVI";

/// Provinces and territories of Canada.
const PROVINCES: &str = "ABBCMBNBNLNSNTNUONPEQCSKYT";

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: [(&str, &str); 6] = [
        ("country", "us"),
        ("A1", "il"),
        ("A3", " Springfield "),
        ("RD", "Sample  Street"),
        ("HNO", "20B"),
        ("PC", "62701"),
    ];

    fn with(field: &'static str, value: &'static str) -> Result<Civic, Vec<(String, &'static str)>> {
        let others = HOME.into_iter().filter(|(name, _)| *name != field);
        let faults = |faults: Vec<Fault>| faults.into_iter().map(|fault| (fault.field, fault.kind.text())).collect();
        address(others.chain([(field, value)])).map_err(faults)
    }

    #[test]
    fn an_address_is_kept_as_documents_have_it() {
        let civic = address(HOME).unwrap();
        let kept: Vec<_> = civic.elements().map(|(element, value)| (element.text(), value)).collect();
        let expected = [
            ("country", "US"),
            ("A1", "IL"),
            ("A3", "Springfield"),
            ("RD", "Sample Street"),
            ("HNO", "20B"),
            ("PC", "62701"),
        ];
        assert_eq!(kept, expected);
        assert!(with("FLR", "2").unwrap().is_dispatchable());
        assert!(with("flr", "").unwrap().value(Element::Flr).is_none(), "what is left empty is not there");
    }

    #[test]
    fn each_fault_is_told_at_its_field() {
        for (field, value, kind) in [
            ("country", "", "missing"),
            ("country", "UK", "unknown"),
            ("country", "USA", "unknown"),
            ("A1", "", "missing"),
            ("A1", "Illinois", "unknown"),
            ("A3", "60601", "malformed"),
            ("RD", "---", "malformed"),
            ("HNO", "", "missing"),
            ("HNO", "none", "malformed"),
            ("HNO", "12345678901234567", "malformed"),
            ("PC", "6270", "malformed"),
            ("ROOM", "\u{7}", "malformed"),
            ("GPS", "1 2", "unknown"),
        ] {
            assert_eq!(with(field, value), Err(vec![(field.to_owned(), kind)]), "{field} {value}");
        }
        let faults = address([]).unwrap_err();
        let missing: Vec<_> = faults.iter().map(|fault| (fault.field.as_str(), fault.kind.text())).collect();
        assert_eq!(missing, [("country", "missing"), ("A3", "missing"), ("RD", "missing"), ("HNO", "missing")]);
        let long = "x".repeat(ENTERED_LEN + 1);
        let faults = address(HOME.into_iter().chain([("LOC", long.as_str())])).unwrap_err();
        assert_eq!((faults.len(), faults[0].kind), (1, FaultKind::TooLong));
    }

    #[test]
    fn other_countries_have_no_list_of_states() {
        let paris =
            [("country", "FR"), ("A3", "Paris"), ("RD", "Exemple"), ("STS", "rue"), ("HNO", "7"), ("PC", "75001")];
        assert!(address(paris).is_ok());
        let ottawa =
            [("country", "CA"), ("A1", "on"), ("A3", "Ottawa"), ("RD", "Example"), ("HNO", "1"), ("PC", "k1a 0b1")];
        assert_eq!(address(ottawa).unwrap().value(Element::Pc), Some("K1A 0B1"));
    }

    #[test]
    fn the_lists_are_of_two_letters_each_and_in_no_list_twice() {
        for (list, count) in [(COUNTRIES, 249), (STATES, 56), (PROVINCES, 13)] {
            let mut codes: Vec<_> = list.as_bytes().chunks(2).collect();
            codes.sort_unstable();
            codes.dedup();
            assert_eq!((codes.len(), list.len()), (count, 2 * count));
        }
    }
}
