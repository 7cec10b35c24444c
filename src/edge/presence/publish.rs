//! A contact center that takes publications (RFC 3903). Ours stands beside what the agent publishes: nothing of the agent's
//! is read or overwritten, and what we forget to take away expires.
mod exchange;

use super::document::{PIDF, do_not_disturb};
use crate::base::entropy::Entropy;
use crate::base::private::Private;
use crate::edge::clock::Clock;
use crate::edge::deliver::Failure;
use crate::presence::{Done, What};
use crate::sip::digest::{Credentials, Identity};
use crate::sip::flow::Transport;
use crate::sip::message::{Message, Method, Name, Uri, Writer};
use bytes::{Bytes, BytesMut};
use core::time::Duration;
use exchange::Exchange;
use std::sync::Arc;

/// How often a request is sent with what its refusals ask for.
const TURNS: usize = 5;

/// The longest name of a publication that is kept, in bytes.
const LONGEST_TOKEN: usize = 255;

/// Where it is, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// A host or address with its port.
    pub server: String,
    /// How it is reached.
    pub transport: Transport,
    /// How long a publication lasts, in seconds.
    pub expires: u32,
    /// User name and password, where it asks for them.
    pub login: Option<(Private<String>, Private<String>)>,
    /// Our own domain.
    pub domain: Arc<str>,
    /// How long an order may take.
    pub within: Duration,
    /// Whether nothing may leave this machine.
    pub loopback_only: bool,
}

/// The contact center.
pub struct Publisher(Setup);

/// One PUBLISH.
struct Publication<'a> {
    /// Of whom: a SIP URI.
    entity: &'a str,
    /// What names the publication that is refreshed or taken away.
    token: Option<Arc<str>>,
    /// How long it is to last, in seconds; 0 takes it away.
    expires: u32,
    /// Do-not-disturb in words; a refresh has no body.
    note: &'a str,
    credentials: Option<Credentials>,
}

/// Whether somebody can be published under this: a SIP URI with a user.
pub fn is_address(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b',' | b'?' | b';');
    let scheme = text.split(':').next().unwrap_or_default();
    let is_sip = scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips");
    is_sip && text.bytes().all(is_plain) && Uri::read(text.as_bytes()).is_some_and(|uri| !uri.user.is_empty())
}

impl Publisher {
    /// Makes ready to publish.
    pub fn new(setup: Setup) -> Publisher {
        Publisher(setup)
    }

    /// Carries an order out.
    pub(super) async fn carry_out(
        &self,
        what: &What,
        key: &str,
        clock: Clock,
        chance: Entropy,
    ) -> Result<Done, Failure> {
        if !is_address(key) {
            return Err(Failure::Unwritable);
        }
        let (token, expires, note) = match what {
            What::Publish { ours, token } => (token.clone(), self.0.expires, &**ours.expose()),
            What::Remove { token } => (Some(token.clone()), 0, ""),
            What::Read | What::Set { .. } => return Err(Failure::NoChannel),
        };
        let publication = Publication { entity: key, token, expires, note, credentials: None };
        tokio::time::timeout(self.0.within, self.publish(publication, clock, chance))
            .await
            .unwrap_or(Err(Failure::Late))
    }

