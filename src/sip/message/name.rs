//! Header field names, long and compact.

macro_rules! names {
    ($($variant:ident $text:literal $($compact:literal)?),+ $(,)?) => {
        /// A header field's name, or `Other` for one that callbox has no word for; its text is in the message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each is the header of its name")]
        pub enum Name { $($variant,)+ Other }

        impl Name {
            /// The name as we write it; empty for `Other`.
            pub const fn text(self) -> &'static str {
                match self { $(Name::$variant => $text,)+ Name::Other => "" }
            }
        }

        /// Every spelling: the long ones in the order of the names, then the compact ones.
        const SPELLINGS: &[Spelling] = &[
            $(Spelling::new($text, Name::$variant),)+
            $($(Spelling::new($compact, Name::$variant),)?)+
        ];
    };
}

/// One spelling of a name, in one piece of memory with what stands between a name and its value.
#[repr(align(32))]
struct Spelling {
    name: Name,
    length: u8,
    label: [u8; 30],
}

impl Spelling {
    #[allow(clippy::cast_possible_truncation, reason = "the length is that of a label that fits")]
    const fn new(text: &str, name: Name) -> Spelling {
        let mut label = [0; 30];
        let (text, colon) = (text.as_bytes(), b": ");
        let mut at = 0;
        while at < text.len() + colon.len() {
            label[at] = if at < text.len() { text[at] } else { colon[at - text.len()] };
            at += 1;
        }
        Spelling { name, length: text.len() as u8, label }
    }

    const fn text(&self) -> &[u8] {
        self.label.split_at(self.length as usize).0
    }
}

impl Name {
    /// Reads a name in any case, long or compact (RFC 3261 §7.3.3).
    pub fn read(text: &[u8]) -> Name {
        let mut slot = slot(text);
        while TABLE[slot] != EMPTY {
            let spelling = &SPELLINGS[TABLE[slot] as usize];
            if spelling.text() == text || spelling.text().eq_ignore_ascii_case(text) {
                return spelling.name;
            }
            slot = (slot + 1) % SLOTS;
        }
        Name::Other
    }

    /// The name as we write it, with what stands between it and the value; empty for `Other`.
    pub(super) fn label(self) -> &'static [u8] {
        match self {
            Name::Other => b"",
            name => {
                let long = &SPELLINGS[name as usize];
                &long.label[..usize::from(long.length) + 2]
            }
        }
    }
}

/// A set of names.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Names(u128);

impl Names {
    pub(super) fn insert(&mut self, name: Name) {
        self.0 |= 1 << name as u8;
    }

    pub(super) fn has(self, name: Name) -> bool {
        self.0 >> name as u8 & 1 != 0
    }
}

/// Twice as many slots as spellings, so that a name is found, or known to be unknown, in a step or two.
const SLOTS: usize = 256;
const EMPTY: u8 = u8::MAX;
/// An open hash table over [`SPELLINGS`], laid out by the compiler: index by slot.
static TABLE: [u8; SLOTS] = table();

