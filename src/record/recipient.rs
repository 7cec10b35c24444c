//! Who is told of emergency calls, how and of what.
use core::fmt;
use std::sync::Arc;

macro_rules! notices {
    ($($(#[doc = $doc:literal])+ $variant:ident $text:literal),+ $(,)?) => {
        /// What somebody may be told of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Notice { $($(#[doc = $doc])+ $variant),+ }

        impl Notice {
            /// All of them.
            pub const ALL: &[Notice] = &[$(Notice::$variant),+];

            /// Its word, in tables, templates and messages.
            pub const fn text(self) -> &'static str {
                match self { $(Notice::$variant => $text),+ }
            }
        }
    };
}

notices! {
    /// Somebody called for help.
    EmergencyCall "emergency_call",
    /// Nobody took the call.
    CallFailed "call_failed",
    /// The caller hung up at once, or before anybody answered.
    AbandonedCall "abandoned_call",
    /// The emergency service calls back.
    Callback "callback",
    /// Somebody made a test call.
    TestCall "test_call",
    /// A call went to the relay center, which costs.
    RelayCall "relay_call",
    /// A device is in a network that nobody has entered.
    UnknownNetwork "unknown_network",
    /// What is known of a caller's place contradicts itself.
    LocationConflict "location_conflict",
    /// Somebody proposed a place, which waits for a decision.
    PendingLocation "pending_location",
    /// A caller's side tried what it may not do during an emergency call.
    FeatureBlocked "feature_blocked",
    /// A site has no callback number left to lend.
    CallbackPoolEmpty "callback_pool_empty",
    /// A trunk does not answer.
    TrunkDown "trunk_down",
}

impl Notice {
    /// What a recipient is told of who does not say: what is about somebody who needs help.
    const USUAL: [Notice; 4] = [Notice::EmergencyCall, Notice::CallFailed, Notice::AbandonedCall, Notice::Callback];

    /// The one of this word.
    pub fn read(text: &str) -> Option<Notice> {
        Notice::ALL.iter().copied().find(|notice| notice.text() == text)
    }

    /// Whether it is about one call, so that it always says that there is a call, the callback number and the location.
    pub const fn is_of_call(self) -> bool {
        !matches!(
            self,
            Notice::UnknownNetwork | Notice::PendingLocation | Notice::CallbackPoolEmpty | Notice::TrunkDown
        )
    }
}

/// Some notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notices(u16);

impl Notices {
    /// These, or those that are usual when there are none.
    pub fn of(notices: impl IntoIterator<Item = Notice>) -> Notices {
        let bits = |bits, notice: Notice| bits | 1 << notice as u16;
        match notices.into_iter().fold(0, bits) {
            0 => Notices(Notice::USUAL.into_iter().fold(0, bits)),
            some => Notices(some),
        }
    }

    /// Whether this one is among them.
    pub const fn has(self, notice: Notice) -> bool {
        self.0 & 1 << notice as u16 != 0
    }
}

/// For whose calls a recipient is told.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// All of an organisation.
    Organisation(Arc<str>),
    /// Those of a site.
    Site(Arc<str>),
    /// Those from a building or a place in it.
    Place(Arc<str>),
    /// Those of a user.
    User(Arc<str>),
}

/// How a recipient is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// By e-mail.
    Email,
    /// By an HTTP request to a webhook of the config: another system, an SMS gateway, a pager.
    Webhook,
    /// By an event to whoever has a desk of this name on a screen.
    Desktop,
}

impl Channel {
    /// The word in tables.
    pub const fn text(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Webhook => "webhook",
            Channel::Desktop => "desktop",
        }
    }

    /// The one of this word.
    pub fn read(text: &str) -> Option<Channel> {
        [Channel::Email, Channel::Webhook, Channel::Desktop].into_iter().find(|channel| channel.text() == text)
    }
}

/// Somebody who is told, or several at once. It never prints who.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Its name in our own tables.
    pub id: Arc<str>,
    /// The organisation that it belongs to.
    pub organisation: Arc<str>,
    /// For whose calls.
    pub scope: Scope,
    /// Of what.
    pub notices: Notices,
    /// How.
    pub channel: Channel,
    /// The addresses, or the names of webhooks or desks.
    pub to: Vec<Arc<str>>,
    /// The language; `None`: that of the node.
    pub language: Option<Arc<str>>,
    /// Those who answer for each other: when one of a group has acknowledged, later steps are not told.
    pub group: Option<Arc<str>>,
    /// The step of the group: 0 is told at once, each next one when nobody has acknowledged for so long.
    pub step: u8,
}

/// What an organisation's desk is called among all: two may have desks of one name.
pub fn desk_address(organisation: &str, desk: &str) -> Arc<str> {
    [organisation, "/", desk].concat().into()
}

/// The organisation and the desk of [`desk_address`]. A desk's name has no slash.
pub fn read_desk_address(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once('/')
}

impl fmt::Debug for Recipient {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Recipient({}, {} addresses)", self.channel.text(), self.to.len())
    }
}

/// Why a text is no e-mail address that we write to; `None` when it is one (RFC 5321 §4.1.2, without quoted local parts
/// and address literals).
pub fn fault_of_email(text: &str) -> Option<&'static str> {
    let Some((local, domain)) = text.rsplit_once('@') else { return Some("this e-mail address has no @") };
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    let is_label = |label: &str| {
        let is_word = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        is_word && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    if local.is_empty() || local.len() > 64 || !local.bytes().all(is_atom) {
        return Some("what stands before the @ of this e-mail address is no name");
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Some("a dot of this e-mail address stands where none may");
    }
    if domain.len() > 253 || !domain.split('.').all(is_label) {
        return Some("what stands behind the @ of this e-mail address is no host name");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_name_and_a_host_and_what_is_wrong_with_another_is_said() {
        for sound in ["desk@acme.example", "a.b+c@mail.acme.example", "guard@localhost", "o'neil@x.example"] {
            assert_eq!(fault_of_email(sound), None, "{sound}");
        }
        let faults = [
            ("desk", "no @"),
            ("@acme.example", "before the @"),
            ("a b@acme.example", "before the @"),
            ("\"a b\"@acme.example", "before the @"),
            ("a@b@acme.example", "before the @"),
            (".desk@acme.example", "a dot"),
            ("de..sk@acme.example", "a dot"),
            ("desk@", "behind the @"),
            ("desk@acme..example", "behind the @"),
            ("desk@-acme.example", "behind the @"),
            ("desk@acme.example\r\nBcc: x@y", "before the @"),
            ("desk@[192.0.2.1]", "behind the @"),
        ];
        for (wrong, why) in faults {
            assert!(fault_of_email(wrong).is_some_and(|fault| fault.contains(why)), "{wrong}");
        }
    }

    #[test]
    fn who_does_not_say_of_what_is_told_of_calls_for_help_and_of_no_tests() {
        let usual = Notices::of([]);
        let told: Vec<_> =
            Notice::ALL.iter().filter(|notice| usual.has(**notice)).map(|notice| notice.text()).collect();
        assert_eq!(told, ["emergency_call", "call_failed", "abandoned_call", "callback"]);
        assert!(Notice::ALL.iter().all(|notice| Notice::read(notice.text()) == Some(*notice)));
    }
}
