//! NOTIFY: how a transfer goes, told to who asked for it (RFC 3515 §2.4.4).
use crate::b2bua::call::Owner;
use crate::b2bua::core::Core;
use crate::b2bua::offer;
use crate::base::id::Handle;
use crate::base::now::Now;
use crate::sip::dialog::Dialog;
use crate::sip::message::{Message, Method, Name, name_addr, writer};

/// How long the news may take, in seconds: as long as a target may (RFC 3261 §16.6).
pub const SPAN_SECS: u64 = 180;

/// The subscription that a REFER began.
#[derive(Clone, Copy, Debug)]
pub struct Subscription {
    /// The REFER's CSeq number, by which the subscription is called.
    id: u32,
    /// Whether it is: only the first one in a call may go without (RFC 3515 §2.4.6).
    is_called: bool,
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
        let id = refer.cseq().map_or(0, |(cseq, _)| cseq);
        (!requires_none && !says_none).then_some(Subscription { id, is_called: count > 1, told: 0 })
    }

    /// Tells a status, once in a row; a final one is the last word.
    pub fn tell(&mut self, core: &mut Core, key: Handle, dialog: &mut Dialog, code: u16, now: Now) {
        if core::mem::replace(&mut self.told, code) == code {
            return;
        }
        let state = match code {
            ..200 => format!("active;expires={SPAN_SECS}"),
            _ => "terminated;reason=noresource".to_owned(),
        };
        self.write(core, key, dialog, &state, now);
    }

    /// Tells the last status once more, as each SUBSCRIBE asks for (RFC 6665 §4.2.1.2); without time left it is the last
    /// word.
    pub fn repeat(&self, core: &mut Core, key: Handle, dialog: &mut Dialog, left_secs: u64, now: Now) {
        let state = match left_secs {
            0 => "terminated;reason=timeout".to_owned(),
            left => format!("active;expires={left}"),
        };
        self.write(core, key, dialog, &state, now);
    }

    /// Whether a SUBSCRIBE is for this subscription.
    pub fn is_meant(&self, subscribe: &Message) -> bool {
        let event = subscribe.value(Name::Event).unwrap_or_default();
        let (package, params) = event.split_at(event.iter().position(|&byte| byte == b';').unwrap_or(event.len()));
        let id = name_addr::params(params).find(|(name, _)| name.eq_ignore_ascii_case(b"id"));
        let id = id.and_then(|(_, id)| core::str::from_utf8(id).ok()?.parse().ok());
        package.trim_ascii().eq_ignore_ascii_case(b"refer") && id.is_none_or(|id: u32| id == self.id)
    }

    fn write(&self, core: &mut Core, key: Handle, dialog: &mut Dialog, state: &str, now: Now) {
        let code = self.told;
        let client = core.layer.reserve(Owner::Own(key), &mut core.entropy);
        let (flow, contact_flow) = (dialog.next_hop(), dialog.flow);
        let mut writer = dialog.request(core.buffer(), Method::Notify, client.branch().as_str());
        writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", contact_flow));
        match self.is_called {
            true => writer.field(Name::Event, format!("refer;id={}", self.id)),
            false => writer.field(Name::Event, "refer"),
        };
        writer.field(Name::SubscriptionState, state);
        let status = format!("SIP/2.0 {code} {}\r\n", writer::reason_phrase(code));
        let bytes = core.finish(writer, Some((b"message/sipfrag;version=2.0", status.as_bytes())));
        core.layer.start(now, client, flow, bytes, &mut core.transmits);
    }
}
