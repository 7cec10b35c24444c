//! The sentences and labels that are the same for everyone.

macro_rules! sentences {
    ($($variant:ident $text:literal),+ $(,)?) => {
        /// A sentence or label, rendered once and kept; a recording of each is part of the program.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each says what its text says")]
        pub enum Sentence { $($variant),+ }

        impl Sentence {
            /// All of them, in the order in which their recordings stand.
            pub const ALL: &[Sentence] = &[$(Sentence::$variant),+];

            /// What is said.
            pub const fn text(self) -> &'static str {
                match self { $(Sentence::$variant => $text),+ }
            }
        }
    };
}

sentences! {
    Greeting "This is a test. No emergency service was called.",
    YourNumberIs "Your number is",
    NoNumber "Your number is not shown.",
    CallbackIs "Emergency services would call you back at",
    NoCallback "No number is known at which you could be called back.",
    AddressIs "Your address is",
    AddressCannotBeRead "Your place is known, but not as an address that can be read to you.",
    NoAddress "No address is known for you.",
    CameWithTheCall "Your phone system sent it with this call.",
    CameAsReference "Your phone system sent a reference to it with this call.",
    IsOfTheNumber "It is the address on record for your number.",
    IsOfThePhone "It is the address on record for your phone.",
    FoundByPort "It was found by the network socket that your phone uses.",
    FoundByAccessPoint "It was found by the wireless access point that your phone uses.",
    FoundByNetwork "It was found by the part of the network that your phone is in.",
    YouGaveIt "It is the address that you gave for the network that you are on.",
    ItWasSeen "Your phone was seen there",
    SecondsAgo "seconds ago.",
    MinutesAgo "minutes ago.",
    HoursAgo "hours ago.",
    DaysAgo "days ago.",
    TwoBuildings "The network names two buildings, so neither is sure.",
    TwoRooms "The network names two places in this building, so only the building is sure.",
    IsStale "This is too old to be trusted.",
    IsDefault "This is only a default, and may not be where you are.",
    GoesDirect "An emergency call from here goes directly to an emergency center.",
    GoesToRelay "An emergency call from here goes to a relay center, which asks where you are.",
    GoesByGateway "An emergency call from here goes by the telephone gateway of your site.",
    PressOne "Press 1 to hear this again.",
    PressTwo "Press 2 if anything is wrong.",
    Noted "Thank you. It was noted that something is wrong.",
    Goodbye "Goodbye.",
    Name "Name",
    HouseNumber "House number",
    Street "Street",
    Pole "Pole number",
    Milepost "Milepost",
    Landmark "Landmark",
    Location "Location",
    Building "Building",
    Floor "Floor",
    Room "Room",
    Unit "Unit",
    Seat "Seat",
    PlaceType "Kind of place",
    District "District",
    City "City",
    County "County",
    State "State",
    PostalCode "Postal code",
    PostalName "Postal town",
    PostBox "Post box",
    AdditionalCode "Additional code",
    Country "Country",
}