#[allow(clippy::cast_possible_truncation, reason = "the index is below EMPTY, asserted here")]
const fn table() -> [u8; SLOTS] {
    assert!(SPELLINGS.len() < EMPTY as usize && (Name::Other as usize) < u128::BITS as usize);
    let mut table = [EMPTY; SLOTS];
    let mut index = 0;
    while index < SPELLINGS.len() {
        let mut slot = slot(SPELLINGS[index].text());
        while table[slot] != EMPTY {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = index as u8;
        index += 1;
    }
    table
}

/// Where a name's search begins: by its length and three of its letters, in any case.
const fn slot(text: &[u8]) -> usize {
    let length = text.len();
    if length == 0 {
        return 0;
    }
    let (first, middle, last) = (text[0] | 0x20, text[length / 2] | 0x20, text[length - 1] | 0x20);
    (length * 37 + first as usize * 7 + middle as usize * 13 + last as usize * 29) % SLOTS
}

names! {
    Via "Via" "v", From "From" "f", To "To" "t", CallId "Call-ID" "i", CSeq "CSeq", Contact "Contact" "m",
    MaxForwards "Max-Forwards", Route "Route", RecordRoute "Record-Route",
    ContentLength "Content-Length" "l", ContentType "Content-Type" "c", ContentEncoding "Content-Encoding" "e",
    ContentDisposition "Content-Disposition", ContentId "Content-ID", ContentLanguage "Content-Language",
    MimeVersion "MIME-Version",
    Supported "Supported" "k", Require "Require", ProxyRequire "Proxy-Require", Unsupported "Unsupported",
    Allow "Allow", AllowEvents "Allow-Events" "u", Accept "Accept", AcceptEncoding "Accept-Encoding",
    AcceptLanguage "Accept-Language", AcceptContact "Accept-Contact" "a", RejectContact "Reject-Contact" "j",
    RequestDisposition "Request-Disposition" "d",
    AlertInfo "Alert-Info", CallInfo "Call-Info", Date "Date", ErrorInfo "Error-Info", Expires "Expires",
    InReplyTo "In-Reply-To", Organization "Organization", Priority "Priority", ReplyTo "Reply-To",
    RetryAfter "Retry-After", Server "Server", Subject "Subject" "s", Timestamp "Timestamp",
    UserAgent "User-Agent", Warning "Warning",
    Authorization "Authorization", ProxyAuthorization "Proxy-Authorization", ProxyAuthenticate "Proxy-Authenticate",
    WwwAuthenticate "WWW-Authenticate", AuthenticationInfo "Authentication-Info",
    PAssertedIdentity "P-Asserted-Identity", PPreferredIdentity "P-Preferred-Identity",
    RemotePartyId "Remote-Party-ID", Privacy "Privacy", PAccessNetworkInfo "P-Access-Network-Info",
    PChargeInfo "P-Charge-Info", PEarlyMedia "P-Early-Media",
    Geolocation "Geolocation", GeolocationRouting "Geolocation-Routing", GeolocationError "Geolocation-Error",
    ResourcePriority "Resource-Priority", Identity "Identity" "y", IdentityInfo "Identity-Info" "n",
    Diversion "Diversion", HistoryInfo "History-Info", Reason "Reason", SessionId "Session-ID",
    SessionExpires "Session-Expires" "x", MinSe "Min-SE", RSeq "RSeq", RAck "RAck",
    Join "Join", Replaces "Replaces", TargetDialog "Target-Dialog", ReferTo "Refer-To" "r", ReferSub "Refer-Sub",
    ReferredBy "Referred-By" "b", Event "Event" "o", SubscriptionState "Subscription-State",
    InfoPackage "Info-Package", RecvInfo "Recv-Info", MaxBreadth "Max-Breadth", Path "Path",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_read_in_any_case() {
        for spelling in SPELLINGS {
            assert_eq!(Name::read(spelling.text()), spelling.name);
            assert_eq!(Name::read(&spelling.text().to_ascii_uppercase()), spelling.name);
            assert_eq!(Name::read(&spelling.text().to_ascii_lowercase()), spelling.name);
        }
    }

    #[test]
    fn a_name_is_written_long_with_its_colon() {
        assert_eq!((Name::CallId.label(), Name::Path.label()), (&b"Call-ID: "[..], &b"Path: "[..]));
        assert_eq!(Name::Other.label(), b"");
    }

    #[test]
    fn all_twenty_compact_forms_are_known() {
        let compact = SPELLINGS.iter().filter(|spelling| spelling.length == 1).count();
        assert_eq!(compact, b"abcdefijklmnorstuvxy".len());
        for letter in b"abcdefijklmnorstuvxy" {
            assert_ne!(Name::read(&[*letter]), Name::Other);
        }
    }

    #[test]
    fn an_unknown_name_is_other() {
        for text in [&b""[..], b"C%6Fntact", b"Subjec", b"Via ", b"X-Anything", b"q"] {
            assert_eq!(Name::read(text), Name::Other);
        }
    }
}
