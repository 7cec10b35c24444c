//! Keeps the addresses of trunks fresh, in the background. The call path reads what is in the cache and never asks.
//!
//! An answer is asked for anew before it is out of date. When DNS does not answer, the last answer stays for as long
//! as that lasts: a dead DNS server must not stop an emergency call. The addresses that a trunk is configured with
//! stand behind those of DNS, and alone where DNS never had any.
use crate::base::entropy::Entropy;
use crate::cache::Cache;
use crate::record::Trunk;
use crate::record::trunk::{Answers, Carrier, Targets};
use crate::sip::flow::Transport;
use crate::sip::target::{self, Question, Service};
use core::net::SocketAddr;
use core::time::Duration;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::RData;
use std::sync::Arc;
use tokio::task::JoinSet;

/// The shortest and the longest time between two questions for one trunk.
const REFRESH: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(300));

/// The time after a question that failed.
const RETRY: Duration = Duration::from_secs(5);

/// The most services and addresses that are used of one trunk; what DNS sends beyond is left out.
const MAX_TARGETS: usize = 16;

/// A resolver with the name servers of this system. It keeps no answers of its own, since the cache does.
pub fn system_resolver() -> Result<TokioResolver, NetError> {
    let mut builder = TokioResolver::builder_tokio()?;
    tune(builder.options_mut());
    builder.build()
}

fn tune(options: &mut ResolverOpts) {
    options.cache_size = 0;
    options.timeout = Duration::from_secs(2);
    options.attempts = 2;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
}

/// Publishes the targets of trunks whose hosts are addresses, which needs no question. Trunks that are gone lose
/// theirs; trunks with names keep what was last known of them, and have their fallback from the start.
pub fn publish_addresses(cache: &Cache, trunks: &[Arc<Trunk>]) {
    cache.targets.retain(|name, _| trunks.iter().any(|trunk| trunk.name == *name));
    for trunk in trunks {
        let known = match question(trunk) {
            Question::None(address) => vec![address],
            _ => with_fallback(cache.addresses(trunk), trunk),
        };
        if !known.is_empty() {
            cache.targets.insert(trunk.name.clone(), Arc::new(known));
        }
    }
}

/// Starts to follow the trunks whose hosts are names: one task a trunk, until the set is dropped. To be called inside
/// a runtime.
pub fn follow(
    resolver: &TokioResolver,
    cache: &Arc<Cache>,
    trunks: &[Arc<Trunk>],
    chance: &mut Entropy,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for trunk in trunks.iter().filter(|trunk| !matches!(question(trunk), Question::None(_))) {
        let (resolver, cache, trunk) = (resolver.clone(), cache.clone(), trunk.clone());
        let mut chance = chance.branch();
        tasks.spawn(async move {
            loop {
                let pause = refresh(&resolver, &cache, &trunk, &mut chance).await;
                tokio::time::sleep(pause).await;
            }
        });
    }
    tasks
}

/// Asks once and publishes the answer. Returns the time until the next question.
async fn refresh(resolver: &TokioResolver, cache: &Cache, trunk: &Trunk, chance: &mut Entropy) -> Duration {
    match resolve(resolver, trunk, chance).await {
        Ok((targets, lives)) if !targets.is_empty() => {
            cache.targets.insert(trunk.name.clone(), Arc::new(with_fallback(targets, trunk)));
            // Four fifths, so that the next answer is there before this one is out of date.
            (lives * 4 / 5).clamp(REFRESH.0, REFRESH.1)
        }
        Ok(_) => {
            tracing::warn!(trunk = &*trunk.name, "DNS has no address that this trunk may have; the last one stays");
            RETRY
        }
        Err(error) => {
            tracing::warn!(trunk = &*trunk.name, %error, "DNS does not answer for this trunk; the last address stays");
            RETRY
        }
    }
}

