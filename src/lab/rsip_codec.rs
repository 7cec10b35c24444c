//! Reading and writing with rsip, through its typed headers: what the lab's phone, relay center, crisis line, gateway
//! and PBX accept is what an implementation that is not ours accepts.
use super::message::{First, Heard, Message, Refused};
use bytes::Bytes;
use rsip::headers::{ToTypedHeader, UntypedHeader};
use rsip::message::{HasHeaders, HeadersExt};
use rsip::{Header, SipMessage};

/// Reads one message. rsip does not look at Content-Length: the body is what follows the head.
pub fn read(bytes: Bytes) -> Result<Heard, Refused> {
    let message = SipMessage::try_from(bytes.as_ref()).map_err(|_| refused("head"))?;
    let via = message.via_header().and_then(|via| via.typed()).map_err(|_| refused("Via"))?;
    let from = message.from_header().and_then(|from| from.typed()).map_err(|_| refused("From"))?;
    let to = message.to_header().and_then(|to| to.typed()).map_err(|_| refused("To"))?;
    let cseq = message.cseq_header().and_then(|cseq| cseq.typed()).map_err(|_| refused("CSeq"))?;
    let call_id = message.call_id_header().map_err(|_| refused("Call-ID"))?.value().to_owned();
    let contact = match message.contact_header() {
        Ok(contact) => Some(contact.typed().map_err(|_| refused("Contact"))?.uri.to_string()),
        Err(_) => None,
    };
    let first = match &message {
        SipMessage::Request(request) => First::Request(request.method.to_string(), request.uri.to_string()),
        SipMessage::Response(response) => First::Response(response.status_code.code(), reason(&bytes)),
    };
    Ok(Heard {
        call_id,
        cseq: cseq.seq,
        cseq_method: cseq.method.to_string(),
        branch: via.branch().map(|branch| branch.value().to_owned()).unwrap_or_default(),
        from_tag: from.tag().map(|tag| tag.value().to_owned()).unwrap_or_default(),
        to_tag: to.tag().map(|tag| tag.value().to_owned()),
        contact,
        message: Message {
            first,
            fields: message.headers().iter().filter_map(field).collect(),
            body: Bytes::copy_from_slice(message.body()),
        },
        bytes,
    })
}

/// Writes one message: its URI and its Via, From, To, CSeq and Contact go through rsip's types.
pub fn write(message: &Message) -> Result<Bytes, Refused> {
    let mut headers = rsip::Headers::default();
    for (name, value) in &message.fields {
        headers.push(header(name, value)?);
    }
    headers.push(Header::ContentLength(message.body.len().to_string().into()));
    let (version, body) = (rsip::Version::V2, message.body.to_vec());
    Ok(match &message.first {
        First::Request(method, uri) => rsip::Request {
            method: method.parse().map_err(|_| refused("method"))?,
            uri: uri_of(uri)?,
            version,
            headers,
            body,
        }
        .into(),
        First::Response(code, reason) => {
            // The variants of rsip with a name write their reason without its spaces.
            let status_code = rsip::StatusCode::Other(*code, reason.clone());
            rsip::Response { status_code, version, headers, body }.into()
        }
    })
}

fn header(name: &str, value: &str) -> Result<Header, Refused> {
    use rsip::headers::{CSeq, Contact, From, To, Via};
    Ok(match name {
        "Via" => Via::new(value).into_typed().map_err(|_| refused("Via"))?.into(),
        "From" => From::new(value).into_typed().map_err(|_| refused("From"))?.into(),
        "To" => To::new(value).into_typed().map_err(|_| refused("To"))?.into(),
        "CSeq" => CSeq::new(value).into_typed().map_err(|_| refused("CSeq"))?.into(),
        "Contact" => Contact::new(value).into_typed().map_err(|_| refused("Contact"))?.into(),
        _ => Header::Other(name.to_owned(), value.to_owned()),
    })
}

/// A URI, refused when rsip would not write back what was asked.
fn uri_of(text: &str) -> Result<rsip::Uri, Refused> {
    rsip::Uri::try_from(text).ok().filter(|uri| uri.to_string() == text).ok_or(refused("Request-URI"))
}

fn field(header: &Header) -> Option<(String, String)> {
    let line = header.to_string();
    let (name, value) = line.split_once(':')?;
    (!name.eq_ignore_ascii_case("Content-Length")).then(|| (name.to_owned(), value.trim().to_owned()))
}

/// The reason phrase from the status line, since rsip keeps it only for codes that it has no name for.
fn reason(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let reason = line.splitn(3, |byte| *byte == b' ').nth(2).unwrap_or_default();
    String::from_utf8_lossy(reason).into_owned()
}

const fn refused(part: &'static str) -> Refused {
    Refused { codec: "rsip", part }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rsip_writes_it_reads_back_as_the_same_words() {
        let invite = Message::request("INVITE", "sip:911@127.0.0.1:5060;user=phone")
            .with("Via", "SIP/2.0/UDP 127.0.0.1:40000;rport;branch=z9hG4bKa")
            .with("From", "<sip:+13125550123@127.0.0.1>;tag=f")
            .with("To", "<sip:911@127.0.0.1:5060>")
            .with("Call-ID", "c@127.0.0.1")
            .with("CSeq", "1 INVITE")
            .with("Contact", "<sip:+13125550123@127.0.0.1:40000>")
            .with("P-Asserted-Identity", "<sip:+13125550123@127.0.0.1>")
            .with_sdp("v=0\r\n".into());
        let heard = read(write(&invite).unwrap()).unwrap();
        assert_eq!(heard.message, invite);
        assert_eq!((heard.call_id.as_str(), heard.cseq, heard.cseq_method.as_str()), ("c@127.0.0.1", 1, "INVITE"));
        assert_eq!((heard.branch.as_str(), heard.from_tag.as_str(), heard.to_tag), ("z9hG4bKa", "f", None));
        assert_eq!(heard.contact.as_deref(), Some("sip:+13125550123@127.0.0.1:40000"));
    }

    #[test]
    fn a_response_keeps_its_reason_phrase_with_its_spaces() {
        let busy = Message::response(486)
            .with("Via", "SIP/2.0/UDP 127.0.0.1:40000;branch=z9hG4bKa")
            .with("From", "<sip:a@127.0.0.1>;tag=f")
            .with("To", "<sip:911@127.0.0.1>;tag=t")
            .with("Call-ID", "c")
            .with("CSeq", "1 INVITE");
        let bytes = write(&busy).unwrap();
        assert!(bytes.starts_with(b"SIP/2.0 486 Busy Here\r\n"));
        assert_eq!(read(bytes).unwrap().message.first, First::Response(486, "Busy Here".into()));
    }

    #[test]
    fn a_service_urn_is_refused_and_not_written_as_something_else() {
        let invite = Message::request("INVITE", "urn:service:sos");
        assert_eq!(write(&invite), Err(Refused { codec: "rsip", part: "Request-URI" }));
    }
}
