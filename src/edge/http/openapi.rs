//! What is served, described for those who write clients: `/openapi.json` (OpenAPI 3.1). It is made of the handlers
//! themselves and of the words that they read and write.
use super::{client, events, held, location};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use std::sync::LazyLock;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The name of the scheme in which an organisation shows its company id and secret.
pub(super) const COMPANY: &str = "company";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "callbox",
        description = "Where phones and soft clients ask where they are, and desktops listen. Requests and answers of HELD are \
                       XML (RFC 5985); those of `/client/v1` are JSON."
    ),
    paths(
        held::own,
        held::asked,
        location::by_get,
        location::by_post,
        client::located,
        client::given,
        client::withdrawn,
        events::listen,
        events::ticket
    ),
    modifiers(&Credentials)
)]
struct Served;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let basic = HttpBuilder::new()
            .scheme(HttpAuthScheme::Basic)
            .description(Some("The company id and a secret of the organisation"))
            .build();
        document
            .components
            .get_or_insert_default()
            .security_schemes
            .insert(COMPANY.to_owned(), SecurityScheme::Http(basic).into());
    }
}

/// The description, rendered once.
static TEXT: LazyLock<Bytes> = LazyLock::new(|| Served::openapi().to_json().unwrap_or_default().into());

pub(super) async fn described() -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], TEXT.clone()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::Entropy;
    use crate::cache::Cache;
    use crate::edge::clock::Clock;
    use crate::edge::http::events::Hub;
    use crate::edge::http::held::{Rules, Server, router};
    use crate::edge::metrics::Metrics;
    use crate::edge::metrics::desktops::Desktops;
    use crate::held::Terms;
    use axum::body::Body;
    use axum::extract::ConnectInfo;
    use axum::http::Request;
    use core::net::SocketAddr;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;
    use serde_json::Value;
    use std::sync::Arc;

    const ROUTES: &str = include_str!("held.rs");

    fn document() -> Value {
        serde_json::from_slice(&TEXT).unwrap()
    }

    /// Whether a handler of ours answers: nobody may keep what they say, and nothing else says so.
    fn is_handled(path: &str, method: &str) -> bool {
        let terms = Terms { public_url: None, lifetime: core::time::Duration::from_secs(3600) };
        let rules = Rules { terms, requests_per_second: 100, trusted_proxies: Vec::new() };
        let page = Metrics::new([]).unwrap().page();
        let (cache, clock) = (Arc::new(Cache::default()), Clock::start());
        let of_events = events::Rules { most_streams: 1, arrived: tokio::sync::mpsc::channel(1).0 };
        let hub = Hub::new(Arc::clone(&cache), clock, of_events, Desktops::on(&page));
        let (chance, counts) = (Entropy::seeded([1; 32]), page.locations());
        let server = Server::new(cache, clock, chance, rules, counts, Arc::new(hub));
        let peer = SocketAddr::from(([192, 0, 2, 1], 1));
        let path = path.replace("{token}", "none");
        let request =
            Request::builder().method(method).uri(path).extension(ConnectInfo(peer)).body(Body::empty()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(TowerToHyperService::new(router(Arc::new(server))).call(request)).unwrap();
        answer.headers().contains_key(header::CACHE_CONTROL)
    }

    #[test]
    fn what_is_described_is_what_is_served() {
        let document = document();
        let mut routes: Vec<_> = ROUTES.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        routes.retain(|route| *route != "/openapi.json");
        routes.sort_unstable();
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.keys().collect::<Vec<_>>(), routes);
        for route in routes {
            for method in ["get", "post", "put", "delete", "patch"] {
                let is_told = paths[route].get(method).is_some();
                assert_eq!(is_told, is_handled(route, &method.to_uppercase()), "{method} {route}");
            }
        }
    }

    #[test]
    fn every_reference_in_it_leads_somewhere_and_every_answer_is_described() {
        let document = document();
        let text = document.to_string();
        let references: Vec<_> = text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(references.len() > 8);
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference} leads nowhere");
        }
        for operation in
            document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
        {
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.contains_key("200") && answers.contains_key("429"), "{operation}");
            assert!(answers.values().all(|answer| !answer["description"].as_str().unwrap().is_empty()), "{operation}");
        }
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        assert!(document.pointer("/components/securitySchemes/company").is_some());
    }
}
