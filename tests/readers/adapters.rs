//! The three readers, each asked the same.
use crate::said::{Part, Said, What, fields};
use bytes::Bytes;
use callbox::sip::message::{ContentLength, Message, Method, Name, Start, reader::unfold};
use rsip::headers::{ToTypedHeader, UntypedHeader};
use rsip::message::{HasHeaders, HeadersExt};
use sipx_sip::headers::{CSeq, CallId, ContentLength as Length, From, To, Via};
use sipx_sip::message::{Headers, TypedHeader};
use sipx_sip::{HeaderName, Limits, parse_datagram};

/// callbox's own.
pub fn ours(bytes: &Bytes) -> Result<Said, String> {
    let message = Message::read(bytes.clone()).map_err(|why| why.to_string())?;
    let start = match message.start() {
        Start::Request(_) => [message.method_text(), message.request_uri()].join(&b' '),
        Start::Response(code) => code.to_string().into_bytes(),
    };
    let cseq = |value: &[u8]| {
        let (number, method) = message.cseq()?;
        let known = (method != Method::Other).then(|| method.text().as_bytes());
        let text =
            known.unwrap_or_else(|| value.trim_ascii_end().rsplit(u8::is_ascii_whitespace).next().unwrap_or(b""));
        Some([number.to_string().as_bytes(), text].join(&b' '))
    };
    let tag = |value: Option<&[u8]>, address: Option<callbox::sip::message::NameAddr<'_>>| match (value, address) {
        (None, _) => Part::Absent,
        (Some(_), None) => Part::Unreadable("callbox".into()),
        (Some(_), Some(address)) => Part::maybe(address.tag()),
    };
    let branch = match (message.first(Name::Via), message.via()) {
        (None, _) => Part::Absent,
        (Some(_), None) => Part::Unreadable("callbox".into()),
        (Some(_), Some(via)) => Part::maybe(via.branch()),
    };
    let mut said = vec![
        (What::Start, Part::Is(start)),
        (What::CallId, Part::maybe(message.call_id().map(|id| unfold(id).into_owned()))),
        (
            What::CSeq,
            message
                .value(Name::CSeq)
                .map_or(Part::Absent, |value| cseq(value).map_or(Part::Unreadable("callbox".into()), Part::Is)),
        ),
        (What::FromTag, tag(message.value(Name::From), message.from())),
        (What::ToTag, tag(message.value(Name::To), message.to())),
        (What::Branch, branch),
        (
            What::Length,
            match message.content_length() {
                ContentLength::Absent => Part::Absent,
                ContentLength::Bytes(length) => Part::is(length.to_string()),
                ContentLength::Unusable => Part::Unreadable("callbox".into()),
            },
        ),
        (What::Body, Part::is(message.body_slice())),
    ];
    let name = |field: &callbox::sip::message::Field| match field.name {
        Name::Other => message.field_name(field).to_vec(),
        known => known.text().as_bytes().to_vec(),
    };
    let all = message.fields().iter();
    said.extend(fields(all.map(|field| (name(field), unfold(message.field_value(field)).into_owned()))));
    Ok(said)
}

/// sipx-sip, the strictest of those that were measured.
pub fn sipx(bytes: &Bytes) -> Result<Said, String> {
    let limits = Limits { max_folding_lines: usize::MAX, ..Limits::datagram() };
    let message = parse_datagram(bytes.clone(), &limits).map_err(|why| format!("{why:?}"))?;
    let headers = message.headers();
    let start = match (message.as_request(), message.as_response()) {
        (Some(request), _) => [request.method.as_bytes(), request.uri.to_string().as_bytes()].join(&b' '),
        (_, Some(response)) => response.status.code().to_string().into_bytes(),
        (None, None) => return Err("neither request nor response".into()),
    };
    let mut said = vec![
        (What::Start, Part::Is(start)),
        (What::CallId, typed(headers, |id: CallId| Some(id.0))),
        (
            What::CSeq,
            typed(headers, |cseq: CSeq| {
                Some([cseq.sequence.to_string().as_bytes(), cseq.method.as_bytes()].join(&b' '))
            }),
        ),
        (What::FromTag, typed(headers, |from: From| from.0.tag().map(<[u8]>::to_vec))),
        (What::ToTag, typed(headers, |to: To| to.0.tag().map(<[u8]>::to_vec))),
        (What::Branch, typed_first_via(headers)),
        (What::Length, typed(headers, |length: Length| Some(length.0.to_string().into_bytes()))),
        (What::Body, Part::is(message.body().to_vec())),
    ];
    said.extend(fields(headers.iter().map(|header| (header.name().canonical().to_vec(), header.value().into_owned()))));
    Ok(said)
}

fn typed<T: TypedHeader>(headers: &Headers, part: impl Fn(T) -> Option<Vec<u8>>) -> Part {
    match headers.typed::<T>() {
        None => Part::Absent,
        Some(Err(why)) => Part::Unreadable(format!("{why:?}")),
        Some(Ok(header)) => Part::maybe(part(header)),
    }
}

fn typed_first_via(headers: &Headers) -> Part {
    let Some(value) = headers.value(&HeaderName::Via) else { return Part::Absent };
    match Via::parse_list(&value) {
        Err(why) => Part::Unreadable(format!("{why:?}")),
        Ok(vias) => vias.first().map_or(Part::Absent, |via| Part::maybe(via.branch())),
    }
}

/// rsip, which the lab speaks.
pub fn rsip(bytes: &Bytes) -> Result<Said, String> {
    let message = ::rsip::SipMessage::try_from(bytes.as_ref()).map_err(|why| why.to_string())?;
    let start = match &message {
        ::rsip::SipMessage::Request(request) => format!("{} {}", request.method, request.uri),
        ::rsip::SipMessage::Response(response) => response.status_code.code().to_string(),
    };
    let length = message.headers().iter().find_map(|header| match header {
        ::rsip::Header::ContentLength(length) => Some(length.value().trim().to_owned()),
        _ => None,
    });
    let tag = |tag: Option<&::rsip::common::uri::param::Tag>| tag.map(|tag| tag.value().to_owned());
    let mut said = vec![
        (What::Start, Part::is(start)),
        (What::CallId, Part::maybe(message.call_id_header().ok().map(|id| id.value().trim().to_owned()))),
        (
            What::CSeq,
            with(message.cseq_header().map(ToTypedHeader::typed), |cseq| Some(format!("{} {}", cseq.seq, cseq.method))),
        ),
        (What::FromTag, with(message.from_header().map(ToTypedHeader::typed), |from| tag(from.tag()))),
        (What::ToTag, with(message.to_header().map(ToTypedHeader::typed), |to| tag(to.tag()))),
        (
            What::Branch,
            with(message.via_header().map(ToTypedHeader::typed), |via| {
                via.branch().map(|branch| branch.value().to_owned())
            }),
        ),
        (What::Length, Part::maybe(length)),
        (What::Body, Part::Is(message.body().clone())),
    ];
    let lines = message.headers().iter().map(ToString::to_string);
    said.extend(fields(lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().into(), value.trim().into()))
    })));
    Ok(said)
}

/// A part of a header that rsip finds and then reads.
fn with<T>(found: Result<Result<T, ::rsip::Error>, ::rsip::Error>, part: impl Fn(T) -> Option<String>) -> Part {
    match found {
        Err(_) => Part::Absent,
        Ok(Err(why)) => Part::Unreadable(why.to_string()),
        Ok(Ok(header)) => Part::maybe(part(header)),
    }
}
