//! `/metrics`, for Prometheus.
use crate::edge::metrics::Page;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use core::time::Duration;
use tokio::net::TcpListener;

/// How often the histograms are folded, whether or not anybody reads the page.
const FOLD_EVERY: Duration = Duration::from_secs(5);

/// Serves the page until the future is dropped or the listener fails. `look` is called before each reading: it brings up
/// to date what nobody tells.
pub async fn serve(
    listener: TcpListener,
    page: Page,
    look: impl Fn() + Clone + Send + Sync + 'static,
) -> std::io::Result<()> {
    let shown = page.clone();
    let text = async move || {
        look();
        ([(CONTENT_TYPE, Page::CONTENT_TYPE)], shown.text())
    };
    let router = Router::new().route("/metrics", get(text));
    let folding = async {
        let mut every = tokio::time::interval(FOLD_EVERY);
        loop {
            every.tick().await;
            page.fold();
        }
    };
    tokio::select! {
        served = axum::serve(listener, router) => served,
        () = folding => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::metrics::Metrics;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    #[test]
    fn prometheus_reads_the_page_and_nothing_else_is_served() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let metrics = Metrics::new([&"psap-1".into()]).unwrap();
            let server = tokio::spawn(serve(listener, metrics.page(), || {}));
            let mut answers = Vec::new();
            for path in ["/metrics", "/"] {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                answers.push(answer);
            }
            server.abort();
            assert!(answers[0].starts_with("HTTP/1.1 200 "), "{}", answers[0]);
            assert!(answers[0].contains("content-type: text/plain; version=0.0.4"), "{}", answers[0]);
            assert!(answers[0].contains("callbox_trunk_up{trunk=\"psap-1\"} 1"), "{}", answers[0]);
            assert!(answers[1].starts_with("HTTP/1.1 404 "), "{}", answers[1]);
        });
    }
}
