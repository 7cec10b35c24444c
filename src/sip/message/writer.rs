//! The writer: one buffer, from the start line to the body, in order.
use super::lexis::is_line_breaker;
use super::{Field, Message, Method, Name, lexis, scan};
use bytes::{BufMut, Bytes, BytesMut};
use core::fmt::{self, Write as _};
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub use super::reason::reason_phrase;

/// Writes one message. Content-Length is written by [`Writer::finish`] and nowhere else: as a field of its own it is
/// left out, copied or not.
///
/// A value can never add a line: CR, LF and NUL inside one become spaces.
pub struct Writer {
    out: BytesMut,
}

impl Writer {
    /// Starts a request.
    pub fn request(buffer: BytesMut, method: Method, uri: &[u8]) -> Writer {
        Writer::request_of(buffer, method.text().as_bytes(), uri)
    }

    /// Starts a request whose method may have no [`Method`].
    pub fn request_of(buffer: BytesMut, method: &[u8], uri: &[u8]) -> Writer {
        let mut writer = Writer::over(buffer);
        put(&mut writer.out, method);
        put(&mut writer.out, b" ");
        put(&mut writer.out, uri);
        clean(&mut writer.out);
        put(&mut writer.out, b" SIP/2.0\r\n");
        writer
    }

    /// Starts a response; an empty reason takes the code's usual phrase.
    pub fn response(buffer: BytesMut, code: u16, reason: &str) -> Writer {
        let mut writer = Writer::over(buffer);
        put(&mut writer.out, b"SIP/2.0 ");
        put_number(&mut writer.out, u32::from(code));
        put(&mut writer.out, b" ");
        put(&mut writer.out, if reason.is_empty() { reason_phrase(code) } else { reason }.as_bytes());
        writer.end(0);
        writer
    }
    /// One header field. CR, LF and NUL inside a value are replaced by a space: a value can never add a line.
    /// [`Name::Other`] has no text of its own and writes nothing; see [`Writer::other`].
    pub fn field(&mut self, name: Name, value: impl AsRef<[u8]>) -> &mut Writer {
        self.line(name, value.as_ref());
        self
    }
    /// One header field that is a number.
    pub fn number(&mut self, name: Name, value: u32) -> &mut Writer {
        self.line(name, Backwards::<10>::new().number(value).text());
        self
    }
    /// One header field whose name has no [`Name`]. A character that no name may have becomes `_`,
    /// which stands in no name that means something, so that none comes into being here.
    pub fn other(&mut self, name: &[u8], value: &[u8]) -> &mut Writer {
        if Name::read(name) == Name::ContentLength || name.is_empty() {
            return self;
        }
        self.out.extend(name.iter().map(|&byte| if lexis::is_token(byte) { byte } else { b'_' }));
        put(&mut self.out, b": ");
        let from = self.out.len();
        put(&mut self.out, value);
        self.end(from);
        self
    }
    /// One header field put together by `value`, which writes into the buffer; the name, colon and CRLF are written
    /// around it. For composed values on the hot path; CR, LF and NUL become spaces here too. `value` only appends.
    pub fn field_with(&mut self, name: Name, value: impl FnOnce(&mut BytesMut)) -> &mut Writer {
        if let Some(from) = self.begin(name) {
            value(&mut self.out);
            self.end(from);
        }
        self
    }
    /// A field of another message, byte for byte with its folds. One that a lenient peer could read as more than one
    /// line is written anew with spaces in place of CR, LF and NUL; one without a colon is left out.
    pub fn copy(&mut self, from: &Message, field: &Field) -> &mut Writer {
        if field.name == Name::ContentLength {
            return self;
        }
        if !field.plain {
            if field.has_colon() {
                self.other(from.field_name(field), from.field_value(field));
            }
            return self;
        }
        let line = from.field_line(field);
        put(&mut self.out, line);
        if !line.ends_with(b"\r\n") {
            put(&mut self.out, b"\r\n");
        }
        self
    }
    /// All fields of this name of another message, byte for byte, in order.
    pub fn copy_all(&mut self, from: &Message, name: Name) -> &mut Writer {
        for field in from.fields().iter().filter(|field| field.name == name) {
            self.copy(from, field);
        }
        self
    }
    /// Ends the head, writes the body and gives the message's bytes. `body` comes with its Content-Type; `None` writes
    /// `Content-Length: 0`.
    pub fn finish(self, body: Option<(&[u8], &[u8])>) -> Bytes {
        self.finish_and_keep(body).0
    }
    /// Like [`Writer::finish`], and gives the unused rest of the buffer back for the next message.
    pub fn finish_and_keep(mut self, body: Option<(&[u8], &[u8])>) -> (Bytes, BytesMut) {
        let (content_type, body) = body.unwrap_or_default();
        if !content_type.is_empty() {
            self.field(Name::ContentType, content_type);
        }
        put(&mut self.out, b"Content-Length: ");
        put_number(&mut self.out, u32::try_from(body.len()).unwrap_or(u32::MAX));
        put(&mut self.out, b"\r\n\r\n");
        put(&mut self.out, body);
        (self.out.split().freeze(), self.out)
    }

