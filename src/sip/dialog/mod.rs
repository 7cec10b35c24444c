//! Dialogs (RFC 3261 §12).
mod route;
mod texts;

use crate::sip::cseq;
use crate::sip::digest::Credentials;
use crate::sip::flow::Flow;
use crate::sip::message::reader::unfold;
use crate::sip::message::session_id::{SessionId, Uuid};
use crate::sip::message::writer::put_address;
use crate::sip::message::{Message, Method, Name, NameAddr, Uri, Writer};
use bytes::BytesMut;
use route::{Numeric, RouteSet};
use smallvec::SmallVec;
use texts::{Texts, Word};

/// What the CSeq number of a request received in a dialog says (RFC 3261 §12.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// Not lower than any before, and remembered; gaps are fine. The same number again is no reason to refuse:
    /// retransmissions never come this far.
    Fresh,
    /// Lower: answer 500.
    Old,
}

/// One dialog, seen from our end. It has no `Debug`: all of it is foreign.
pub struct Dialog {
    /// The path on which the INVITE came or went.
    pub flow: Flow,
    /// Who we are to the peer, where it has asked: with every request.
    pub credentials: Option<Box<Credentials>>,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    texts: Texts,
    /// What the first route or the remote target names, where that is an address.
    next: Option<Numeric>,
    /// Both ends' UUIDs, as we say them to the peer; most peers have none.
    session: Option<Box<SessionId>>,
}

/// What an INVITE of ours says that its dialogs are made of, for one who keeps no more of it.
#[derive(Clone, Copy)]
pub struct Invite<'a> {
    /// The Request-URI.
    pub uri: &'a [u8],
    /// The From value with our tag.
    pub from: &'a [u8],
    /// The Call-ID.
    pub call_id: &'a [u8],
    /// The CSeq number.
    pub cseq: u32,
}

impl Invite<'_> {
    /// The dialog that a response to the INVITE makes, as [`Dialog::calling`].
    pub fn answered(&self, response: &Message, flow: Flow) -> Option<Dialog> {
        let to_tag = response.to_tag();
        let is_final = response.status().is_some_and(|code| code >= 200);
        if to_tag.is_none() && !is_final {
            return None;
        }
        let routes = RouteSet::of_response(response);
        let contact = response.contact().map(|contact| contact.uri);
        let texts = Texts::new([
            self.call_id,
            NameAddr::tag_in(self.from).unwrap_or_default(),
            to_tag.unwrap_or_default(),
            &unfold(self.from),
            &unfold(response.value(Name::To)?),
            contact.map_or(self.uri, |contact| contact.text),
            &unfold(&routes.first),
            &unfold(&routes.others),
        ]);
        let next = Numeric::of(texts.word(Word::FirstRoute), contact.or_else(|| Uri::read(self.uri)));
        let session = boxed(SessionId::of(response).mirrored());
        Some(Dialog { flow, credentials: None, local_cseq: self.cseq, remote_cseq: None, texts, next, session })
    }
}

/// Shows where it leads and nothing of who talks.
impl core::fmt::Debug for Dialog {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_struct("Dialog")
            .field("flow", &self.flow)
            .field("local_cseq", &self.local_cseq)
            .finish_non_exhaustive()
    }
}

impl Dialog {
    /// The dialog of an INVITE that we answer with `local_tag` (RFC 3261 §12.1.1); a tag that its To already has stays
    /// ours, and without a To its Request-URI stands for it, as in [`super::respond`]. Without a Contact the peer is
    /// reached at its From URI. `None` when the INVITE has no From, Call-ID or CSeq.
    pub fn answering(invite: &Message, local_tag: &[u8], flow: Flow) -> Option<Dialog> {
        let (from, theirs) = (invite.from()?, invite.to_tag());
        let remote = unfold(invite.value(Name::From)?);
        let mut local: SmallVec<[u8; 256]> = match invite.value(Name::To) {
            Some(to) => SmallVec::from_slice(&unfold(to)),
            None => SmallVec::from_vec([b"<", invite.request_uri(), b">"].concat()),
        };
        if theirs.is_none() {
            local.extend_from_slice(b";tag=");
            local.extend_from_slice(local_tag);
        }
        let routes = RouteSet::of_request(invite);
        let target = invite.contact().map_or(from.uri, |contact| contact.uri);
        let texts = Texts::new([
            invite.call_id()?,
            theirs.unwrap_or(local_tag),
            from.tag().unwrap_or_default(),
            &local,
            &remote,
            target.text,
            &unfold(&routes.first),
            &unfold(&routes.others),
        ]);
        let next = Numeric::of(texts.word(Word::FirstRoute), Some(target));
        let session = boxed(SessionId { local: None, remote: SessionId::of(invite).local });
        let remote_cseq = Some(invite.cseq()?.0);
        Some(Dialog { flow, credentials: None, local_cseq: 0, remote_cseq, texts, next, session })
    }

