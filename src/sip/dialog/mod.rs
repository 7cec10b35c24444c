//! Dialogs (RFC 3261 §12).
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Method, Writer};
use bytes::BytesMut;

/// What the CSeq of a request received in a dialog says (RFC 3261 §12.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sequence {
    /// Higher than all before, and remembered; gaps are fine.
    Fresh,
    /// Not higher: answer 500.
    Old,
}

/// One dialog, seen from our end.
pub struct Dialog {
    /// The path on which the INVITE came or went.
    pub flow: Flow,
}

impl Dialog {
    /// The dialog of an INVITE that we answer with `local_tag` (RFC 3261 §12.1.1). `None` when the INVITE has no
    /// From, To, Call-ID or CSeq.
    pub fn answering(invite: &Message, local_tag: &[u8], flow: Flow) -> Option<Dialog> {
        let _ = (invite, local_tag, flow);
        todo!()
    }
    /// The dialog of an INVITE of ours that was answered (RFC 3261 §12.1.2). `None` when the response has no To tag.
    pub fn calling(invite: &Message, response: &Message, flow: Flow) -> Option<Dialog> {
        let _ = (invite, response, flow);
        todo!()
    }
    /// The Call-ID.
    pub fn call_id(&self) -> &[u8] {
        todo!()
    }
    /// Our tag.
    pub fn local_tag(&self) -> &[u8] {
        todo!()
    }
    /// The peer's tag; empty for one that sent none (RFC 2543).
    pub fn remote_tag(&self) -> &[u8] {
        todo!()
    }
    /// The CSeq number of our latest request.
    pub fn local_cseq(&self) -> u32 {
        todo!()
    }
    /// The peer's Contact URI.
    pub fn remote_target(&self) -> &[u8] {
        todo!()
    }
    /// Whether this is the dialog of that Call-ID and these tags.
    pub fn is_between(&self, call_id: &[u8], local_tag: &[u8], remote_tag: &[u8]) -> bool {
        let _ = (call_id, local_tag, remote_tag);
        todo!()
    }
    /// Confirms an early dialog with the 2xx: route set and remote target are computed again (RFC 3261 §13.2.2.4).
    pub fn confirm(&mut self, response: &Message) {
        let _ = response;
        todo!()
    }
    /// Judges the CSeq number of a request received in the dialog.
    pub fn sequence(&mut self, cseq: u32) -> Sequence {
        let _ = cseq;
        todo!()
    }
    /// Takes over the Contact of a target refresh request or of its 2xx (RFC 3261 §12.2).
    pub fn retarget(&mut self, message: &Message) {
        let _ = message;
        todo!()
    }
    /// Starts a request in the dialog with the next CSeq number: request line, Via, Max-Forwards, Route, From, To,
    /// Call-ID and CSeq (RFC 3261 §12.2.1.1).
    pub fn request(&mut self, buffer: BytesMut, method: Method, branch: &str) -> Writer {
        let _ = (buffer, method, branch);
        todo!()
    }
    /// As [`Dialog::request`], for a method that has no [`Method`] of its own.
    pub fn other_request(&mut self, buffer: BytesMut, method: &[u8], branch: &str) -> Writer {
        let _ = (buffer, method, branch);
        todo!()
    }
    /// Starts the ACK to a 2xx: a branch of its own and the CSeq number of the INVITE (RFC 3261 §13.2.2.4).
    pub fn ack(&self, buffer: BytesMut, cseq: u32, branch: &str) -> Writer {
        let _ = (buffer, cseq, branch);
        todo!()
    }
    /// Where requests in the dialog go: to the first route or the remote target when that is a numeric address, else to
    /// the flow's peer. No name is ever resolved for it.
    pub fn next_hop(&self) -> Flow {
        todo!()
    }
}