    fn over(mut buffer: BytesMut) -> Writer {
        buffer.clear();
        Writer { out: buffer }
    }

    fn line(&mut self, name: Name, value: &[u8]) {
        if let Some(from) = self.begin(name) {
            put(&mut self.out, value);
            self.end(from);
        }
    }

    /// Writes the name and colon of a field that is ours to write; where its value begins.
    fn begin(&mut self, name: Name) -> Option<usize> {
        if matches!(name, Name::Other | Name::ContentLength) {
            return None;
        }
        put(&mut self.out, name.label());
        Some(self.out.len())
    }

    /// Ends a field whose value begins there.
    fn end(&mut self, from: usize) {
        if let Some(written) = self.out.get_mut(from..) {
            clean(written);
        }
        put(&mut self.out, b"\r\n");
    }
}

/// Shows how much is written and nothing of it: the content is private.
impl fmt::Debug for Writer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Writer({} bytes)", self.out.len())
    }
}

/// Appends, in one place for all that is written here.
#[inline(never)]
fn put(out: &mut BytesMut, text: &[u8]) {
    out.put_slice(text);
}

fn clean(value: &mut [u8]) {
    if scan::control(value).is_some() {
        replace_line_breakers(value);
    }
}

#[cold]
fn replace_line_breakers(value: &mut [u8]) {
    for byte in value {
        if is_line_breaker(*byte) {
            *byte = b' ';
        }
    }
}

/// A number in decimal digits, as CSeq, Max-Forwards and Content-Length want it.
pub fn put_number(out: &mut BytesMut, number: u32) {
    put(out, Backwards::<10>::new().number(number).text());
}

/// An address and its port as a URI or a Via names them: IPv6 in brackets, and without its scope, which is nobody
/// else's business.
pub fn put_address(out: &mut BytesMut, address: SocketAddr) {
    let port = u32::from(address.port());
    match address.ip() {
        IpAddr::V4(ip) => put(out, Backwards::<21>::new().number(port).byte(b':').ipv4(ip).text()),
        IpAddr::V6(ip) => {
            put(out, b"[");
            put_ipv6(out, ip);
            put(out, b"]:");
            put_number(out, port);
        }
    }
}

/// An address alone, without brackets.
pub fn put_ip(out: &mut BytesMut, address: IpAddr) {
    match address {
        IpAddr::V4(ip) => put(out, Backwards::<21>::new().ipv4(ip).text()),
        IpAddr::V6(ip) => put_ipv6(out, ip),
    }
}

#[cold]
fn put_ipv6(out: &mut BytesMut, ip: Ipv6Addr) {
    let written = write!(out, "{ip}");
    debug_assert!(written.is_ok(), "a growing buffer takes everything");
}

/// A short text put together from its end, as numbers are.
struct Backwards<const ROOM: usize> {
    text: [u8; ROOM],
    from: usize,
}

impl<const ROOM: usize> Backwards<ROOM> {
    const fn new() -> Self {
        Backwards { text: [0; ROOM], from: ROOM }
    }

    const fn byte(mut self, byte: u8) -> Self {
        self.from -= 1;
        self.text[self.from] = byte;
        self
    }

    fn number(mut self, mut number: u32) -> Self {
        loop {
            self = self.byte(b'0' + (number % 10) as u8);
            number /= 10;
            if number == 0 {
                return self;
            }
        }
    }

    fn ipv4(mut self, ip: Ipv4Addr) -> Self {
        let [first, others @ ..] = ip.octets();
        for octet in others.into_iter().rev() {
            self = self.number(u32::from(octet)).byte(b'.');
        }
        self.number(u32::from(first))
    }

