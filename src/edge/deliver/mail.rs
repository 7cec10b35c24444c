//! E-mail over SMTP: with TLS, with credentials, and one message for each address, so that each has its own fate.
use super::{Failure, Parcel};
use crate::base::private::Private;
use core::time::Duration;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Body, Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

/// How the connection to the mail server is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (port 465).
    Tls,
    /// TLS after STARTTLS, and nothing without it (port 587).
    StartTls,
    /// None: for a server on this machine alone.
    None,
}

/// The mail server and how we write to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// User name and password, where it wants them.
    pub login: Option<(Private<String>, Private<String>)>,
    /// The sender.
    pub from: String,
    /// The sender when the server refuses the first: a message from somebody else is better than none.
    pub fallback: Option<String>,
    /// Issuers of certificates that are trusted beside the system's, in PEM.
    pub issuers: Option<Vec<u8>>,
    /// How long one message may take.
    pub within: Duration,
    /// Our name: it stands in the Message-ID.
    pub domain: String,
}

/// A mail server.
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    fallback: Option<Mailbox>,
    within: Duration,
    domain: String,
}

impl Mail {
    /// Makes ready to send; nothing is connected yet.
    ///
    /// # Errors
    /// In words: a sender that is no address, issuers that cannot be read.
    pub fn new(setup: &Setup) -> Result<Mail, &'static str> {
        let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|_| "the sender is no e-mail address");
        let tls = || -> Result<TlsParameters, &'static str> {
            let mut builder = TlsParameters::builder(setup.host.clone());
            if let Some(pem) = &setup.issuers {
                let issuer = Certificate::from_pem(pem).map_err(|_| "the issuers of certificates cannot be read")?;
                builder = builder.add_root_certificate(issuer);
            }
            builder.build().map_err(|_| "TLS cannot be set up")
        };
        let tls = match setup.security {
            Security::Tls => Tls::Wrapper(tls()?),
            Security::StartTls => Tls::Required(tls()?),
            Security::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&setup.host)
            .port(setup.port)
            .tls(tls)
            .timeout(Some(setup.within));
        if let Some((user, password)) = &setup.login {
            builder = builder.credentials(Credentials::new(user.expose().clone(), password.expose().clone()));
        }
        Ok(Mail {
            transport: builder.build(),
            from: mailbox(&setup.from)?,
            fallback: setup.fallback.as_deref().map(mailbox).transpose()?,
            within: setup.within,
            domain: setup.domain.clone(),
        })
    }

    /// Sends a message. `id` names it for whoever gets it twice.
    ///
    /// # Errors
    /// Why the server did not take it.
    pub async fn send(&self, id: &str, parcel: &Parcel) -> Result<(), Failure> {
        match self.send_as(&self.from, id, parcel).await {
            // The sender is not allowed, or the server says no more than that something is not.
            Err(Failure::Refused(550 | 551 | 553 | 554 | 530)) if self.fallback.is_some() => {
                let fallback = self.fallback.as_ref().unwrap_or(&self.from);
                self.send_as(fallback, id, parcel).await
            }
            sent => sent,
        }
    }

    /// Connects, secures the connection and shows the credentials, and sends nothing.
    ///
    /// # Errors
    /// Why that does not work.
    pub async fn check(&self) -> Result<(), Failure> {
        match tokio::time::timeout(self.within, self.transport.test_connection()).await {
            Err(_) => Err(Failure::Late),
            Ok(Err(error)) => Err(failure(&error)),
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(Failure::Unreadable),
        }
    }

    async fn send_as(&self, from: &Mailbox, id: &str, parcel: &Parcel) -> Result<(), Failure> {
        let message = self.written(from, id, parcel).ok_or(Failure::Unwritable)?;
        match tokio::time::timeout(self.within, self.transport.send(message)).await {
            Err(_) => Err(Failure::Late),
            Ok(Err(error)) => Err(failure(&error)),
            Ok(Ok(_)) => Ok(()),
        }
    }

    fn written(&self, from: &Mailbox, id: &str, parcel: &Parcel) -> Option<Message> {
        let text = SinglePart::plain(parcel.body.clone());
        let mut parts = MultiPart::mixed().singlepart(text);
        for (number, document) in parcel.documents.iter().enumerate() {
            // Base64 keeps every byte, whatever line ends and length of lines the document has.
            let body = Body::new_with_encoding(document.clone(), ContentTransferEncoding::Base64).ok()?;
            let kind = ContentType::parse("application/pidf+xml").ok()?;
            parts = parts.singlepart(Attachment::new(format!("location-{}.xml", number + 1)).body(body, kind));
        }
        let mut message = Message::builder()
            .from(from.clone())
            .to(parcel.to.parse().ok()?)
            .subject(&parcel.subject)
            .message_id(Some(format!("<{id}@{}>", self.domain)))
            .multipart(parts)
            .ok()?;
        // Nobody's absence is to be answered (RFC 3834 §5).
        let mut mark = |name: &'static str, value: &str| {
            message.headers_mut().insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.into()));
        };
        mark("Auto-Submitted", "auto-generated");
        if parcel.urgent {
            mark("Importance", "high");
            mark("X-Priority", "1");
        }
        Some(message)
    }
}

fn failure(error: &lettre::transport::smtp::Error) -> Failure {
    if let Some(code) = error.status() {
        return match u16::from(code) {
            // RFC 4954 §6.
            code @ (534 | 535 | 538) => Failure::Login(code),
            code => Failure::Refused(code),
        };
    }
    match () {
        () if error.is_timeout() => Failure::Late,
        () if error.is_tls() => Failure::Tls,
        () if error.is_response() => Failure::Unreadable,
        () => Failure::Unreachable,
    }
}
