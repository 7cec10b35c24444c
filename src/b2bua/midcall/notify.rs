//! NOTIFY: how a transfer goes, told to who asked for it (RFC 3515 §2.4.4).
use crate::b2bua::call::Owner;
use crate::b2bua::core::Core;
use crate::b2bua::offer;
use crate::base::id::Handle;
use crate::base::now::Now;
use crate::sip::dialog::Dialog;
use crate::sip::message::{Message, Method, Name, writer};

/// How long the news may take, in seconds: as long as a target may (RFC 3261 §16.6).
pub const SPAN_SECS: u64 = 180;

/// The subscription that a REFER began.
#[derive(Clone, Copy, Debug)]
pub struct Subscription {
    /// The REFER's CSeq number, which tells the second one in a dialog from the first (RFC 3515 §2.4.6).
    id: Option<u32>,
    /// The last status that was told.
    told: u16,
}

impl Subscription {
    /// The subscription of a REFER, unless it wants none (RFC 4488 §4, RFC 7614 §4); `count`: the transfers of its call
    /// up to this one.
    pub fn wanted(refer: &Message, count: u8) -> Option<Subscription> {
        let requires_none = ["norefersub", "nosub"].iter().any(|tag| refer.has_token(Name::Require, tag));
        let says_none = refer.value(Name::ReferSub).is_some_and(|value| {
            value
                .split(|&byte| byte == b';')
                .next()
                .is_some_and(|word| word.trim_ascii().eq_ignore_ascii_case(b"false"))
        });
        let id = refer.cseq().map(|(cseq, _)| cseq).filter(|_| count > 1);
        (!requires_none && !says_none).then_some(Subscription { id, told: 0 })
    }

    /// Tells a status, once in a row; a final one is the last word.
    pub fn tell(&mut self, core: &mut Core, key: Handle, dialog: &mut Dialog, code: u16, now: Now) {
        if core::mem::replace(&mut self.told, code) == code {
            return;
        }
        let client = core.layer.reserve(Owner::Own(key), &mut core.entropy);
        let (flow, contact_flow) = (dialog.next_hop(), dialog.flow);
        let mut writer = dialog.request(core.buffer(), Method::Notify, client.branch().as_str());
        writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", contact_flow));
        match self.id {
            Some(id) => writer.field(Name::Event, format!("refer;id={id}")),
            None => writer.field(Name::Event, "refer"),
        };
        match code {
            ..200 => writer.field(Name::SubscriptionState, format!("active;expires={SPAN_SECS}")),
            _ => writer.field(Name::SubscriptionState, "terminated;reason=noresource"),
        };
        let status = format!("SIP/2.0 {code} {}\r\n", writer::reason_phrase(code));
        let bytes = core.finish(writer, Some((b"message/sipfrag;version=2.0", status.as_bytes())));
        core.layer.start(now, client, flow, bytes, &mut core.transmits);
    }
}
