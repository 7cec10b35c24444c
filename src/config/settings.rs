//! What this node is: every key of the config, its meaning and its default.
use super::table::{Reader, Table, table};
use super::value::{Network, Probe, UnknownSource};
use crate::base::private::Private;
use crate::edge::deliver::mail;
use crate::edge::log;
use crate::presence::Manner;
use crate::record::trunk::{Answers, Carrier};
use crate::record::{Area, Conveyance, Destination, LocationPosition, Number, Profile, Rung, TrunkKind, WebHost};
use crate::sip::flow::Transport;
use core::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

table! {
    /// This node and what it may do.
    Node {
        /// The name of this node in logs.
        name: String = "callbox".into(),
        /// Our own domain: it stands in From and P-Asserted-Identity towards PSAPs, who call back to it.
        [required] domain: String = "callbox.example".into(),
        /// The folder of CSV files with organisations, sites, locations and lines. A path that does not begin with a
        /// slash begins at the folder of this file. It is not read where there is a store.
        data: PathBuf = "data".into(),
        /// The store: the file that `callbox import` writes and the router follows. Empty: there is none, and the
        /// tables are the files in `data`.
        store: Option<PathBuf> = None,
        /// The folder of what the router itself must find again after a crash: callback numbers that are given out,
        /// notices not yet delivered, receipts. It is made if it is not there and belongs to one router. Empty: the
        /// folder of the store; without a store a temporary one, and what it holds is lost with the router.
        state: Option<PathBuf> = None,
        /// The folder of dial plans, one TOML file a country.
        dial_plans: PathBuf = "dial-plan".into(),
        /// The folder of what models of devices can do, one TOML file a maker. It need not exist.
        device_models: PathBuf = "devices".into(),
        /// The folder of boundaries of areas, GeoJSON files (RFC 7946) whose features have a property `name`. It need
        /// not exist.
        boundaries: PathBuf = "boundaries".into(),
        /// The folder of your own cases, which `callbox check` runs. It need not exist.
        cases: PathBuf = "cases".into(),
        /// Whether every target and listener must be on this machine: for trying things out, so that nothing can
        /// reach a real emergency number.
        loopback_only: bool = false,
        /// Whether a peer is told by its port when it is on this machine, and not by its address alone. Only together
        /// with `loopback_only`.
        peers_by_port: bool = false,
        /// Whether a site's own gateway gets a call to the crisis line as it was dialled. Otherwise, in the United States,
        /// it gets +1 800 273 8255, which every carrier knows.
        pass_crisis_code: bool = false,
        /// How many calls are carried at once.
        max_calls: u32 = 10_000,
        /// How long a call is kept when neither side answers anything and no BYE has come.
        orphan_max_secs: u32 = 3600,
        /// The share of `max_calls` that only emergency calls may use, in percent.
        emergency_reserve_percent: u8 = 20,
    }
}

table! {
    /// Calls from an address that is no source and no trunk.
    Strangers {
        /// `reject` answers their INVITEs with 403 and nothing else at all; `relay` takes their emergency calls and
        /// sends them to the relay center.
        policy: UnknownSource = UnknownSource::Reject,
    }
}

table! {
    /// Numbers for Prometheus.
    Metrics {
        /// Where `/metrics` is served; empty: nowhere.
        address: Option<SocketAddr> = Some(SocketAddr::from(([127, 0, 0, 1], 9090))),
    }
}

table! {
    /// The location server: phones and clients ask it where they are (HELD, RFC 5985).
    Http {
        /// Where it is served; empty: nowhere. Without a certificate it speaks plain HTTP and must be on this machine.
        address: Option<SocketAddr> = None,
        /// The certificate that it shows, with those of its issuers behind it, as a PEM file. Read again at SIGHUP.
        tls_certificate: Option<PathBuf> = None,
        /// The key of the certificate, as a PEM file. Keep it readable for callbox alone.
        tls_key: Option<PathBuf> = None,
        /// What location URIs begin with: the https address under which phones and PSAPs reach this server. Empty: no
        /// location URIs are given.
        public_url: Option<String> = None,
        /// How long a location URI is answered with a place. Calls that carry one later still find their device.
        location_uri_secs: u32 = 86_400,
        /// How many requests a second are answered of each organisation, and of each address without credentials.
        requests_per_second: u32 = 1000,
        /// How many connections there may be at once.
        max_connections: u32 = 4096,
        /// How many desktops may listen for events at once, up to three quarters of `max_connections`.
        max_event_streams: u32 = 1024,
        /// How long the head of a request may take to arrive, and a connection may stay idle.
        idle_secs: u16 = 10,
        /// The networks of proxies in front of it, whose `X-Forwarded-For` is believed.
        trusted_proxies: Vec<Network> = Vec::new(),
    }
}

