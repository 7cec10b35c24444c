//! Session-ID (RFC 7989): a name of a call that passes through everyone who makes two dialogs of one. Each end has a
//! UUID; whoever speaks says its own first and then the other's.
use super::{Message, Name, Writer};

/// The UUID of one end, in lower-case hexadecimal without hyphens.
pub type Uuid = [u8; 32];

/// The UUID of an end that is not known.
const NIL: Uuid = [b'0'; 32];

/// Both ends, as one of them says them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionId {
    /// Who speaks; `None` while it is not known.
    pub local: Option<Uuid>,
    /// Who is spoken to.
    pub remote: Option<Uuid>,
}

impl SessionId {
    /// What a message says. A value that is no UUID says nothing, as the nil one does (RFC 7989 §6).
    pub fn of(message: &Message) -> SessionId {
        let Some(value) = message.value(Name::SessionId) else { return SessionId::default() };
        let mut pieces = value.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        let local = pieces.next().and_then(uuid);
        SessionId { local, remote: pieces.find_map(|piece| uuid(piece.strip_prefix(b"remote=")?)) }
    }

    /// The same, said by the other end.
    pub const fn mirrored(self) -> SessionId {
        SessionId { local: self.remote, remote: self.local }
    }

    /// Writes the header; none when both ends are unknown (RFC 7989 §7).
    pub fn write(self, out: &mut Writer) {
        if self == SessionId::default() {
            return;
        }
        out.field_with(Name::SessionId, |value| {
            value.extend_from_slice(&self.local.unwrap_or(NIL));
            value.extend_from_slice(b";remote=");
            value.extend_from_slice(&self.remote.unwrap_or(NIL));
        });
    }
}

/// Writes the Session-ID of a response: what the far end said, where one was heard, else what the request says, seen
/// from the other end.
pub fn answer(out: &mut Writer, heard: Option<&Message>, request: &Message) {
    match heard.filter(|heard| heard.value(Name::SessionId).is_some()) {
        Some(heard) => {
            out.copy_all(heard, Name::SessionId);
        }
        None => SessionId::of(request).mirrored().write(out),
    }
}

fn uuid(text: &[u8]) -> Option<Uuid> {
    let uuid: Uuid = text.try_into().ok()?;
    let is_hex = uuid.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    (is_hex && uuid != NIL).then_some(uuid)
}
