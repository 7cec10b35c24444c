//! Who may speak in a dialog, and from where the answer to a request of ours may come: the trunk that it is with, from
//! any of its addresses, and whoever we ourselves would send the next request to. A port may change: translators of
//! addresses do that.
use super::Engine;
use crate::b2bua::call::{Call, Owner, Side};
use crate::classify::Class;
use crate::fact::Fact;
use crate::sip::dialog::Dialog;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Uri, same};
use core::net::SocketAddr;

impl Engine {
    /// Whether a peer may speak for a side of a call.
    pub(super) fn speaks_for(&self, call: &Call, side: Side, peer: SocketAddr) -> bool {
        match side {
            Side::Caller => self.is_party(&call.caller.dialog, Some(&call.source), peer),
            Side::Answerer => {
                let trunk = call.trunk.as_ref().map(|trunk| &*trunk.name);
                call.answerer.as_ref().is_some_and(|leg| self.is_party(&leg.dialog, trunk, peer))
            }
        }
    }

    /// Whether a peer may speak in a dialog with a trunk.
    pub(super) fn is_party(&self, dialog: &Dialog, trunk: Option<&str>, peer: SocketAddr) -> bool {
        if is_same(dialog.flow.peer, peer) || is_same(dialog.next_hop().peer, peer) {
            return true;
        }
        let snapshot = self.core.cache.snapshot.load();
        let trunk = trunk.and_then(|name| snapshot.trunk(name));
        trunk.is_some_and(|trunk| self.core.cache.is_at(&snapshot, trunk, peer)) || is_at(dialog.remote_target(), peer)
    }

    /// Whether a response may be taken: it came from where its request went, or from another address of the same trunk; a
    /// fact where not. An emergency or crisis call takes the answer that it waits for from anywhere: whoever knows its
    /// branch, 64 bits of chance, was sent the INVITE or can forge the address too, and a PSAP that answers from an
    /// interface which nobody listed is no reason to lose a call.
    pub(super) fn may_answer(&mut self, flow: Flow, response: &Message) -> bool {
        let Some(sent) = self.core.layer.asked(response).filter(|sent| !is_same(sent.peer, flow.peer)) else {
            return true;
        };
        let snapshot = self.core.cache.snapshot.load();
        if self.core.cache.is_one_trunk(&snapshot, sent.peer, flow.peer) || self.is_of_call(flow, response) {
            return true;
        }
        let taken = self.is_waited_for(response);
        self.core.facts.push(Fact::FromElsewhere { what: "response", taken });
        taken
    }

    /// Whether a response is to the INVITE of an emergency or crisis call that nobody has answered yet.
    fn is_waited_for(&self, response: &Message) -> bool {
        let user = response.branch().and_then(|branch| self.core.layer.user_of(branch));
        let Some(Owner::Attempt(key, round, _)) = user else { return false };
        let call = self.calls.at(key.slot).filter(|call| call.key == key && call.round == round && call.is_seeking());
        call.is_some_and(|call| matches!(call.class, Class::Emergency | Class::Crisis))
    }

    /// Whether a response is to a request in a call, and from where a side of that call may speak: a request goes to a
    /// Contact, and what stands there may answer from another address of its trunk.
    fn is_of_call(&self, flow: Flow, response: &Message) -> bool {
        let user = response.branch().and_then(|branch| self.core.layer.user_of(branch));
        let (Some(Owner::Relayed(key)) | Some(Owner::Own(key)) | Some(Owner::Watch(key, _))) = user else {
            return false;
        };
        let call = self.calls.at(key.slot).filter(|call| call.key == key);
        call.is_some_and(|call| {
            [Side::Caller, Side::Answerer].iter().any(|side| self.speaks_for(call, *side, flow.peer))
        })
    }
}

fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    one.ip().to_canonical() == other.ip().to_canonical()
}

/// Whether a URI names this peer by its address.
fn is_at(uri: &[u8], peer: SocketAddr) -> bool {
    Uri::read(uri).and_then(|uri| same::address(uri.host)) == Some(peer.ip().to_canonical())
}