table! {
    /// Asking the servers of others: for locations that callers bring by reference.
    Client {
        /// The certificates of the authorities that https servers are held against, as a PEM file. Read at the start.
        trusted_certificates: PathBuf = "/etc/ssl/certs/ca-certificates.crt".into(),
    }
}

table! {
    /// The test IVR that is part of callbox: it answers 933 and reads the caller's numbers and address.
    Ivr {
        /// Whether it answers at all.
        enabled: bool = true,
        /// Whether it answers before the trunks of kind `test`, which then stand in for it. Otherwise it answers when
        /// there are none, or none of them has.
        before_trunks: bool = false,
        /// How many calls it has at once; one more hears 486.
        max_calls: u16 = 20,
        /// How long one call lasts at most.
        max_secs: u16 = 180,
        /// How many calls an hour one caller may place; one more hears 486.
        calls_per_hour: u32 = 60,
        /// The first port of its sound. This and the ports and the speech below are read at the start alone.
        first_port: u16 = 16_384,
        /// The last port of its sound; every second one is used.
        last_port: u16 = 16_583,
        /// The program that renders speech, as espeak-ng does: a text on its standard input, a WAVE file on its standard
        /// output. Empty, or when it is not there: digits, letters and sentences are played from recordings.
        speech: String = "espeak-ng".into(),
        /// The voice of that program.
        voice: String = "en-us".into(),
        /// How much rendered speech is kept in memory, up to 500.
        kept_mb: u16 = 64,
    }
}

table! {
    /// Callback numbers that are lent to callers from the pools of their sites, and the calls back to them.
    Callback {
        /// How long a caller keeps its number from dialling on; up to 10800.
        lease_secs: u32 = 3600,
        /// How long it keeps it at least after the last call that has to do with it; up to 10800.
        lease_after_secs: u32 = 1800,
        /// With this share of a pool free, or less, in percent, there is a warning.
        pool_low_percent: u8 = 20,
        /// How long a call back rings before the next are called too: the caller's other devices, the phones in the same
        /// place, the security desk, the relay center.
        step_secs: u32 = 20,
        /// How long after an emergency call every call from the domain of its PSAP is a call back; up to 1800.
        recent_secs: u32 = 300,
        /// A caller who hangs up this soon has perhaps misdialled.
        misdial_secs: u32 = 10,
        /// How long the line of such a caller is kept free of other calls; up to 3600.
        kept_free_secs: u32 = 300,
    }
}

table! {
    /// Who is told of emergency calls, in which words and for how long. The recipients are a table, `recipients.csv`.
    Notices {
        /// The folder of templates: a folder for each language, and in it a file for each notice, as
        /// `en/emergency_call.txt`. What is not there is said in words of callbox's own. It need not exist.
        templates: PathBuf = "notices".into(),
        /// The language of recipients that name none.
        language: String = "en".into(),
        /// After how long without an acknowledgement the next step of a group is told.
        step_after_secs: u16 = 120,
        /// How long a message is tried that cannot be delivered.
        keep_trying_hours: u16 = 24,
        /// Issuers of certificates of mail servers and webhooks that are trusted beside those of the system, as a PEM
        /// file.
        issuers: Option<PathBuf> = None,
    }
}

table! {
    /// The mail server that notices leave by.
    Mail {
        /// Its host. Empty: nobody is told by e-mail.
        host: Option<String> = None,
        /// Its port: 587 with `starttls`, 465 with `tls`.
        port: u16 = 587,
        /// How the connection is secured: `starttls`, `tls` (from the first byte) or, on this machine alone, `none`.
        security: mail::Security = mail::Security::StartTls,
        /// The user name, where the server wants one.
        user: Option<Private<String>> = None,
        /// The password. Better in the environment, as CALLBOX_MAIL__PASSWORD, than here.
        password: Option<Private<String>> = None,
        /// The sender. Empty: callbox at `node.domain`.
        from: Option<String> = None,
        /// The sender when the server refuses the first.
        fallback_from: Option<String> = None,
        /// How long one message may take.
        timeout_secs: u16 = 30,
    }
}