/// The targets of a trunk with those behind them that it is configured with.
fn with_fallback(mut targets: Targets, trunk: &Trunk) -> Targets {
    for address in &trunk.fallback {
        if !targets.contains(address) {
            targets.push(*address);
        }
    }
    targets
}

fn question(trunk: &Trunk) -> Question {
    let transport = match trunk.carrier {
        Carrier::Udp => Transport::Udp,
        Carrier::Tcp => Transport::Tcp,
    };
    target::question(&trunk.host, trunk.port, transport)
}

/// The targets in the order in which they are tried, and how long the shortest-lived record lives.
async fn resolve(
    resolver: &TokioResolver,
    trunk: &Trunk,
    chance: &mut Entropy,
) -> Result<(Targets, Duration), NetError> {
    let answers = trunk.answers;
    match question(trunk) {
        Question::None(address) => Ok((vec![address], REFRESH.1)),
        Question::Addresses { name, port } => addresses(resolver, &name, port, answers).await,
        Question::Services { name, host } => match services(resolver, &name).await? {
            None => addresses(resolver, &host, target::DEFAULT_PORT, answers).await,
            Some((found, mut lives)) => {
                let mut targets = Vec::new();
                let mut failed = None;
                for service in target::order(found, chance).into_iter().take(MAX_TARGETS) {
                    match addresses(resolver, &service.host, service.port, answers).await {
                        Ok((found, lived)) => {
                            targets.extend(found);
                            lives = lives.min(lived);
                        }
                        Err(error) => failed = Some(error),
                    }
                }
                targets.truncate(MAX_TARGETS);
                match failed {
                    Some(error) if targets.is_empty() => Err(error),
                    _ => Ok((targets, lives)),
                }
            }
        },
    }
}

