//! From the INVITE to its final response: what each temperament does with a call.
use super::call::Stage;
use super::{Do, Uas};
use crate::base::now::Mono;
use crate::lab::message::Message;
use crate::lab::reply::reply;
use crate::lab::temper::Temper;
use crate::sip::message::writer::reason_phrase;

impl Uas {
    /// The first thing that a new call gets.
    pub(super) fn begin(&mut self, now: Mono, place: usize) {
        let call = &mut self.calls[place];
        match call.temper {
            Temper::Answers { ring_after, answer_after } => {
                call.ring_at = (!ring_after.is_zero()).then(|| now + ring_after);
                call.answer_at = Some(now + ring_after + answer_after);
            }
            Temper::Rings { after } => call.ring_at = Some(now + after),
            Temper::Tries => {
                let trying = reply(&call.invite, 100, "", call.flow.peer);
                call.say(now, self.codec, trying, &mut self.out);
            }
            Temper::Refuses { code, retry_after } => {
                let mut refusal = reply(&call.invite, code, &call.tag, call.flow.peer);
                if let Some(seconds) = retry_after {
                    refusal = refusal.with("Retry-After", seconds.to_string());
                }
                self.refuse(now, place, refusal);
            }
            Temper::Silent => {}
        }
        self.ring(now, place);
    }

    /// Rings and answers as far as it is time.
    pub(super) fn ring(&mut self, now: Mono, place: usize) {
        let call = &mut self.calls[place];
        if call.ring_at.is_some_and(|at| at <= now) {
            call.ring_at = None;
            let ringing = reply(&call.invite, 180, &call.tag, call.flow.peer).with("Contact", call.contact());
            call.say(now, self.codec, ringing, &mut self.out);
            self.out.push(Do::Tell("180       ringing".into()));
        }
        if call.answer_at.is_some_and(|at| at <= now) {
            call.answer_at = None;
            let invite = call.invite.message.clone();
            match call.described(&invite) {
                Some(description) => {
                    let answer = call.answer(&description);
                    call.stage = Stage::Answered;
                    call.say(now, self.codec, answer, &mut self.out);
                    self.out.push(Do::Play(call.media, call.peer));
                    self.out.push(Do::Tell("200       answered, plays its tone and then an echo".into()));
                }
                None => {
                    let refusal = reply(&call.invite, 488, &call.tag, call.flow.peer);
                    self.refuse(now, place, refusal);
                }
            }
        }
    }

    /// The caller no longer wants it: 487 unless it was answered already (RFC 3261 §9.2).
    pub(super) fn cancelled(&mut self, now: Mono, place: usize) {
        let call = &mut self.calls[place];
        if call.stage == Stage::Ringing {
            (call.ring_at, call.answer_at) = (None, None);
            let terminated = reply(&call.invite, 487, &call.tag, call.flow.peer);
            self.refuse(now, place, terminated);
        }
    }

    fn refuse(&mut self, now: Mono, place: usize, refusal: Message) {
        let call = &mut self.calls[place];
        let what = reason_phrase(refusal.code()).to_lowercase();
        self.out.push(Do::Tell(format!("{}       {what}", refusal.code())));
        call.stage = Stage::Over;
        call.say(now, self.codec, refusal, &mut self.out);
        self.out.push(Do::Hush(call.media));
    }
}