table! {
    /// Somewhere that is told by a signed HTTP request: another system, an SMS gateway, a pager.
    Webhook {
        /// Its name, as recipients have it.
        [required] name: String = "desk".into(),
        /// Its address, with https.
        [required] url: String = "https://hooks.example.com/callbox".into(),
        /// What it and callbox know, at least 16 characters: requests are signed with it.
        secret: Option<Private<String>> = None,
        /// A file with the secret, readable for callbox alone.
        secret_file: Option<PathBuf> = None,
        /// The media type of its body. Values are written so that they cannot break out of JSON or a form.
        content_type: String = "application/json".into(),
        /// The template of its body. Empty: JSON with all that is known.
        body: Option<PathBuf> = None,
        /// Headers of its requests, which may have variables, as `X-Site: {{site}}`.
        headers: Vec<Private<String>> = Vec::new(),
        /// How long one request may take.
        timeout_secs: u16 = 10,
    }
}

table! {
    /// The contact center of an organisation: while one of its agents has an emergency call, others see do-not-disturb there,
    /// and afterwards what was before. Agents are the users with a `presence` in `users.csv`.
    Presence {
        /// Its name, in logs and metrics: small letters, digits and hyphens.
        [required] name: String = "contact-center".into(),
        /// The organisation whose agents it has.
        [required] organisation: String = "acme".into(),
        /// How it is told: `webhook`, signed HTTP requests that read and set a state; or `publish`, SIP PUBLISH (RFC 3903), by
        /// which do-not-disturb stands beside what the agent publishes and is taken away again.
        [required] kind: Manner = Manner::Replaces,
        /// Do-not-disturb in its own words: the state that is set, or the note that is published.
        do_not_disturb: String = "do_not_disturb".into(),
        /// Whether do-not-disturb stays until nobody can be expected to call back any more, and not only while the call
        /// lasts: `callback.lease_secs` and `callback.lease_after_secs` say how long that is.
        hold_for_callback: bool = false,
        /// How long one request may take.
        timeout_secs: u16 = 5,
        /// `webhook`: the address that tells an agent's state, with https.
        read_url: Option<String> = None,
        /// `webhook`: the address that sets it, with https.
        set_url: Option<String> = None,
        /// `webhook`: what it and callbox know, at least 16 characters: requests are signed with it.
        secret: Option<Private<String>> = None,
        /// `webhook`: a file with the secret, readable for callbox alone.
        secret_file: Option<PathBuf> = None,
        /// `publish`: the presence server, a host or an address with its port, as `presence.example.com:5060`.
        server: Option<String> = None,
        /// `publish`: `udp` or `tcp`.
        transport: Transport = Transport::Udp,
        /// `publish`: how long what is published lasts unless it is refreshed. After a crash it is gone at the latest then.
        expires_secs: u32 = 300,
        /// `publish`: the user name, where the server asks for credentials (digest, RFC 8760).
        auth_user: Option<Private<String>> = None,
        /// `publish`: the password. Keep the file readable for callbox alone.
        auth_password: Option<Private<String>> = None,
    }
}

table! {
    /// Log lines on standard error.
    Log {
        /// The least that is written: off, error, warn, info, debug or trace. `CALLBOX_LOG` sets it too.
        level: log::Level = log::Level::Info,
        /// `text` for people, `json` for collectors.
        format: log::Format = log::Format::Text,
    }
}

table! {
    /// A place where SIP is received. At least one.
    Listener {
        /// `udp` or `tcp`.
        [required] transport: Transport = Transport::Udp,
        /// The address and port to listen on; an IPv6 address in brackets.
        [required] address: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 5060)),
        /// The address and port that peers reach it by, where it is another one: for `0.0.0.0` and behind a NAT.
        advertised: Option<SocketAddr> = None,
    }
}

