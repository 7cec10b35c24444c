//! A far end's user agent (RFC 3261 §8.2, §13.3, §15): one message, timer or order in, a list of things to do out. It
//! has no socket and no clock; [`super::end`] carries out what it asks for.
mod call;
mod ring;
#[cfg(test)]
mod tests;

use super::message::{Codec, First, Heard, Message};
use super::repeat::Turn;
use super::reply::{reply, way_back};
use super::temper::Temper;
use super::{sdp, told};
use crate::base::entropy::Entropy;
use crate::base::now::Mono;
use crate::sip::flow::Flow;
use bytes::Bytes;
use call::{Call, Stage};
use core::net::SocketAddr;
use std::collections::VecDeque;

/// The most calls that an end has at once; further ones are busy.
const CALLS: usize = 200;
/// How many of its last responses to requests that are not INVITEs an end keeps, for those who ask again.
const KEPT: usize = 64;

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Do {
    /// Send this.
    Send(Flow, Bytes),
    /// Tell the person at the console.
    Tell(String),
    /// Play at this media address, to that one once it is known.
    Play(SocketAddr, Option<SocketAddr>),
    /// Stop playing there.
    Hush(SocketAddr),
}

/// What an end's person may do in all calls that are up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Hang up.
    HangUp,
    /// Offer the same media again in a re-INVITE.
    Reinvite,
}

/// One end.
pub struct Uas {
    codec: Codec,
    temper: Temper,
    shows_caller: bool,
    chance: Entropy,
    calls: Vec<Call>,
    said: VecDeque<(String, Bytes)>,
    out: Vec<Do>,
}

impl Uas {
    /// An end that reads and writes with `codec`; `shows_caller` is whether it tells who called and from where.
    pub fn new(codec: Codec, temper: Temper, shows_caller: bool, chance: Entropy) -> Uas {
        let (calls, said, out) = (Vec::new(), VecDeque::new(), Vec::new());
        Uas { codec, temper, shows_caller, chance, calls, said, out }
    }

    /// Changes how it treats the calls to come.
    pub fn set_temper(&mut self, temper: Temper) {
        self.temper = temper;
    }

    /// Whether this message is a new call that will need a media address.
    pub fn wants_media(&self, heard: &Heard) -> bool {
        let new = heard.message.method() == "INVITE" && heard.to_tag.is_none() && self.by_branch(heard).is_none();
        new && self.temper != Temper::Silent
            && self.calls.iter().filter(|call| call.stage != Stage::Over).count() < CALLS
    }

    /// Takes a message that came in; `media` is an address of ours when [`Uas::wants_media`] asked for one.
    pub fn hear(&mut self, now: Mono, flow: Flow, heard: &Heard, media: Option<SocketAddr>) -> Vec<Do> {
        if self.temper != Temper::Silent {
            match &heard.message.first {
                First::Response(code, _) => self.response(now, heard, *code),
                First::Request(method, _) => match method.as_str() {
                    "INVITE" => self.invite(now, flow, heard, media),
                    "ACK" => self.ack(now, heard),
                    _ => self.once(now, flow, heard),
                },
            }
        }
        core::mem::take(&mut self.out)
    }

    /// When [`Uas::wake`] is to be called next.
    pub fn due(&self) -> Option<Mono> {
        self.calls.iter().filter_map(Call::due).min()
    }

    /// Does what time asks for.
    pub fn wake(&mut self, now: Mono) -> Vec<Do> {
        for place in 0..self.calls.len() {
            self.ring(now, place);
            self.repeat(now, place);
        }
        self.calls.retain(|call| !call.is_forgotten(now));
        core::mem::take(&mut self.out)
    }

    /// Does as its person says in every call that is up; nothing when there is none.
    pub fn order(&mut self, now: Mono, order: Order) -> Vec<Do> {
        for call in self.calls.iter_mut().filter(|call| call.stage == Stage::Up) {
            let (request, what) = match order {
                Order::HangUp => (call.bye(&mut self.chance), "BYE       we hang up"),
                Order::Reinvite => (call.reinvite(&mut self.chance), "re-INVITE we offer the same again"),
            };
            self.out.push(Do::Tell(what.into()));
            call.ask(now, self.codec, &request, &mut self.out);
        }
        core::mem::take(&mut self.out)
    }

