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

            /// Reads a name in any case, long or compact (RFC 3261 §7.3.3).
            pub fn read(text: &[u8]) -> Name {
                $( $(if text.eq_ignore_ascii_case($compact.as_bytes()) { return Name::$variant; })? )+
                $( if text.eq_ignore_ascii_case($text.as_bytes()) { return Name::$variant; } )+
                Name::Other
            }
        }
    };
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