    fn text(&self) -> &[u8] {
        &self.text[self.from..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &Bytes) -> &str {
        core::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_request_is_written_in_order_with_its_length() {
        let mut out = Writer::request(BytesMut::new(), Method::Invite, b"urn:service:sos");
        out.field(Name::CallId, "a@b").number(Name::CSeq, 4_294_967_295).other(b"X-Floor", b"4");
        out.field_with(Name::From, |out| out.put_slice(b"<sip:a@b>"));
        let bytes = out.finish(Some((b"application/sdp", b"v=0\r\n")));
        assert_eq!(
            text(&bytes),
            "INVITE urn:service:sos SIP/2.0\r\nCall-ID: a@b\r\nCSeq: 4294967295\r\nX-Floor: 4\r\nFrom: <sip:a@b>\r\n\
             Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n"
        );
    }

    #[test]
    fn a_response_without_a_reason_takes_the_usual_one() {
        assert_eq!(
            text(&Writer::response(BytesMut::new(), 486, "").finish(None)),
            "SIP/2.0 486 Busy Here\r\nContent-Length: 0\r\n\r\n"
        );
        assert!(text(&Writer::response(BytesMut::new(), 200, "Fine").finish(None)).starts_with("SIP/2.0 200 Fine\r\n"));
    }

    #[test]
    fn no_value_can_add_a_line() {
        let mut out = Writer::request(BytesMut::new(), Method::Bye, b"sip:a@b\r\nVia: x");
        out.field(Name::Subject, "a\r\nRoute: <sip:evil>\0").other(b"X-A\r\nB: c", b"d\ne");
        out.field_with(Name::From, |out| out.put_slice(b"f\r\n\r\ng"));
        let bytes = out.finish(Some((b"a/b\r\nc: d", b"")));
        assert_eq!(text(&bytes).matches('\n').count(), 7);
        assert_eq!(text(&bytes).matches("\r\n").count(), 7);
        assert!(!text(&bytes).contains('\0'));
    }

    #[test]
    fn the_length_is_ours_alone() {
        let mut out = Writer::response(BytesMut::new(), 200, "OK");
        out.field(Name::ContentLength, "7").other(b"l", b"8").number(Name::ContentLength, 9).field(Name::Other, "x");
        out.other(b"Content\0Length", b"5");
        assert_eq!(text(&out.finish(None)), "SIP/2.0 200 OK\r\nContent_Length: 5\r\nContent-Length: 0\r\n\r\n");
    }

    #[test]
    fn fields_are_copied_as_they_came_unless_a_peer_could_misread_them() {
        let came =
            "BYE sip:a@b SIP/2.0\r\nsUBJECT :  a\r\n b\r\nX: y\nRoute: <sip:evil>\r\njunk\r\nl: 0\r\nX(y): z\r\n\r\n";
        let message = Message::read(Bytes::from_static(came.as_bytes())).unwrap();
        let mut out = Writer::request(BytesMut::new(), Method::Bye, b"sip:c@d");
        for field in message.fields() {
            out.copy(&message, field);
        }
        assert_eq!(
            text(&out.finish(None)),
            "BYE sip:c@d SIP/2.0\r\nsUBJECT :  a\r\n b\r\nX: y Route: <sip:evil>\r\nX_y_: z\r\nContent-Length: 0\r\n\r\n"
        );
    }

    #[test]
    fn an_address_is_written_with_brackets_where_it_needs_them_and_never_with_a_scope() {
        for (address, expected) in [
            ("192.0.2.10:5060", "192.0.2.10:5060"),
            ("0.0.0.255:65535", "0.0.0.255:65535"),
            ("[2001:db8::1]:5070", "[2001:db8::1]:5070"),
            ("[fe80::1%3]:5060", "[fe80::1]:5060"),
        ] {
            let mut out = BytesMut::new();
            put_address(&mut out, address.parse().unwrap());
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn a_buffer_is_used_on_for_the_next_message() {
        let (first, rest) = Writer::response(BytesMut::with_capacity(4096), 100, "").finish_and_keep(None);
        let (second, _) = Writer::response(rest, 200, "").finish_and_keep(None);
        assert!(text(&first).starts_with("SIP/2.0 100 ") && text(&second).starts_with("SIP/2.0 200 "));
        assert_eq!(second.as_ptr().addr(), first.as_ptr().addr() + first.len());
    }
}