    /// The dialog of an INVITE of ours and a response to it (RFC 3261 §12.1.2). Without a Contact the peer is reached
    /// at the INVITE's Request-URI. `None` for a provisional response without a To tag, which makes no dialog; a 2xx
    /// without one is from a peer of before RFC 3261 and makes one.
    pub fn calling(invite: &Message, response: &Message, flow: Flow) -> Option<Dialog> {
        let invite = Invite {
            uri: invite.request_uri(),
            from: invite.value(Name::From)?,
            call_id: invite.call_id()?,
            cseq: invite.cseq()?.0,
        };
        invite.answered(response, flow)
    }

    /// The Call-ID.
    pub fn call_id(&self) -> &[u8] {
        self.texts.word(Word::CallId)
    }

    /// Our tag.
    pub fn local_tag(&self) -> &[u8] {
        self.texts.word(Word::LocalTag)
    }

    /// The peer's tag; empty for one that sent none (RFC 2543).
    pub fn remote_tag(&self) -> &[u8] {
        self.texts.word(Word::RemoteTag)
    }

    /// The CSeq number of our latest request, ACK and CANCEL aside; zero before the first.
    pub fn local_cseq(&self) -> u32 {
        self.local_cseq
    }

    /// The URI at which the peer is reached.
    pub fn remote_target(&self) -> &[u8] {
        self.texts.word(Word::Target)
    }

    /// Whether this is the dialog of that Call-ID and these tags.
    pub fn is_between(&self, call_id: &[u8], local_tag: &[u8], remote_tag: &[u8]) -> bool {
        (self.call_id(), self.local_tag(), self.remote_tag()) == (call_id, local_tag, remote_tag)
    }

    /// Confirms the early dialog of an INVITE of ours with its 2xx: tag, route set and remote target are those of the
    /// 2xx (RFC 3261 §13.2.2.4). A target that the 2xx does not name stays.
    pub fn confirm(&mut self, response: &Message) {
        self.hear(response);
        let routes = RouteSet::of_response(response);
        let (first, others) = (unfold(&routes.first), unfold(&routes.others));
        let remote = response.value(Name::To).map(unfold);
        let [call_id, local_tag, mut remote_tag, local, mut remote_value, mut target, _, _] = self.texts.words();
        if let Some(value) = remote.as_deref() {
            (remote_tag, remote_value) = (response.to_tag().unwrap_or_default(), value);
        }
        if let Some(contact) = response.contact() {
            target = contact.uri.text;
        }
        let words = [call_id, local_tag, remote_tag, local, remote_value, target, &first, &others];
        if words != self.texts.words() {
            self.say(Texts::new(words));
        }
    }

    /// Learns the peer's UUID from what it says; a message without one changes nothing (RFC 7989 §6).
    pub fn hear(&mut self, message: &Message) {
        if let Some(uuid) = SessionId::of(message).local {
            self.session.get_or_insert_default().remote = Some(uuid);
        }
    }

    /// The peer's UUID, once it is known.
    pub fn peer_session(&self) -> Option<Uuid> {
        self.session.as_ref()?.remote
    }

    /// Learns for whom we speak in this dialog: the UUID of the other end of the call.
    pub fn speak_as(&mut self, uuid: Option<Uuid>) {
        if uuid.is_some() {
            self.session.get_or_insert_default().local = uuid;
        }
    }

