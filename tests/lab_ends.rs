//! The lab's far ends and its phone, against each other over real loopback sockets.
use callbox::lab::phone::{Outcome, Wanted, line};
use callbox::lab::{self, Codec, End, Order, Running, Temper};
use callbox::sip::flow::Transport;
use core::net::SocketAddr;
use core::time::Duration;
use std::sync::{Arc, Mutex};

/// Longer than anything here takes; what waits longer has failed.
const DEADLINE: Duration = Duration::from_secs(20);

fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(DEADLINE, test).await.expect("the deadline passed") })
}

fn wanted(number: &str) -> Wanted {
    Wanted {
        number: number.into(),
        from: "+13125550123".into(),
        talk: Duration::from_millis(200),
        cancel_after: None,
        headers: Vec::new(),
        token: None,
        keys: String::new(),
        ipv6: false,
    }
}

async fn end(end: End) -> (Running, SocketAddr) {
    let name = end.name.clone();
    let running = lab::start(&[end], |_, _| {}).await.unwrap();
    let at = running.address(&name).unwrap();
    (running, at)
}

async fn call(wanted: Wanted, to: SocketAddr, transport: Transport) -> (Outcome, String, callbox::lab::Sound) {
    let mut ladder = String::new();
    let print = |line: String| ladder += &(line + "\n");
    let (outcome, sound) = line::call(wanted, to, transport, print, core::future::pending()).await.unwrap();
    (outcome, ladder, sound)
}

/// The messages of a ladder, in order: who sent them and their first words.
fn steps(ladder: &str) -> Vec<String> {
    let step = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let arrow = words.next()?;
        matches!(arrow, "──▶" | "◀──").then(|| format!("{arrow} {}", words.next().unwrap_or_default()))
    };
    ladder.lines().filter_map(step).collect()
}

#[test]
fn a_call_is_answered_heard_and_hung_up_by_either_implementation() {
    let both = [(Codec::Own, Transport::Udp), (Codec::Rsip, Transport::Udp), (Codec::Rsip, Transport::Tcp)];
    for (codec, transport) in both {
        run(async {
            let (running, at) = end(End::new("psap-1").speaking(codec)).await;
            let wanted = Wanted { talk: Duration::from_millis(1500), ..wanted("911") };
            let (outcome, ladder, sound) = call(wanted, at, transport).await;
            assert!(matches!(outcome, Outcome::Answered { by_far_side: false, .. }), "{ladder}");
            let expected = ["──▶ INVITE", "◀── 180", "◀── 200", "──▶ ACK", "──▶ BYE", "◀── 200"];
            assert_eq!(steps(&ladder), expected, "{ladder}");
            assert!(sound.pitches.get(&440).is_some_and(|packets| *packets > 30), "{sound:?}");
            assert!(sound.pitches.get(&620).is_some_and(|packets| *packets > 5), "{sound:?}");
            let methods: Vec<String> =
                running.received("psap-1").iter().map(|heard| heard.message.method().into()).collect();
            assert_eq!(methods, ["INVITE", "ACK", "BYE"]);
        });
    }
}

#[test]
fn a_service_urn_reaches_an_i3_psap_over_ipv4_and_ipv6() {
    for at in ["127.0.0.1:0", "[::1]:0"] {
        run(async {
            let told = Arc::new(Mutex::new(String::new()));
            let end = End::new("psap-1").at(at.parse().unwrap()).with(Temper::ANSWERS_AT_ONCE);
            let lines = told.clone();
            let tell = move |name: &str, line: &str| *lines.lock().unwrap() += &format!("{name} {line}\n");
            let running = lab::start(&[end], tell).await.unwrap();
            let to = running.address("psap-1").unwrap();
            let wanted = Wanted { ipv6: to.is_ipv6(), ..wanted("urn:service:sos") };
            let (outcome, ladder, _) = call(wanted, to, Transport::Udp).await;
            assert!(outcome.is_answered(), "{ladder}");
            let told = told.lock().unwrap().clone();
            assert!(told.starts_with("psap-1 INVITE    urn:service:sos\npsap-1 callback  +13125550123\n"), "{told}");
        });
    }
}

