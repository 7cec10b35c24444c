//! What the phone answers when the other side asks for something.
use super::{Act, Phone, Stage};
use crate::base::now::Mono;
use crate::lab::message::{Heard, Message};
use crate::lab::repeat::{Repeat, T2};
use crate::lab::reply::reply;
use crate::lab::sdp;

/// The methods that the phone understands.
pub const ALLOWED: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, MESSAGE, NOTIFY";

impl Phone {
    /// A request in our call. One that comes again gets the answer that it got.
    pub(super) fn request(&mut self, now: Mono, heard: &Heard) {
        let method = heard.message.method();
        if method == "ACK" {
            self.answer = None;
            self.out.extend(sdp::audio_of(&heard.message.body).map(|peer| Act::Play(Some(peer))));
            return;
        }
        let key = format!("{method} {}", heard.branch);
        if let Some((_, bytes)) = self.answered.as_ref().filter(|(known, _)| *known == key) {
            self.out.push(Act::Again(bytes.clone()));
            return;
        }
        let response = self.respond(heard);
        let answer = (method == "INVITE" && response.code() == 200).then_some(());
        if let Some(bytes) = self.say(response) {
            if answer.is_some() {
                self.answer = Some(Repeat::new(now, bytes.clone(), self.flow, T2));
            }
            self.answered = Some((key, bytes));
        }
        if method == "BYE" {
            self.over(now, true);
        }
    }

    /// A request that belongs to no call of ours.
    pub(super) fn respond_to_stranger(&mut self, heard: &Heard) {
        let code = match heard.message.method() {
            // A response, or the end of something that we refused.
            "" | "ACK" => return,
            "OPTIONS" | "MESSAGE" => 200,
            "INVITE" => 486,
            _ => 481,
        };
        self.say(reply(heard, code, "lab-phone", self.flow.peer));
    }

    fn respond(&mut self, heard: &Heard) -> Message {
        let answer = |code| reply(heard, code, "", self.flow.peer);
        match heard.message.method() {
            "INVITE" | "UPDATE" if self.stage != Stage::Up && self.stage != Stage::HangingUp => answer(491),
            "INVITE" => self.describe(heard),
            "UPDATE" if !heard.message.body.is_empty() => self.describe(heard),
            "BYE" | "INFO" | "NOTIFY" | "MESSAGE" | "UPDATE" | "OPTIONS" => answer(200),
            _ => answer(405).with("Allow", ALLOWED),
        }
    }

    /// 200 with the answer to an offer, or with an offer when there is none; 488 when nothing in it suits us.
    fn describe(&mut self, heard: &Heard) -> Message {
        self.version += 1;
        let offered = &heard.message.body;
        let described = match offered.is_empty() {
            true => Some(sdp::offer(self.media, self.version)),
            false => sdp::answer(offered, self.media, self.version),
        };
        let Some(description) = described else { return reply(heard, 488, "", self.flow.peer) };
        if let Some(peer) = sdp::audio_of(offered) {
            self.out.push(Act::Play(Some(peer)));
        }
        let contact = self.words.contact.clone();
        reply(heard, 200, "", self.flow.peer).with("Contact", contact).with("Allow", ALLOWED).with_sdp(description)
    }
}