table! {
    /// Someone whom calls are sent to.
    Trunk {
        /// Its name, in logs and metrics: small letters, digits and hyphens.
        [required] name: String = "psap-1".into(),
        /// What stands at its far end: `psap-i3`, `psap-legacy`, `relay` (a staffed relay center), `test` (a test
        /// IVR), `crisis` (the crisis line), `gateway` (a site's way to the telephone network) or `pbx`.
        [required] kind: TrunkKind = TrunkKind::PsapI3,
        /// Its host: a name or an address, IPv6 without brackets.
        [required] host: String = "192.0.2.10".into(),
        /// Its port. Empty: by SRV for a name, 5060 for an address.
        port: Option<u16> = None,
        /// Addresses with ports at which it is asked when those that DNS names for its host have failed, or when DNS
        /// never named any.
        fallback: Vec<SocketAddr> = Vec::new(),
        /// Which addresses DNS may name for its host: `public` ones, those of `private` networks too, or `any`, this
        /// machine's own among them. Others are left out.
        dns_answers: Answers = Answers::Private,
        /// What it speaks first, `udp` or `tcp`.
        transport: Carrier = Carrier::Udp,
        /// Which headers its calls get: `i3`, `legacy`, `relay`, `test`, `crisis` or `whole`. Empty: by its kind;
        /// gateways and PBXs get calls whole.
        profile: Option<Profile> = None,
        /// Addresses that it sends from, beside those that it receives on.
        from: Vec<IpAddr> = Vec::new(),
        /// The organisations whose calls it takes, before all trunks that take those of everybody. Empty: all.
        organisations: Vec<String> = Vec::new(),
        /// The numbers of dial plans that it takes calls to, as `["112"]`, before trunks that take those to all. Empty:
        /// all.
        dials: Vec<Number> = Vec::new(),
        /// Lower goes first among trunks that serve a place equally well.
        priority: u16 = 10,
        /// Its share of calls among trunks of one priority.
        weight: u16 = 10,
        /// The places it serves, as `{ country = "US", state = "IL", county = "Cook", city = "Chicago" }` with as much
        /// as is needed, or by our own names as `{ building = "hq-main" }` and `{ location = "hq-101" }`, or
        /// by a boundary of `node.boundaries` as `{ boundary = "cook-county" }`. Empty: everywhere.
        areas: Vec<Area> = Vec::new(),
        /// The user part of the Request-URI for relay centers that want an account or number there.
        account: Option<String> = None,
        /// The numbers that this carrier has on record for us. A legacy trunk shows no others.
        numbers: Vec<Number> = Vec::new(),
        /// The number that this carrier has on record for a place without one of its own.
        number_on_record: Option<Number> = None,
        /// Whether its far ends may transfer an emergency call that they have answered (REFER, RFC 3515).
        transfers: bool = true,
        /// Hosts and numbers to which transfers go by this trunk, whichever trunk they are asked for on. The hosts of
        /// `psap-i3`, `psap-legacy` and `relay` trunks need not be listed. To whatever no trunk lists a transfer goes by
        /// the trunk on which it was asked for.
        transfer_to: Vec<Destination> = Vec::new(),
        /// The user name for a trunk that asks for credentials (digest, RFC 8760). Empty: its challenges are refusals.
        auth_user: Option<Private<String>> = None,
        /// The password. Keep the file readable for callbox alone.
        auth_password: Option<Private<String>> = None,
        /// The realm that they are for. Empty: whatever realm the trunk names.
        auth_realm: Option<String> = None,
        /// Headers that calls back have on their way to it, each as `"Name: value"`: what makes a PBX pass them by
        /// forwarding, queues and voicemail.
        callback_headers: Vec<String> = Vec::new(),
        /// In which form it wants our locations: `value`, a document; `reference`, a location URI where the caller's
        /// device has one and `http.public_url` is set, else a document; or `both`.
        location: Conveyance = Conveyance::Value,
        /// Where ours stands among the locations that came: `append` behind them, `prepend` before them.
        location_position: LocationPosition = LocationPosition::Append,
        /// Whether it takes locations by reference that callers bring. To one that does not goes the document that such a
        /// reference leads to, where it may be fetched (`source.location_hosts`), and the bare reference only where
        /// nothing else is known.
        location_references: bool = true,
        /// Whether a location that is learnt after its INVITE left is brought to it by UPDATE once it has answered.
        location_updates: bool = false,
        /// How its health is learned: `options` asks it from time to time, `calls_only` looks at calls alone.
        probe: Probe = Probe::Options,
        /// After how long without any answer the next target starts.
        silent_after_ms: u32 = 1000,
        /// After how long with a 100 and no ringing the next target starts. Empty: 6000, and 12000 for `psap-legacy`
        /// and `gateway`.
        no_ring_after_ms: Option<u32> = None,
        /// After how long a ringing the next target starts, as long as one is left.
        ring_max_secs: u16 = 60,
    }
}