    /// Writes the Session-ID of what is said in this dialog; all requests have it already.
    pub fn write_session(&self, out: &mut Writer) {
        self.session.iter().for_each(|session| session.write(out));
    }

    /// Judges the CSeq number of a request received in the dialog.
    pub fn sequence(&mut self, cseq: u32) -> Sequence {
        if self.remote_cseq.is_some_and(|latest| cseq < latest) {
            return Sequence::Old;
        }
        self.remote_cseq = Some(cseq);
        Sequence::Fresh
    }

    /// Takes over the Contact of a target refresh request or of its 2xx (RFC 3261 §12.2); without one nothing changes.
    pub fn retarget(&mut self, message: &Message) {
        let Some(contact) = message.contact().filter(|contact| contact.uri.text != self.remote_target()) else {
            return;
        };
        let mut words = self.texts.words();
        words[Word::Target as usize] = contact.uri.text;
        self.say(Texts::new(words));
    }

    fn say(&mut self, texts: Texts) {
        self.next = Numeric::of(texts.word(Word::FirstRoute), Uri::read(texts.word(Word::Target)));
        self.texts = texts;
    }

    /// Starts a request in the dialog with the next CSeq number: request line, Via with `branch`, Max-Forwards, Route,
    /// From, To, Call-ID and CSeq (RFC 3261 §12.2.1.1). It is sent to [`Dialog::next_hop`].
    pub fn request(&mut self, buffer: BytesMut, method: Method, branch: &str) -> Writer {
        self.other_request(buffer, method.text().as_bytes(), branch)
    }

    /// As [`Dialog::request`], for a method that has no [`Method`] of its own.
    pub fn other_request(&mut self, buffer: BytesMut, method: &[u8], branch: &str) -> Writer {
        self.local_cseq = self.local_cseq.wrapping_add(1);
        let mut writer = self.start(buffer, method, self.local_cseq, branch);
        if let Some(credentials) = &mut self.credentials {
            credentials.write(&mut writer, method, self.texts.word(Word::Target));
        }
        writer
    }

    /// Starts the ACK to a 2xx: a branch of its own and the CSeq number of the INVITE (RFC 3261 §13.2.2.4).
    pub fn ack(&self, buffer: BytesMut, cseq: u32, branch: &str) -> Writer {
        let mut writer = self.start(buffer, Method::Ack.text().as_bytes(), cseq, branch);
        if let Some(credentials) = &self.credentials {
            credentials.write_for_ack(&mut writer);
        }
        writer
    }

    /// Where requests in the dialog go: to the first route or the remote target when that is a numeric address that can
    /// be reached, else to the flow's peer. No name is ever resolved for it.
    pub fn next_hop(&self) -> Flow {
        route::hop(&self.flow, self.next)
    }

    fn start(&self, buffer: BytesMut, method: &[u8], number: u32, branch: &str) -> Writer {
        let [call_id, _, _, local, remote, target, first, others] = self.texts.words();
        let strict = route::strict_router(first);
        let mut out = Writer::request_of(buffer, method, strict.unwrap_or(target));
        out.field_with(Name::Via, |value| {
            value.extend_from_slice(b"SIP/2.0/");
            value.extend_from_slice(self.next_hop().transport.via().as_bytes());
            value.extend_from_slice(b" ");
            put_address(value, self.flow.local);
            value.extend_from_slice(b";branch=");
            value.extend_from_slice(branch.as_bytes());
            value.extend_from_slice(b";rport");
        });
        out.field(Name::MaxForwards, "70");
        match strict {
            None => routes(&mut out, &[first, others]),
            Some(_) => routes(&mut out, &[others, &[b"<", target, b">"].concat()]),
        }
        out.field(Name::From, local).field(Name::To, remote).field(Name::CallId, call_id);
        cseq::write(&mut out, number, method);
        self.write_session(&mut out);
        out
    }
}

fn boxed(session: SessionId) -> Option<Box<SessionId>> {
    (session != SessionId::default()).then(|| Box::new(session))
}

fn routes(out: &mut Writer, parts: &[&[u8]]) {
    for part in parts.iter().filter(|part| !part.is_empty()) {
        out.field(Name::Route, part);
    }
}
