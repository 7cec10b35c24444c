//! The same events by WebSocket (RFC 6455), one object a message.
use super::hub::{Stay, Stream, Told};
use super::{BEAT_EVERY, LASTS};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use bytes::Bytes;
use core::time::Duration;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::time::{Instant, interval_at, sleep, timeout};

/// The longest message that is read of a client, in bytes. None is looked at.
const MOST_MESSAGE: usize = 4096;

/// How long a message may take to be written.
const WRITTEN_WITHIN: Duration = Duration::from_secs(10);

/// The router leaves, and the next one is soon there (RFC 6455 §7.4.1, IANA's registry of close codes).
const RESTART: u16 = 1012;

/// How many pings may stay without an answer.
const MOST_UNANSWERED: u32 = 2;

/// Changes the protocol.
pub(super) fn upgraded(upgrade: WebSocketUpgrade, stream: Stream, stay: Stay, cut: Arc<Notify>) -> Response {
    let upgrade = upgrade.max_message_size(MOST_MESSAGE).max_frame_size(MOST_MESSAGE);
    upgrade.on_upgrade(async move |socket| {
        let _stay = stay;
        tokio::select! {
            () = talk(socket, stream) => {}
            // Nothing more is written to who does not read.
            () = cut.notified() => {}
        }
    })
}

async fn talk(mut socket: WebSocket, mut stream: Stream) {
    let mut beat = interval_at(Instant::now() + BEAT_EVERY, BEAT_EVERY);
    let mut over = core::pin::pin!(sleep(LASTS));
    let mut unanswered = 0;
    let code = loop {
        tokio::select! {
            told = stream.next() => match told {
                Some(told) if says(&mut socket, written(&told)).await => told.taken(),
                Some(_) => return,
                None => break RESTART,
            },
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => unanswered = 0,
            },
            _ = beat.tick() => {
                unanswered += 1;
                if unanswered > MOST_UNANSWERED || !says(&mut socket, Message::Ping(Bytes::new())).await {
                    return;
                }
            }
            () = &mut over => break close_code::AWAY,
        }
    };
    let end = CloseFrame { code, reason: "connect again".into() };
    // Who does not hear of the end sees it.
    let _heard = says(&mut socket, Message::Close(Some(end))).await;
}

async fn says(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(WRITTEN_WITHIN, socket.send(message)).await, Ok(Ok(())))
}

/// What is said is JSON already.
fn written(told: &Told) -> Message {
    let event = &told.event;
    let text = format!("{{\"id\":\"{}\",\"event\":\"{}\",\"data\":{}}}", event.id, event.name, event.data);
    Message::Text(text.into())
}
