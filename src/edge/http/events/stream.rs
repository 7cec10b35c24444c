//! Server-sent events, as browsers read them (WHATWG HTML, "Server-sent events").
use super::hub::{Stay, Stream};
use super::{BEAT_EVERY, LASTS};
use crate::edge::http::serve::Hold;
use axum::body::{Body, HttpBody};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use hyper::body::Frame;
use tokio::time::{Instant, Interval, Sleep, interval_at, sleep};

/// What a browser is told first: when it connects again, in milliseconds.
const RETRY: &str = "retry: 2000\n\n";

/// What keeps a connection where nothing happens.
const BEAT: &str = ":\n\n";

/// Whoever stands between is not to keep events back.
const NO_BUFFER: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// The answer. The page that reads it may be anybody's: the ticket says who may listen, and nothing else that a browser
/// sends by itself does.
pub(super) fn response(stream: Stream, stay: Stay, hold: &Hold) -> Response {
    let beat = interval_at(Instant::now() + BEAT_EVERY, BEAT_EVERY);
    let flow = Flow { begins: true, stream, beat, over: Box::pin(sleep(LASTS)) };
    // With the connection, which ends after the last of it is written.
    hold.keep(stay);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CONNECTION, HeaderValue::from_static("close")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        NO_BUFFER,
    ];
    (headers, Body::new(flow)).into_response()
}

struct Flow {
    begins: bool,
    stream: Stream,
    beat: Interval,
    over: Pin<Box<Sleep>>,
}

impl HttpBody for Flow {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let flow = self.get_mut();
        let said = |text: String| Poll::Ready(Some(Ok(Frame::data(Bytes::from(text)))));
        if core::mem::take(&mut flow.begins) {
            return said(RETRY.into());
        }
        match flow.stream.poll(context) {
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(told)) => {
                let event = &told.event;
                let text = format!("id: {}\nevent: {}\ndata: {}\n\n", event.id, event.name, event.data);
                told.taken();
                return said(text);
            }
            Poll::Pending => {}
        }
        if flow.over.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        ready!(flow.beat.poll_tick(context));
        said(BEAT.into())
    }
}