    fn by_branch(&self, heard: &Heard) -> Option<usize> {
        self.calls.iter().position(|call| call.invite.branch == heard.branch && call.invite.call_id == heard.call_id)
    }

    fn by_dialog(&self, heard: &Heard) -> Option<usize> {
        let tag = heard.to_tag.as_deref()?;
        self.calls.iter().position(|call| {
            call.tag == tag && call.first.call_id == heard.call_id && call.first.from_tag == heard.from_tag
        })
    }

    fn invite(&mut self, now: Mono, flow: Flow, heard: &Heard, media: Option<SocketAddr>) {
        if let Some(place) = self.by_branch(heard) {
            if let Some(last) = &self.calls[place].last {
                self.out.push(Do::Send(way_back(heard, flow), last.clone()));
            }
            return;
        }
        match (&heard.to_tag, media) {
            (Some(_), _) => match self.by_dialog(heard) {
                Some(place) => self.reoffered(now, flow, heard, place),
                None => self.refuse_unheard(flow, heard, 481),
            },
            (None, Some(media)) => {
                self.out.extend(told::invite(&heard.message, self.shows_caller).into_iter().map(Do::Tell));
                let tag = format!("{:016x}", self.chance.bits());
                self.calls.push(Call::new(flow, heard, tag, media, self.temper));
                self.begin(now, self.calls.len() - 1);
            }
            (None, None) => self.refuse_unheard(flow, heard, 486),
        }
    }

    /// An offer, or the wish for one, inside a call: taken, with what we have (RFC 3261 §14.2).
    fn reoffered(&mut self, now: Mono, flow: Flow, heard: &Heard, place: usize) {
        let call = &mut self.calls[place];
        if call.stage == Stage::Over {
            return self.refuse_unheard(flow, heard, 481);
        }
        call.invite = heard.clone();
        call.flow = flow;
        self.out.push(Do::Tell("re-INVITE the caller's side offers anew".into()));
        match call.described(&heard.message) {
            Some(description) => {
                self.out.push(Do::Play(call.media, call.peer));
                let response = call.answer(&description);
                call.say(now, self.codec, response, &mut self.out);
            }
            None => call.say(now, self.codec, reply(heard, 488, "", flow.peer), &mut self.out),
        }
    }

    fn ack(&mut self, now: Mono, heard: &Heard) {
        let Some(place) = self.by_dialog(heard).or_else(|| self.by_branch(heard)) else { return };
        let call = &mut self.calls[place];
        if heard.cseq != call.invite.cseq {
            return;
        }
        call.repeat = None;
        if call.stage == Stage::Answered {
            call.stage = Stage::Up;
            self.out.push(Do::Tell("ACK       the call is up".into()));
        }
        if let Some(peer) = sdp::audio_of(&sdp::in_body(&heard.message)) {
            call.peer = Some(peer);
            self.out.push(Do::Play(call.media, call.peer));
        }
        if call.stage == Stage::Over {
            call.end(now);
        }
    }

    /// A request that is answered at once; the same again gets the same again.
    fn once(&mut self, now: Mono, flow: Flow, heard: &Heard) {
        let key = format!("{} {} {}", heard.message.method(), heard.branch, heard.call_id);
        let back = way_back(heard, flow);
        if let Some((_, bytes)) = self.said.iter().find(|(known, _)| *known == key) {
            self.out.push(Do::Send(back, bytes.clone()));
            return;
        }
        let response = self.respond(now, flow, heard);
        match self.codec.write(&response) {
            Ok(bytes) => {
                if self.said.len() == KEPT {
                    self.said.pop_front();
                }
                self.said.push_back((key, bytes.clone()));
                // The answer to a CANCEL or BYE goes before what it sets off.
                self.out.insert(0, Do::Send(back, bytes));
            }
            Err(refused) => self.out.push(Do::Tell(refused.to_string())),
        }
    }

