//! Accounts of calls: what those who must be told learn, and when. Facts tell what happens; accounts tell of whom.
use super::call::Call;
use super::core::Core;
use super::intake;
use super::offer::Written;
use crate::account::{Account, Learnt, News, Particulars, Signalled};
use crate::base::now::Now;
use crate::base::private::Private;
use crate::classify::Class;
use crate::record::{Number, Trunk, WebAddress};
use crate::routing::Way;
use crate::sip::message::{Message, Uri};
use bytes::Bytes;
use std::sync::Arc;

/// The call is decided and nothing has left yet.
pub fn decided(core: &mut Core, call: &Call, now: Now) {
    let Some(ring) = call.ring.as_deref().filter(|_| is_told(call)) else { return };
    let decision = &ring.decision;
    let organisation = Arc::clone(&decision.site.organisation);
    let user = decision.line.as_ref().and_then(|line| core.cache.user_of_line(&line.organisation, line.number));
    let called_back = call.holder.as_ref().filter(|_| call.class == Class::Callback);
    let particulars = Particulars {
        token: called_back.and_then(|holder| core.cache.leases.latest_call(holder)).unwrap_or(call.token),
        source: Arc::clone(&call.source),
        organisation,
        site: Arc::clone(&decision.site),
        line: decision.line.clone(),
        user: user.map(|user| Arc::clone(&user.id)),
        device: decision.device.as_ref().map(|device| Arc::clone(&device.id)),
        number: decision.number,
        display: display(&ring.invite),
        service: decision.classified.number,
        dialled: Uri::read(ring.invite.request_uri())
            .and_then(|uri| core::str::from_utf8(uri.user).ok().and_then(Number::read)),
        callback: decision.callback.map(|shown| (shown.number, shown.origin.text())),
        located: Arc::clone(&decision.located),
        moved: decision.moved,
        way: decision.plan.way.word(),
        cause: match decision.plan.way {
            Way::Relay(cause) => Some(cause.text()),
            _ => None,
        },
        targets: decision.plan.targets.iter().map(|target| Arc::clone(&target.trunk.name)).collect(),
        steps: decision.receipt.steps().map(|(step, took)| (step.text(), took)).collect(),
    };
    tell(core, call, now, News::Decided(Arc::new(particulars)));
}

/// An INVITE leaves for a trunk.
pub fn signalled(core: &mut Core, call: &Call, trunk: &Trunk, written: &mut Written, now: Now) {
    if !is_told(call) {
        return;
    }
    let told = Signalled {
        trunk: Arc::clone(&trunk.name),
        profile: written.sent.profile,
        number: written.number,
        documents: core::mem::take(&mut written.documents),
        references: core::mem::take(&mut written.references),
    };
    tell(core, call, now, News::Signalled(Arc::new(told)));
}

/// A location became known when the INVITE had left already.
pub fn learnt(core: &mut Core, call: &Call, address: &WebAddress, document: &Bytes, now: Now) {
    if is_told(call) {
        let reference = Private::new(address.expose().into());
        let told = Learnt { reference, document: Private::new(document.clone()) };
        tell(core, call, now, News::Learnt(Arc::new(told)));
    }
}

fn tell(core: &mut Core, call: &Call, now: Now, news: News) {
    core.accounts.push(Account { call: call.key, at: now, class: call.class, news });
}

/// Whether anybody is to know of the call: of a crisis call nobody (rulings 10), of other calls nobody needs to.
fn is_told(call: &Call) -> bool {
    matches!(call.class, Class::Emergency | Class::Test | Class::Callback)
}

/// The name in From, where there is one.
fn display(invite: &Message) -> Option<Private<Box<str>>> {
    /// More than any name; the rest is left out.
    const LONGEST: usize = 128;
    let from = invite.from()?;
    let text = from.display_text();
    let name = text.trim_ascii();
    if name.is_empty() || intake::hides(name) {
        return None;
    }
    let letters = String::from_utf8_lossy(name);
    let mut shown = String::with_capacity(letters.len());
    shown.extend(letters.chars().take(LONGEST).map(|letter| if letter.is_control() { ' ' } else { letter }));
    Some(Private::new(shown.into()))
}