table! {
    /// Someone who sends us calls: a PBX or a contact center, told by its address.
    Source {
        /// The trunk whose calls these are.
        [required] trunk: String = "pbx".into(),
        /// The organisation that its calls belong to.
        [required] organisation: String = "acme".into(),
        /// The site of callers that no site lists.
        [required] default_site: String = "hq".into(),
        /// The networks that it sends from, beside the addresses of its trunk.
        networks: Vec<Network> = Vec::new(),
        /// The trunk that takes its calls that are neither emergency nor test nor crisis calls. Empty: they are
        /// refused with 404.
        relay_other: Option<String> = None,
        /// What is believed first of where its callers are, the others behind in the usual order, which is `token` (what
        /// the device has now whose token the call shows), `conveyed` (a location in the call), `wiremap`, `typed` (what
        /// the user gave for this network), `number` (the address of the caller's number), `home` (where a phone
        /// belongs that stays), `reference` (a location somewhere else) and `last_known`.
        location_order: Vec<Rung> = Vec::new(),
        /// The hosts at which a location that its callers bring by reference may be fetched, when nothing else tells a
        /// door or a trunk takes no references: `lis.example.com`, with a port where it is not the usual one, or
        /// `.example.com` for all hosts below a name. Empty: references are passed on and never fetched.
        location_hosts: Vec<WebHost> = Vec::new(),
        /// How long after its INVITE a call waits for such a location at most. What comes later is told in the call where
        /// the trunk wants that (`trunk.location_updates`).
        location_wait_ms: u16 = 250,
        /// The header in which its phones show their location token. Empty: in Geolocation alone.
        token_header: Option<String> = None,
        /// The URI parameter, of the Request-URI, From or Contact, in which they do.
        token_param: Option<String> = None,
    }
}

/// The whole config of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// `[node]`
    pub node: Node,
    /// `[unknown_source]`
    pub unknown_source: Strangers,
    /// `[metrics]`
    pub metrics: Metrics,
    /// `[http]`
    pub http: Http,
    /// `[client]`
    pub client: Client,
    /// `[ivr]`
    pub ivr: Ivr,
    /// `[callback]`
    pub callback: Callback,
    /// `[notices]`
    pub notices: Notices,
    /// `[mail]`
    pub mail: Mail,
    /// `[log]`
    pub log: Log,
    /// `[[listener]]`
    pub listeners: Vec<Listener>,
    /// `[[trunk]]`
    pub trunks: Vec<Trunk>,
    /// `[[source]]`
    pub sources: Vec<Source>,
    /// `[[webhook]]`
    pub webhooks: Vec<Webhook>,
    /// `[[presence]]`
    pub presences: Vec<Presence>,
}

/// The tables that a config may have, as they are written.
pub const TABLES: [&str; 15] = [
    "node",
    "unknown_source",
    "metrics",
    "http",
    "client",
    "ivr",
    "callback",
    "notices",
    "mail",
    "log",
    "listener",
    "trunk",
    "source",
    "webhook",
    "presence",
];

impl Settings {
    /// Reads the root of a document.
    pub fn read(reader: &mut Reader<'_>) -> Settings {
        let settings = Settings {
            node: reader.table("node"),
            unknown_source: reader.table("unknown_source"),
            metrics: reader.table("metrics"),
            http: reader.table("http"),
            client: reader.table("client"),
            ivr: reader.table("ivr"),
            callback: reader.table("callback"),
            notices: reader.table("notices"),
            mail: reader.table("mail"),
            log: reader.table("log"),
            listeners: reader.tables("listener"),
            trunks: reader.tables("trunk"),
            sources: reader.tables("source"),
            webhooks: reader.tables("webhook"),
            presences: reader.tables("presence"),
        };
        reader.refuse_the_rest(&TABLES);
        settings
    }
}

/// One table for the reference: its name, whether there may be several, what it is about and its keys.
pub struct Page {
    /// Its name.
    pub name: &'static str,
    /// Whether it is written `[[…]]`.
    pub several: bool,
    /// What it is about.
    pub about: String,
    /// Its keys.
    pub keys: Vec<super::table::Key>,
}

/// All tables, in the order of the reference.
pub fn pages() -> Vec<Page> {
    fn page<T: Table>(name: &'static str, several: bool) -> Page {
        Page { name, several, about: T::about(), keys: T::keys() }
    }
    vec![
        page::<Node>("node", false),
        page::<Strangers>("unknown_source", false),
        page::<Metrics>("metrics", false),
        page::<Http>("http", false),
        page::<Client>("client", false),
        page::<Ivr>("ivr", false),
        page::<Callback>("callback", false),
        page::<Notices>("notices", false),
        page::<Mail>("mail", false),
        page::<Log>("log", false),
        page::<Listener>("listener", true),
        page::<Trunk>("trunk", true),
        page::<Source>("source", true),
        page::<Webhook>("webhook", true),
        page::<Presence>("presence", true),
    ]
}