    fn respond(&mut self, now: Mono, flow: Flow, heard: &Heard) -> Message {
        let tag = format!("{:016x}", self.chance.bits());
        let answer = |code| reply(heard, code, &tag, flow.peer);
        let place = if heard.message.method() == "CANCEL" { self.by_branch(heard) } else { self.by_dialog(heard) };
        match (heard.message.method(), place) {
            ("CANCEL", Some(place)) => {
                self.out.push(Do::Tell(told::ending("CANCEL", &heard.message)));
                self.cancelled(now, place);
                reply(heard, 200, &self.calls[place].tag, flow.peer)
            }
            ("BYE", Some(place)) => {
                let call = &mut self.calls[place];
                if call.stage != Stage::Over {
                    self.out.push(Do::Tell(told::ending("BYE", &heard.message)));
                    self.out.push(Do::Hush(call.media));
                }
                call.end(now);
                answer(200)
            }
            ("UPDATE", Some(place)) if !heard.message.body.is_empty() => {
                let call = &mut self.calls[place];
                match call.described(&heard.message) {
                    Some(description) => answer(200).with("Contact", call.contact()).with_sdp(description),
                    None => answer(488),
                }
            }
            ("OPTIONS", _) => answer(200).with("Allow", ALLOWED).with("Accept", "application/sdp"),
            ("MESSAGE", _) | ("INFO" | "NOTIFY" | "UPDATE", Some(_)) => {
                self.out.push(Do::Tell(heard.message.method().to_owned()));
                answer(200)
            }
            ("CANCEL" | "BYE" | "INFO" | "NOTIFY" | "UPDATE", None) => answer(481),
            _ => answer(405).with("Allow", ALLOWED),
        }
    }

    /// A response to a request of ours inside a call.
    fn response(&mut self, now: Mono, heard: &Heard, code: u16) {
        let asked = |call: &Call| call.asked.as_ref().is_some_and(|(branch, _)| *branch == heard.branch);
        let Some(call) = self.calls.iter_mut().find(|call| asked(call)) else { return };
        if code < 200 {
            return;
        }
        call.asked = None;
        match heard.cseq_method.as_str() {
            "INVITE" => {
                self.out.push(Do::Tell(format!("{code}       to our re-INVITE")));
                let ack = call.ack(heard, &mut self.chance);
                call.send(self.codec, &ack, &mut self.out);
            }
            _ => {
                self.out.push(Do::Hush(call.media));
                call.end(now);
            }
        }
    }

    fn refuse_unheard(&mut self, flow: Flow, heard: &Heard, code: u16) {
        let tag = format!("{:016x}", self.chance.bits());
        if let Ok(bytes) = self.codec.write(&reply(heard, code, &tag, flow.peer)) {
            self.out.push(Do::Send(way_back(heard, flow), bytes));
        }
    }

    fn repeat(&mut self, now: Mono, place: usize) {
        let call = &mut self.calls[place];
        match call.repeat.as_mut().map(|repeat| repeat.turn(now)) {
            Some(Turn::Again(bytes, flow)) => self.out.push(Do::Send(flow, bytes)),
            Some(Turn::GiveUp) => {
                call.repeat = None;
                self.out.push(Do::Tell("no ACK came within 32 seconds".into()));
                if call.stage != Stage::Over {
                    let bye = call.bye(&mut self.chance);
                    call.ask(now, self.codec, &bye, &mut self.out);
                } else {
                    call.end(now);
                }
            }
            Some(Turn::Wait) | None => {}
        }
        match call.asked.as_mut().map(|(_, repeat)| repeat.turn(now)) {
            Some(Turn::Again(bytes, flow)) => self.out.push(Do::Send(flow, bytes)),
            Some(Turn::GiveUp) => {
                self.out.push(Do::Hush(call.media));
                call.end(now);
            }
            Some(Turn::Wait) | None => {}
        }
    }
}

/// The methods that an end understands.
const ALLOWED: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, MESSAGE, NOTIFY";