    async fn publish(&self, mut it: Publication<'_>, clock: Clock, mut chance: Entropy) -> Result<Done, Failure> {
        let mut exchange = Exchange::open(&self.0, clock, chance.branch()).await?;
        let call_id = format!("{:016x}{:016x}@{}", chance.bits(), chance.bits(), self.0.domain);
        let tag = format!("{:016x}", chance.bits());
        let mut refusal = 0;
        for cseq in 1..=TURNS as u32 {
            let write = |via: &str| self.written(&mut it, via, &call_id, &tag, cseq);
            let answer = exchange.ask(write).await?;
            match answer.status().unwrap_or(0) {
                200..300 if it.expires == 0 => return Ok(Done::Taken { token: None, lasts: None }),
                200..300 => return taken(&answer, it.expires).ok_or(Failure::Unreadable),
                // It is gone already.
                404 | 412 if it.expires == 0 => return Ok(Done::Taken { token: None, lasts: None }),
                // The server does not know it any more: it is published anew (RFC 3903 §4.1).
                412 if it.token.is_some() => it.token = None,
                423 => match number(&answer, b"Min-Expires").filter(|least| *least > it.expires) {
                    Some(least) => it.expires = least,
                    None => return Err(Failure::Refused(423)),
                },
                code @ (401 | 407) => {
                    let login = self.0.login.as_ref().ok_or(Failure::Refused(code))?;
                    let identity = Identity { user: &login.0, password: &login.1, realm: None };
                    let credentials = Credentials::after(&answer, identity, it.credentials.as_ref(), &mut chance);
                    it.credentials = Some(credentials.ok_or(Failure::Refused(code))?);
                    refusal = code;
                }
                code => return Err(Failure::Refused(code)),
            }
        }
        Err(Failure::Refused(refusal))
    }

    /// The request with this Via (RFC 3903 §4).
    fn written(&self, it: &mut Publication<'_>, via: &str, call_id: &str, tag: &str, cseq: u32) -> Bytes {
        let mut out = Writer::request(BytesMut::new(), Method::Publish, it.entity.as_bytes());
        out.field(Name::Via, via);
        out.number(Name::MaxForwards, 70);
        out.field(Name::From, format!("<{}>;tag={tag}", it.entity));
        out.field(Name::To, format!("<{}>", it.entity));
        out.field(Name::CallId, call_id);
        out.field(Name::CSeq, format!("{cseq} PUBLISH"));
        out.field(Name::Event, "presence");
        out.number(Name::Expires, it.expires);
        if let Some(token) = &it.token {
            out.other(b"SIP-If-Match", token.as_bytes());
        }
        out.field(Name::UserAgent, concat!("callbox/", env!("CARGO_PKG_VERSION")));
        if let Some(credentials) = &mut it.credentials {
            credentials.write(&mut out, Method::Publish.text().as_bytes(), it.entity.as_bytes());
        }
        let body = it.token.is_none().then(|| do_not_disturb(it.entity, it.note));
        out.finish(body.as_ref().map(|body| (PIDF.as_bytes(), &body[..])))
    }
}

/// What names the publication, and how long it lasts (RFC 3903 §6).
fn taken(answer: &Message, asked: u32) -> Option<Done> {
    let token = core::str::from_utf8(header(answer, b"SIP-ETag")?).ok()?.trim();
    let is_sound =
        !token.is_empty() && token.len() <= LONGEST_TOKEN && token.bytes().all(|byte| byte.is_ascii_graphic());
    let lasts = answer.number(Name::Expires).unwrap_or(asked).max(1);
    is_sound.then(|| Done::Taken { token: Some(token.into()), lasts: Some(Duration::from_secs(lasts.into())) })
}

fn header<'a>(message: &'a Message, name: &[u8]) -> Option<&'a [u8]> {
    let is_it = |field: &&crate::sip::message::Field| message.field_name(field).eq_ignore_ascii_case(name);
    message.fields().iter().find(is_it).map(|field| message.field_value(field))
}

fn number(message: &Message, name: &[u8]) -> Option<u32> {
    core::str::from_utf8(header(message, name)?).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_be_published_has_a_sip_uri_and_nothing_in_it_that_breaks_out_of_a_header() {
        assert!(is_address("sip:ann@center.example") && is_address("sips:ann@[2001:db8::1]:5061"));
        let wrong =
            ["ann-17", "tel:+13125550123", "sip:center.example", "sip:a@b>\r\nX: y", "sip:a@b;x=y", "sip:a@b?X=y"];
        assert!(wrong.iter().all(|text| !is_address(text)));
    }
}
