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

            /// The name with what stands between it and the value.
            pub(super) const fn label(self) -> &'static str {
                match self { $(Name::$variant => concat!($text, ": "),)+ Name::Other => "" }
            }
        }

        /// Every spelling, long and compact.
        const SPELLINGS: &[(&str, Name)] = &[$(($text, Name::$variant), $(($compact, Name::$variant),)?)+];
    };
}

impl Name {
    /// Reads a name in any case, long or compact (RFC 3261 §7.3.3).
    pub fn read(text: &[u8]) -> Name {
        let mut slot = slot(text);
        while TABLE[slot] != EMPTY {
            let (spelling, name) = SPELLINGS[TABLE[slot] as usize];
            if spelling.as_bytes() == text || spelling.as_bytes().eq_ignore_ascii_case(text) {
                return name;
            }
            slot = (slot + 1) % SLOTS;
        }
        Name::Other
    }
}

/// Four times as many slots as spellings, so that a name is found, or known to be unknown, in a step or two.
const SLOTS: usize = 512;
const EMPTY: u8 = u8::MAX;
/// An open hash table over [`SPELLINGS`], laid out by the compiler: index by slot.
const TABLE: [u8; SLOTS] = table();

#[allow(clippy::cast_possible_truncation, reason = "the index is below EMPTY, asserted here")]
const fn table() -> [u8; SLOTS] {
    assert!(SPELLINGS.len() < EMPTY as usize);
    let mut table = [EMPTY; SLOTS];
    let mut index = 0;
    while index < SPELLINGS.len() {
        let mut slot = slot(SPELLINGS[index].0.as_bytes());
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
        for &(spelling, name) in SPELLINGS {
            assert_eq!(Name::read(spelling.as_bytes()), name);
            assert_eq!(Name::read(spelling.to_ascii_uppercase().as_bytes()), name);
            assert_eq!(Name::read(spelling.to_ascii_lowercase().as_bytes()), name);
        }
    }

    #[test]
    fn all_twenty_compact_forms_are_known() {
        let compact = SPELLINGS.iter().filter(|(spelling, _)| spelling.len() == 1).count();
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