#[test]
fn a_busy_and_an_unavailable_end_refuse_and_the_refusal_is_acknowledged() {
    for (temper, code) in [(Temper::BUSY, 486), (Temper::UNAVAILABLE, 503)] {
        run(async {
            let (running, at) = end(End::new("psap-1").with(temper)).await;
            let (outcome, ladder, _) = call(wanted("911"), at, Transport::Udp).await;
            assert!(matches!(outcome, Outcome::Refused(its, _) if its == code), "{ladder}");
            assert_eq!(ladder.contains("Retry-After: 30"), code == 503, "{ladder}");
            assert!(running.until("psap-1", |heard| heard.message.method() == "ACK").await.is_some());
        });
    }
}

#[test]
fn a_cancel_before_any_answer_waits_for_the_first_provisional_and_ends_in_487() {
    run(async {
        let (running, at) = end(End::new("psap-1").with(Temper::Rings { after: Duration::from_millis(120) })).await;
        let wanted = Wanted { cancel_after: Some(Duration::from_millis(20)), ..wanted("911") };
        let (outcome, ladder, _) = call(wanted, at, Transport::Udp).await;
        assert_eq!(outcome, Outcome::Cancelled, "{ladder}");
        let expected = ["──▶ INVITE", "◀── 180", "──▶ CANCEL", "◀── 200", "◀── 487", "──▶ ACK"];
        assert_eq!(steps(&ladder), expected, "{ladder}");
        assert!(running.until("psap-1", |heard| heard.message.method() == "ACK").await.is_some());
    });
}

#[test]
fn a_silent_end_remembers_each_copy_of_the_invite_and_says_nothing() {
    run(async {
        let (running, at) = end(End::new("psap-1").with(Temper::Silent)).await;
        let calling = call(Wanted { cancel_after: None, ..wanted("911") }, at, Transport::Udp);
        let copies = async {
            while running.received("psap-1").len() < 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            (_, ladder, _) = calling => panic!("it said something: {ladder}"),
            () = copies => {}
        }
        let received = running.received("psap-1");
        assert_eq!(received[0].bytes, received[1].bytes);
    });
}

#[test]
fn an_end_may_offer_anew_and_hang_up() {
    for transport in [Transport::Udp, Transport::Tcp] {
        run(reoffered_and_hung_up_over(transport));
    }
}

async fn reoffered_and_hung_up_over(transport: Transport) {
    let (running, at) = end(End::new("psap-1").with(Temper::ANSWERS_AT_ONCE)).await;
    let orders = async {
        running.until("psap-1", |heard| heard.message.method() == "ACK").await;
        running.order("psap-1", Order::Reinvite).await;
        running.until("psap-1", |heard| heard.message.code() == 200 && heard.cseq_method == "INVITE").await;
        running.order("psap-1", Order::HangUp).await;
    };
    let wanted = Wanted { talk: DEADLINE, ..wanted("911") };
    let ((outcome, ladder, _), ()) = tokio::join!(call(wanted, at, transport), orders);
    assert!(matches!(outcome, Outcome::Answered { by_far_side: true, .. }), "{ladder}");
    let expected = ["──▶ INVITE", "◀── 200", "──▶ ACK", "◀── INVITE", "──▶ 200", "◀── ACK", "◀── BYE", "──▶ 200"];
    assert_eq!(steps(&ladder), expected, "{ladder}");
    let bye = running.until("psap-1", |heard| heard.message.code() == 200 && heard.cseq_method == "BYE").await;
    assert!(bye.is_some());
}

#[test]
fn nobody_listening_is_a_failure_at_once_on_a_stream() {
    run(async {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let failed = line::call(wanted("911"), nobody, Transport::Tcp, |_| {}, core::future::pending()).await;
        assert!(failed.unwrap_err().to_string().starts_with(&format!("no connection to {nobody}")));
    });
}

#[test]
fn an_address_beyond_loopback_is_refused_by_ends_and_by_the_phone() {
    run(async {
        let beyond: SocketAddr = "192.0.2.1:5060".parse().unwrap();
        let refused = lab::start(&[End::new("psap-1").at(beyond)], |_, _| {}).await.err().unwrap();
        assert!(refused.to_string().contains("192.0.2.1:5060 is not a loopback address"), "{refused}");
        let refused = line::call(wanted("911"), beyond, Transport::Udp, |_| {}, core::future::pending()).await;
        assert!(refused.unwrap_err().to_string().contains("not a loopback address"));
    });
}