/// The services under a name; `None` when there is no such record, which sends the asker to the addresses.
async fn services(resolver: &TokioResolver, name: &str) -> Result<Option<(Vec<Service>, Duration)>, NetError> {
    let lookup = match resolver.srv_lookup(absolute(name)).await {
        Ok(lookup) => lookup,
        Err(error) if error.is_no_records_found() || error.is_nx_domain() => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut lives = REFRESH.1;
    let mut services = Vec::new();
    for record in lookup.answers() {
        if let RData::SRV(srv) = &record.data {
            lives = lives.min(Duration::from_secs(record.ttl.into()));
            services.push(Service {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                host: srv.target.to_utf8(),
            });
        }
    }
    Ok((!services.is_empty()).then_some((services, lives)))
}

async fn addresses(
    resolver: &TokioResolver,
    host: &str,
    port: u16,
    answers: Answers,
) -> Result<(Targets, Duration), NetError> {
    let lookup = resolver.lookup_ip(absolute(host)).await?;
    let lives = lookup.as_lookup().answers().iter().map(|record| record.ttl).min().unwrap_or_default();
    let allowed = lookup.iter().filter(|address| answers.allow(*address));
    let targets = allowed.map(|address| SocketAddr::new(address, port)).take(MAX_TARGETS).collect();
    Ok((targets, Duration::from_secs(lives.into())))
}

/// A name with its last dot, so that the system's search domains are not tried with it.
fn absolute(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Profile, TrunkKind};
    use core::net::{IpAddr, Ipv4Addr};
    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    use std::sync::Mutex;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, UdpSocket};

    const A: u16 = 1;
    const CNAME: u16 = 5;
    const AAAA: u16 = 28;
    const SRV: u16 = 33;

    type Records = Vec<(&'static str, u16, Vec<u8>)>;

    /// A mock of a name server: a few records, or whatever is wrong with it.
    #[derive(Clone)]
    enum Server {
        Has(Records),
        /// Answers everything with this code.
        Fails(u8),
        /// Answers services so, and has these records.
        FailsServices(u8, Records),
        /// Takes questions and answers none in time.
        Late,
    }

    struct Mock {
        server: Arc<Mutex<Server>>,
        resolver: TokioResolver,
        task: tokio::task::JoinHandle<()>,
    }

    impl Mock {
        async fn start(server: Server) -> Mock {
            // A port that is free for both transports.
            let (udp, tcp) = loop {
                let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
                if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                    break (udp, tcp);
                }
            };
            let resolver = resolver(udp.local_addr().unwrap());
            let server = Arc::new(Mutex::new(server));
            let task = tokio::spawn(serve(udp, tcp, server.clone()));
            Mock { server, resolver, task }
        }

        fn becomes(&self, server: Server) {
            *self.server.lock().unwrap() = server;
        }

        async fn stop(self) {
            self.task.abort();
            assert!(self.task.await.unwrap_err().is_cancelled());
        }
    }

    async fn serve(udp: UdpSocket, tcp: TcpListener, server: Arc<Mutex<Server>>) {
        let mut buffer = [0; 1500];
        loop {
            tokio::select! {
                received = udp.recv_from(&mut buffer) => {
                    let Ok((length, peer)) = received else { return };
                    let known = server.lock().unwrap().clone();
                    if let Some(mut answer) = answer(&known, &buffer[..length]) {
                        if answer.len() > 512 {
                            // Cut short: the asker comes again over TCP.
                            let question = answer[12..].iter().position(|byte| *byte == 0).unwrap_or(0) + 5;
                            answer.truncate(12 + question);
                            answer[2] |= 2;
                            answer[6..8].fill(0);
                        }
                        udp.send_to(&answer, peer).await.unwrap();
                    }
                }
                accepted = tcp.accept() => {
                    let Ok((mut stream, _)) = accepted else { return };
                    let known = server.lock().unwrap().clone();
                    let length = usize::from(stream.read_u16().await.unwrap());
                    stream.read_exact(&mut buffer[..length]).await.unwrap();
                    if let Some(answer) = answer(&known, &buffer[..length]) {
                        stream.write_u16(answer.len() as u16).await.unwrap();
                        stream.write_all(&answer).await.unwrap();
                    }
                }
            }
        }
    }

    fn answer(server: &Server, query: &[u8]) -> Option<Vec<u8>> {
        let (mut name, mut at) = (String::new(), 12);
        while query[at] != 0 {
            let end = at + 1 + usize::from(query[at]);
            name.push_str(&String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
            name.push('.');
            at = end;
        }
        let asked = u16::from_be_bytes([query[at + 1], query[at + 2]]);
        let (records, code) = match server {
            Server::Late => return None,
            Server::Fails(code) => (&Records::new(), Some(*code)),
            Server::FailsServices(code, records) => (records, (asked == SRV).then_some(*code)),
            Server::Has(records) => (records, None),
        };
        let matches = |kind: u16| kind == asked || kind == CNAME;
        let found: Vec<_> =
            records.iter().filter(|(known, kind, _)| *known == name && matches(*kind) && code.is_none()).collect();
        let nobody = if records.iter().any(|(known, ..)| *known == name) { 0 } else { 3 };
        let code = 0x80 | code.unwrap_or(nobody);
        let mut answer = vec![query[0], query[1], 0x85, code, 0, 1];
        answer.extend((found.len() as u16).to_be_bytes());
        answer.extend([0, 0, 0, 0]);
        answer.extend(&query[12..at + 5]);
        for (_, kind, data) in found {
            answer.extend([0xc0, 12, 0, *kind as u8, 0, 1, 0, 0, 0, 100, 0, data.len() as u8]);
            answer.extend(data);
        }
        Some(answer)
    }

    fn labels(host: &str) -> Vec<u8> {
        let mut data = Vec::new();
        for label in host.split('.').filter(|label| !label.is_empty()) {
            data.push(label.len() as u8);
            data.extend(label.as_bytes());
        }
        data.push(0);
        data
    }

    fn srv(priority: u16, port: u16, host: &str) -> Vec<u8> {
        [&priority.to_be_bytes()[..], &[0, 10], &port.to_be_bytes(), &labels(host)].concat()
    }

    fn trunk(host: &str, port: Option<u16>) -> Trunk {
        Trunk {
            name: "psap-1".into(),
            kind: TrunkKind::PsapI3,
            profile: Profile::I3,
            carrier: Carrier::Udp,
            host: host.into(),
            port,
            fallback: Vec::new(),
            answers: Answers::Private,
            from: Vec::new(),
            organisations: Vec::new(),
            dials: Vec::new(),
            priority: 10,
            weight: 10,
            areas: Vec::new(),
            account: None,
            numbers: Vec::new(),
            number_on_record: None,
            transfers: true,
            transfer_to: Vec::new(),
            login: None,
            callback_headers: Vec::new(),
            conveyance: crate::record::Conveyance::default(),
            takes_references: true,
            location_updates: false,
            location_position: crate::record::LocationPosition::default(),
            probe: true,
            silent_after: Duration::from_secs(1),
            no_ring_after: Duration::from_secs(6),
            ring_max: Duration::from_secs(60),
        }
    }

    fn resolver(server: SocketAddr) -> TokioResolver {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = server.port();
            connection
        });
        let server = NameServerConfig::new(IpAddr::V4(Ipv4Addr::LOCALHOST), true, connections.into());
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        tune(options);
        (options.attempts, options.timeout) = (0, Duration::from_millis(200));
        builder.build().unwrap()
    }

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
    }

    fn chance() -> Entropy {
        Entropy::seeded([1; 32])
    }

    fn known(cache: &Cache) -> Vec<String> {
        let targets = cache.targets.get("psap-1").map(|targets| targets.to_vec()).unwrap_or_default();
        targets.iter().map(ToString::to_string).collect()
    }

    fn two_services() -> Records {
        vec![
            ("_sip._udp.psap.example.", SRV, srv(20, 5062, "b.psap.example")),
            ("_sip._udp.psap.example.", SRV, srv(10, 5061, "a.psap.example")),
            ("a.psap.example.", A, vec![192, 0, 2, 1]),
            ("b.psap.example.", A, vec![192, 0, 2, 2]),
        ]
    }

    #[test]
    fn services_go_by_priority_to_their_own_ports_and_outlive_the_name_server() {
        run(async {
            let mock = Mock::start(Server::Has(two_services())).await;
            let (cache, trunk, resolver) = (Cache::default(), trunk("psap.example", None), mock.resolver.clone());
            let pause = refresh(&resolver, &cache, &trunk, &mut chance()).await;
            assert_eq!(known(&cache), ["192.0.2.1:5061", "192.0.2.2:5062"]);
            assert_eq!(pause, Duration::from_secs(80), "asked anew before the records are out of date");
            mock.stop().await;
            assert_eq!(refresh(&resolver, &cache, &trunk, &mut chance()).await, RETRY);
            assert_eq!(known(&cache).len(), 2, "a name server that is gone takes no address with it");
        });
    }

    #[test]
    fn a_name_server_that_fails_denies_or_delays_takes_no_address_with_it() {
        run(async {
            let mock = Mock::start(Server::Has(two_services())).await;
            let (cache, trunk) = (Cache::default(), trunk("psap.example", None));
            refresh(&mock.resolver, &cache, &trunk, &mut chance()).await;
            let (failure, no_such_name, refusal) = (2, 3, 5);
            let wrong = [failure, no_such_name, refusal].map(Server::Fails).into_iter().chain([Server::Late]);
            for wrong in wrong {
                mock.becomes(wrong);
                assert_eq!(refresh(&mock.resolver, &cache, &trunk, &mut chance()).await, RETRY);
                assert_eq!(known(&cache), ["192.0.2.1:5061", "192.0.2.2:5062"]);
            }
            mock.becomes(Server::Has(vec![("psap.example.", A, vec![192, 0, 2, 3])]));
            refresh(&mock.resolver, &cache, &trunk, &mut chance()).await;
            assert_eq!(known(&cache), ["192.0.2.3:5060"], "and its next answer is taken");
            mock.stop().await;
        });
    }

    #[test]
    fn services_that_cannot_be_asked_for_are_not_taken_for_none() {
        run(async {
            let mock = Mock::start(Server::Has(two_services())).await;
            let (cache, trunk) = (Cache::default(), trunk("psap.example", None));
            refresh(&mock.resolver, &cache, &trunk, &mut chance()).await;
            mock.becomes(Server::FailsServices(2, vec![("psap.example.", A, vec![192, 0, 2, 9])]));
            assert_eq!(refresh(&mock.resolver, &cache, &trunk, &mut chance()).await, RETRY);
            assert_eq!(known(&cache), ["192.0.2.1:5061", "192.0.2.2:5062"], "the web server of a domain is no PSAP");
            mock.stop().await;
        });
    }

    #[test]
    fn names_for_names_are_followed_and_a_circle_of_them_is_no_answer() {
        run(async {
            let circle = vec![
                ("psap.example.", CNAME, labels("a.psap.example")),
                ("a.psap.example.", CNAME, labels("b.psap.example")),
                ("b.psap.example.", CNAME, labels("a.psap.example")),
            ];
            let mut way_out = circle.clone();
            way_out[2] = ("b.psap.example.", A, vec![192, 0, 2, 1]);
            let mock = Mock::start(Server::Has(way_out)).await;
            let (cache, trunk) = (Cache::default(), trunk("psap.example", Some(5070)));
            refresh(&mock.resolver, &cache, &trunk, &mut chance()).await;
            assert_eq!(known(&cache), ["192.0.2.1:5070"]);
            mock.becomes(Server::Has(circle));
            assert_eq!(refresh(&mock.resolver, &cache, &trunk, &mut chance()).await, RETRY);
            assert_eq!(known(&cache), ["192.0.2.1:5070"]);
            mock.stop().await;
        });
    }

    #[test]
    fn of_five_hundred_services_the_first_sixteen_by_priority_are_used() {
        run(async {
            let one = |number: u16| ("_sip._udp.psap.example.", SRV, srv(number, 6000 + number, "a.psap.example"));
            let mut records: Records = (0..500).rev().map(one).collect();
            records.push(("a.psap.example.", A, vec![192, 0, 2, 1]));
            let mock = Mock::start(Server::Has(records)).await;
            let cache = Cache::default();
            refresh(&mock.resolver, &cache, &trunk("psap.example", None), &mut chance()).await;
            let first: Vec<_> = (6000..6016).map(|port| format!("192.0.2.1:{port}")).collect();
            assert_eq!(known(&cache), first);
            mock.stop().await;
        });
    }

    #[test]
    fn addresses_that_a_trunk_may_not_have_are_left_out_and_none_but_those_is_no_answer() {
        run(async {
            let hosts = [[127, 0, 0, 1], [10, 1, 2, 3], [0, 0, 0, 0], [224, 0, 0, 1], [192, 0, 2, 1]];
            let all = hosts.iter().map(|host| ("psap.example.", A, host.to_vec())).collect();
            let mock = Mock::start(Server::Has(all)).await;
            for (answers, kept) in [
                (Answers::Public, &["192.0.2.1:5060"][..]),
                (Answers::Private, &["10.1.2.3:5060", "192.0.2.1:5060"]),
                (Answers::Any, &["127.0.0.1:5060", "10.1.2.3:5060", "192.0.2.1:5060"]),
            ] {
                let cache = Cache::default();
                let trunk = Trunk { answers, ..trunk("psap.example", None) };
                refresh(&mock.resolver, &cache, &trunk, &mut chance()).await;
                let mut known = known(&cache);
                known.sort_by_key(|address| kept.iter().position(|kept| kept == address));
                assert_eq!(known, kept, "{answers:?}");
                mock.becomes(Server::Has(vec![("psap.example.", A, vec![0, 0, 0, 0])]));
                assert_eq!(refresh(&mock.resolver, &cache, &trunk, &mut chance()).await, RETRY);
                assert_eq!(cache.addresses(&trunk).len(), kept.len(), "what was known stays");
                let all = hosts.iter().map(|host| ("psap.example.", A, host.to_vec())).collect();
                mock.becomes(Server::Has(all));
            }
            mock.stop().await;
        });
    }

    #[test]
    fn a_fallback_is_there_from_the_start_and_stands_behind_what_dns_says() {
        run(async {
            let mock = Mock::start(Server::Late).await;
            let fallback = vec!["192.0.2.99:5060".parse().unwrap(), "192.0.2.1:5061".parse().unwrap()];
            let trunk = Arc::new(Trunk { fallback, ..trunk("psap.example", None) });
            let cache = Cache::default();
            publish_addresses(&cache, &[Arc::clone(&trunk)]);
            assert_eq!(known(&cache), ["192.0.2.99:5060", "192.0.2.1:5061"]);
            assert_eq!(refresh(&mock.resolver, &cache, &trunk, &mut chance()).await, RETRY);
            assert_eq!(known(&cache).len(), 2, "a name server that never answers is none");
            mock.becomes(Server::Has(two_services()));
            refresh(&mock.resolver, &cache, &trunk, &mut chance()).await;
            let all = ["192.0.2.1:5061", "192.0.2.2:5062", "192.0.2.99:5060"];
            assert_eq!(known(&cache), all);
            publish_addresses(&cache, &[trunk]);
            assert_eq!(known(&cache), all, "nor does reading the config again put it first");
            mock.stop().await;
        });
    }

    #[test]
    fn a_host_without_services_is_reached_at_its_addresses_and_a_port_asks_for_no_service() {
        run(async {
            let mock = Mock::start(Server::Has(vec![
                ("psap.example.", A, vec![192, 0, 2, 1]),
                ("relay.example.", A, vec![192, 0, 2, 2]),
                ("_sip._udp.relay.example.", SRV, srv(10, 5061, "psap.example")),
            ]))
            .await;
            let cache = Cache::default();
            for (host, port, reached) in
                [("psap.example", None, "192.0.2.1:5060"), ("relay.example", Some(5099), "192.0.2.2:5099")]
            {
                refresh(&mock.resolver, &cache, &trunk(host, port), &mut chance()).await;
                assert_eq!(known(&cache), [reached]);
            }
            mock.stop().await;
        });
    }

    #[test]
    fn addresses_of_both_families_are_asked_for() {
        run(async {
            let of_six = |last: u8| [&[0x20, 1, 4, 0xd0][..], &[0; 11], &[last]].concat();
            let mock = Mock::start(Server::Has(vec![
                ("both.example.", A, vec![192, 0, 2, 1]),
                ("both.example.", AAAA, of_six(1)),
                ("six.example.", AAAA, of_six(2)),
            ]))
            .await;
            let cache = Cache::default();
            refresh(&mock.resolver, &cache, &trunk("both.example", Some(5099)), &mut chance()).await;
            let mut both = known(&cache);
            both.sort();
            assert_eq!(both, ["192.0.2.1:5099", "[2001:4d0::1]:5099"]);
            refresh(&mock.resolver, &cache, &trunk("six.example", Some(5099)), &mut chance()).await;
            assert_eq!(known(&cache), ["[2001:4d0::2]:5099"]);
            mock.stop().await;
        });
    }

    #[test]
    fn addresses_are_published_at_once_and_trunks_that_are_gone_lose_theirs() {
        let cache = Cache::default();
        cache.targets.insert("old".into(), Arc::default());
        publish_addresses(&cache, &[Arc::new(trunk("::1", None))]);
        let names: Vec<_> = cache.targets.iter().map(|entry| (entry.key().clone(), entry.value().to_vec())).collect();
        assert_eq!(names, [("psap-1".into(), vec!["[::1]:5060".parse().unwrap()])]);
    }
}
