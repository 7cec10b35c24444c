//! Keeps the addresses of trunks fresh, in the background. The call path reads what is in the cache and never asks.
//!
//! An answer is asked for anew before it is out of date. When DNS does not answer, the last answer stays for as long
//! as that lasts: a dead DNS server must not stop an emergency call.
use crate::base::entropy::Entropy;
use crate::cache::Cache;
use crate::record::Trunk;
use crate::record::trunk::{Carrier, Targets};
use crate::sip::flow::Transport;
use crate::sip::target::{self, Question, Service};
use core::net::SocketAddr;
use core::time::Duration;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
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
    let options = builder.options_mut();
    options.cache_size = 0;
    options.timeout = Duration::from_secs(2);
    options.attempts = 2;
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    builder.build()
}

/// Publishes the targets of trunks whose hosts are addresses, which needs no question. Trunks that are gone lose
/// theirs; trunks with names keep what was last known of them.
pub fn publish_addresses(cache: &Cache, trunks: &[Arc<Trunk>]) {
    cache.targets.retain(|name, _| trunks.iter().any(|trunk| trunk.name == *name));
    for trunk in trunks {
        if let Question::None(address) = question(trunk) {
            cache.targets.insert(trunk.name.clone(), Arc::new(vec![address]));
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
    match resolve(resolver, question(trunk), chance).await {
        Ok((targets, lives)) if !targets.is_empty() => {
            cache.targets.insert(trunk.name.clone(), Arc::new(targets));
            // Four fifths, so that the next answer is there before this one is out of date.
            (lives * 4 / 5).clamp(REFRESH.0, REFRESH.1)
        }
        Ok(_) => {
            tracing::warn!(trunk = &*trunk.name, "DNS has no address for this trunk; the last one stays");
            RETRY
        }
        Err(error) => {
            tracing::warn!(trunk = &*trunk.name, %error, "DNS does not answer for this trunk; the last address stays");
            RETRY
        }
    }
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
    question: Question,
    chance: &mut Entropy,
) -> Result<(Targets, Duration), NetError> {
    match question {
        Question::None(address) => Ok((vec![address], REFRESH.1)),
        Question::Addresses { name, port } => addresses(resolver, &name, port).await,
        Question::Services { name, host } => match services(resolver, &name).await? {
            None => addresses(resolver, &host, target::DEFAULT_PORT).await,
            Some((found, mut lives)) => {
                let mut targets = Vec::new();
                let mut failed = None;
                for service in target::order(found, chance).into_iter().take(MAX_TARGETS) {
                    match addresses(resolver, &service.host, service.port).await {
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

async fn addresses(resolver: &TokioResolver, host: &str, port: u16) -> Result<(Targets, Duration), NetError> {
    let lookup = resolver.lookup_ip(absolute(host)).await?;
    let lives = lookup.as_lookup().answers().iter().map(|record| record.ttl).min().unwrap_or_default();
    let targets = lookup.iter().map(|address| SocketAddr::new(address, port)).take(MAX_TARGETS).collect();
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
    use tokio::net::UdpSocket;

    const A: u16 = 1;
    const SRV: u16 = 33;

    /// A name server with a few records: name, type and data.
    async fn serve(socket: UdpSocket, records: Vec<(&'static str, u16, Vec<u8>)>) {
        let mut buffer = [0; 1500];
        while let Ok((_, peer)) = socket.recv_from(&mut buffer).await {
            let (mut name, mut at) = (String::new(), 12);
            while buffer[at] != 0 {
                let end = at + 1 + usize::from(buffer[at]);
                name.push_str(&String::from_utf8_lossy(&buffer[at + 1..end]).to_lowercase());
                name.push('.');
                at = end;
            }
            let asked = u16::from_be_bytes([buffer[at + 1], buffer[at + 2]]);
            let found: Vec<_> = records.iter().filter(|(known, kind, _)| *known == name && *kind == asked).collect();
            let code = if records.iter().any(|(known, ..)| *known == name) { 0x80 } else { 0x83 };
            let mut answer = vec![buffer[0], buffer[1], 0x85, code, 0, 1, 0, found.len() as u8, 0, 0, 0, 0];
            answer.extend(&buffer[12..at + 5]);
            for (_, kind, data) in found {
                answer.extend([0xc0, 12, 0, *kind as u8, 0, 1, 0, 0, 0, 100, 0, data.len() as u8]);
                answer.extend(data);
            }
            socket.send_to(&answer, peer).await.unwrap();
        }
    }

    fn srv(priority: u8, port: u16, host: &str) -> Vec<u8> {
        let mut data = vec![0, priority, 0, 10];
        data.extend(port.to_be_bytes());
        for label in host.split('.').filter(|label| !label.is_empty()) {
            data.push(label.len() as u8);
            data.extend(label.as_bytes());
        }
        data.push(0);
        data
    }

    fn trunk(host: &str, port: Option<u16>) -> Trunk {
        Trunk {
            name: "psap-1".into(),
            kind: TrunkKind::PsapI3,
            profile: Profile::I3,
            carrier: Carrier::Udp,
            host: host.into(),
            port,
            from: Vec::new(),
            priority: 10,
            weight: 10,
            areas: Vec::new(),
            account: None,
            numbers: Vec::new(),
            number_on_record: None,
            login: None,
            probe: true,
            silent_after: Duration::from_secs(1),
            no_ring_after: Duration::from_secs(6),
            ring_max: Duration::from_secs(60),
        }
    }

    fn resolver(server: SocketAddr) -> TokioResolver {
        let mut connection = ConnectionConfig::udp();
        connection.port = server.port();
        let server = NameServerConfig::new(IpAddr::V4(Ipv4Addr::LOCALHOST), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        (options.cache_size, options.attempts, options.timeout) = (0, 0, Duration::from_millis(200));
        builder.build().unwrap()
    }

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
    }

    #[test]
    fn services_go_by_priority_to_their_own_ports_and_outlive_the_name_server() {
        run(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let resolver = resolver(socket.local_addr().unwrap());
            let server = tokio::spawn(serve(
                socket,
                vec![
                    ("_sip._udp.psap.example.", SRV, srv(20, 5062, "b.psap.example")),
                    ("_sip._udp.psap.example.", SRV, srv(10, 5061, "a.psap.example")),
                    ("a.psap.example.", A, vec![192, 0, 2, 1]),
                    ("b.psap.example.", A, vec![192, 0, 2, 2]),
                ],
            ));
            let (cache, trunk) = (Cache::default(), trunk("psap.example", None));
            let mut chance = Entropy::seeded([1; 32]);
            let pause = refresh(&resolver, &cache, &trunk, &mut chance).await;
            let known = || cache.targets.get("psap-1").map(|targets| targets.to_vec()).unwrap_or_default();
            let both: Targets = vec!["192.0.2.1:5061".parse().unwrap(), "192.0.2.2:5062".parse().unwrap()];
            assert_eq!(known(), both);
            assert_eq!(pause, Duration::from_secs(80), "asked anew before the records are out of date");
            server.abort();
            assert!(server.await.unwrap_err().is_cancelled());
            assert_eq!(refresh(&resolver, &cache, &trunk, &mut chance).await, RETRY);
            assert_eq!(known(), both, "a name server that is gone takes no address with it");
        });
    }

    #[test]
    fn a_host_without_services_is_reached_at_its_addresses_and_a_port_asks_for_no_service() {
        run(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let resolver = resolver(socket.local_addr().unwrap());
            let server = tokio::spawn(serve(
                socket,
                vec![
                    ("psap.example.", A, vec![192, 0, 2, 1]),
                    ("relay.example.", A, vec![192, 0, 2, 2]),
                    ("_sip._udp.relay.example.", SRV, srv(10, 5061, "psap.example")),
                ],
            ));
            let cache = Cache::default();
            let mut chance = Entropy::seeded([1; 32]);
            for (host, port, reached) in
                [("psap.example", None, "192.0.2.1:5060"), ("relay.example", Some(5099), "192.0.2.2:5099")]
            {
                refresh(&resolver, &cache, &trunk(host, port), &mut chance).await;
                let known = cache.targets.get("psap-1").map(|targets| targets.to_vec()).unwrap_or_default();
                assert_eq!(known, [reached.parse().unwrap()]);
            }
            server.abort();
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
