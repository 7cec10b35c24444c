//! A message with its address, as it is kept until it is delivered.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// One message to one address. It never prints itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parcel {
    /// To whom: an e-mail address; empty for a webhook.
    pub to: String,
    /// The subject; empty for a webhook.
    pub subject: String,
    /// The text.
    pub body: String,
    /// The headers of a request.
    pub headers: Vec<(String, String)>,
    /// Location documents, byte for byte.
    pub documents: Vec<Vec<u8>>,
    /// Whether it is about somebody who needs help.
    pub urgent: bool,
}

impl Parcel {
    /// For the outbox.
    pub fn stored(&self) -> String {
        let documents: Vec<_> = self.documents.iter().map(|document| STANDARD.encode(document)).collect();
        json!({ "to": self.to, "subject": self.subject, "body": self.body, "headers": self.headers,
            "documents": documents, "urgent": self.urgent })
        .to_string()
    }

    /// What [`Parcel::stored`] gave; `None` for anything else.
    pub fn read(text: &str) -> Option<Parcel> {
        let value: Value = serde_json::from_str(text).ok()?;
        let string = |name: &str| Some(value.get(name)?.as_str()?.to_owned());
        let documents = value.get("documents")?.as_array()?.iter();
        Some(Parcel {
            to: string("to")?,
            subject: string("subject")?,
            body: string("body")?,
            headers: serde_json::from_value(value.get("headers")?.clone()).ok()?,
            documents: documents.map(|one| STANDARD.decode(one.as_str()?).ok()).collect::<Option<_>>()?,
            urgent: value.get("urgent")?.as_bool()?,
        })
    }
}

impl core::fmt::Debug for Parcel {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Parcel({} bytes)", self.body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_reads_back_byte_for_byte_and_anything_else_is_none() {
        let parcel = Parcel {
            to: "desk@acme.example".into(),
            subject: "911".into(),
            body: "two\r\nlines".into(),
            headers: vec![("X-Key".into(), "a".into())],
            documents: vec![b"<?xml\r\n\xff\x00>".to_vec()],
            urgent: true,
        };
        assert_eq!(Parcel::read(&parcel.stored()), Some(parcel));
        assert_eq!(Parcel::read("{}"), None);
        assert_eq!(Parcel::read(""), None);
    }
}
