//! An outgoing INVITE, read.
use bytes::Bytes;
use callbox::sip::message::multipart::{self, Part};
use callbox::sip::message::reader::elements;
use callbox::sip::message::{Message, Method, Name};

/// A message that left.
pub struct Sent {
    /// It, read.
    pub message: Message,
}

impl Sent {
    /// Reads an INVITE.
    pub fn read(bytes: Bytes) -> Sent {
        let message = Message::read(bytes).expect("a message");
        assert_eq!(message.method(), Some(Method::Invite));
        assert_eq!(message.dropped(), 0);
        Sent { message }
    }

    /// All fields of a header, as they stand.
    pub fn all(&self, name: Name) -> Vec<String> {
        values(&self.message, name)
    }

    /// The one field of a header.
    pub fn one(&self, name: Name) -> String {
        let mut all = self.all(name);
        assert_eq!(all.len(), 1, "{}: {all:?}", name.text());
        all.remove(0)
    }

    /// The elements of a header that is a list.
    pub fn list(&self, name: Name) -> Vec<String> {
        self.all(name).iter().flat_map(|value| elements(value.as_bytes()).map(text).collect::<Vec<_>>()).collect()
    }

    /// The parts of the body.
    pub fn parts(&self) -> Vec<Part<'_>> {
        let content_type = self.message.value(Name::ContentType).unwrap_or_default();
        multipart::parts(content_type, self.message.body_slice()).to_vec()
    }

    /// The media types of the parts.
    pub fn types(&self) -> Vec<String> {
        self.parts().iter().map(|part| text(part.content_type)).collect()
    }

    /// The session description.
    pub fn session(&self) -> String {
        let parts = self.parts();
        let sessions: Vec<_> = parts.iter().filter(|part| part.is("application/sdp")).collect();
        assert_eq!(sessions.len(), 1);
        text(sessions[0].content)
    }
}

/// All fields of a header of a message, as they stand.
pub fn values(message: &Message, name: Name) -> Vec<String> {
    let fields = message.fields().iter().filter(|field| field.name == name);
    fields.map(|field| text(message.field_value(field))).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
