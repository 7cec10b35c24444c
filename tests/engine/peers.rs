//! What peers write: a phone of the PBX, and far ends that answer.
use callbox::sip::message::{Message, Name};
use core::sync::atomic::{AtomicU32, Ordering};

static SERIAL: AtomicU32 = AtomicU32::new(1);

fn serial() -> u32 {
    SERIAL.fetch_add(1, Ordering::Relaxed)
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The values of a header, one a line.
pub fn values(message: &Message, name: Name) -> Vec<String> {
    message.values(name).map(text).collect()
}

/// A header's first value; empty when there is none.
pub fn value(message: &Message, name: Name) -> String {
    message.value(name).map(text).unwrap_or_default()
}

pub fn body(message: &Message) -> String {
    text(message.body_slice())
}

fn finish(head: &str, more: &str, body: &str) -> String {
    let kind = if body.is_empty() || more.contains("Content-Type") { "" } else { "Content-Type: application/sdp\r\n" };
    format!("{head}{more}{kind}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// A phone that calls.
#[derive(Clone)]
pub struct Caller {
    pub port: u16,
    pub from: String,
    pub request_uri: String,
    pub call_id: String,
    pub tag: String,
    pub branch: String,
    pub cseq: u32,
    /// Header lines of its INVITE, each with its line end.
    pub more: String,
    pub sdp: String,
    /// Where requests in the dialog go, and the To that they have.
    pub target: String,
    pub to: String,
}

impl Caller {
    pub fn new(from: &str, number: &str) -> Caller {
        let id = serial();
        let request_uri = if number.contains(':') { number.to_owned() } else { format!("sip:{number}@127.0.0.1") };
        Caller {
            port: crate::world::CALLER,
            from: format!("\"Desk\" <sip:{from}@pbx.example>"),
            to: format!("<{request_uri}>"),
            target: request_uri.clone(),
            request_uri,
            call_id: format!("caller-{id}@pbx.example"),
            tag: format!("caller{id}"),
            branch: format!("z9hG4bKcaller{id}"),
            cseq: 1,
            more: String::new(),
            sdp: crate::world::SDP.to_owned(),
        }
    }

    fn head(&self, method: &str, uri: &str, to: &str, branch: &str, cseq: u32) -> String {
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch={branch};rport\r\nMax-Forwards: 70\r\n\
             From: {from};tag={tag}\r\nTo: {to}\r\nCall-ID: {id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:desk@127.0.0.1:{port}>\r\n",
            port = self.port,
            from = self.from,
            tag = self.tag,
            id = self.call_id,
        )
    }

    pub fn invite(&self) -> String {
        let to = format!("<{}>", self.request_uri);
        finish(&self.head("INVITE", &self.request_uri, &to, &self.branch, 1), &self.more, &self.sdp)
    }

    pub fn cancel(&self) -> String {
        let to = format!("<{}>", self.request_uri);
        finish(&self.head("CANCEL", &self.request_uri, &to, &self.branch, 1), "", "")
    }

    /// Takes the dialog from a response.
    pub fn learn(&mut self, response: &Message) {
        self.to = value(response, Name::To);
        if let Some(contact) = response.contact() {
            self.target = text(contact.uri.text);
        }
    }

    /// The ACK to the latest 2xx.
    pub fn ack(&self, sdp: &str) -> String {
        let branch = format!("z9hG4bKack{}", serial());
        finish(&self.head("ACK", &self.target, &self.to, &branch, self.cseq), "", sdp)
    }

    /// A request in the dialog; `more` are header lines.
    pub fn request(&mut self, method: &str, more: &str, body: &str) -> String {
        self.cseq += 1;
        let branch = format!("z9hG4bKmid{}", serial());
        finish(&self.head(method, &self.target, &self.to, &branch, self.cseq), more, body)
    }

    /// A request outside any dialog.
    pub fn outside(&self, method: &str, more: &str, body: &str) -> String {
        let branch = format!("z9hG4bKout{}", serial());
        let to = format!("<{}>", self.request_uri);
        finish(&self.head(method, &self.request_uri, &to, &branch, 1), more, body)
    }

    /// The response to a request in the dialog.
    pub fn response(&self, request: &Message, code: u16, more: &str, body: &str) -> String {
        let contact = format!("Contact: <sip:desk@127.0.0.1:{}>\r\n", self.port);
        response(request, code, "", &(contact + more), body)
    }
}

fn response(request: &Message, code: u16, tag: &str, more: &str, body: &str) -> String {
    let vias: String = values(request, Name::Via).iter().map(|via| format!("Via: {via}\r\n")).collect();
    let mut to = value(request, Name::To);
    if code > 100 && !tag.is_empty() && !to.contains("tag=") {
        to = format!("{to};tag={tag}");
    }
    let head = format!(
        "SIP/2.0 {code} Said\r\n{vias}From: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n",
        value(request, Name::From),
        value(request, Name::CallId),
        value(request, Name::CSeq),
    );
    finish(&head, more, body)
}

/// A far end with the INVITE that came to it.
#[derive(Clone)]
pub struct Far {
    pub port: u16,
    pub tag: String,
    pub invite: Message,
    pub cseq: u32,
}

impl Far {
    pub fn to(port: u16, invite: Message) -> Far {
        Far { port, tag: format!("far{}", serial()), invite, cseq: 100 }
    }

    /// A response to the INVITE.
    pub fn response(&self, code: u16, more: &str, body: &str) -> String {
        self.response_to(&self.invite, code, more, body)
    }

    /// A response to any request.
    pub fn response_to(&self, request: &Message, code: u16, more: &str, body: &str) -> String {
        let contact = format!("Contact: <sip:desk@127.0.0.1:{}>\r\n", self.port);
        let contact = if code > 100 { contact } else { String::new() };
        response(request, code, &self.tag, &(contact + more), body)
    }

    /// A request in the dialog; `more` are header lines.
    pub fn request(&mut self, method: &str, more: &str, body: &str) -> String {
        self.cseq += 1;
        let branch = format!("z9hG4bKfar{}", serial());
        self.written(method, self.cseq, &branch, more, body)
    }

    /// The ACK to a 2xx of ours to a request of this far end.
    pub fn ack(&self, body: &str) -> String {
        let branch = format!("z9hG4bKfar{}", serial());
        self.written("ACK", self.cseq, &branch, "", body)
    }

    fn written(&self, method: &str, cseq: u32, branch: &str, more: &str, body: &str) -> String {
        let target = self.invite.contact().map(|contact| text(contact.uri.text)).expect("our INVITE has a Contact");
        let head = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch={branch};rport\r\n\
             Max-Forwards: 70\r\nFrom: {from};tag={tag}\r\nTo: {to}\r\nCall-ID: {id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:desk@127.0.0.1:{port}>\r\n",
            port = self.port,
            from = value(&self.invite, Name::To),
            tag = self.tag,
            to = value(&self.invite, Name::From),
            id = value(&self.invite, Name::CallId),
        );
        finish(&head, more, body)
    }
}
