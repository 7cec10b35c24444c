//! The test IVR's voice by itself: real ports and packets, without a call around them.
use callbox::b2bua::voice::{News, Order};
use callbox::base::entropy::Entropy;
use callbox::base::id::Handle;
use callbox::edge::rtp::{self, Stream};
use callbox::edge::voice::{Setup, Speaker, Voice};
use callbox::ivr::{Piece, Sentence};
use callbox::sdp::voice::{Taken, take};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicU16, Ordering};
use core::time::Duration;
use std::sync::Arc;
use tokio::net::UdpSocket;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn call(nonce: u64) -> Handle {
    Handle { shard: 0, slot: 1, nonce }
}

/// A voice on so many free ports from an even one on.
fn voice(ports: u16) -> Voice {
    // Each voice of this program has ports of its own.
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    let first = core::iter::repeat_with(|| NEXT.fetch_add(16, Ordering::Relaxed)).take(1000).find(|first| {
        let is_free = |port: u16| std::net::UdpSocket::bind((HERE, port)).is_ok();
        (0..ports).all(|place| is_free(first + 2 * place))
    });
    let first = first.expect("some ports are free");
    let setup = Setup {
        ports: first..=first + 2 * ports - 1,
        speaker: Speaker { program: String::new(), voice: "en-us".into() },
        kept_bytes: 1 << 20,
        longest: Duration::from_secs(60),
        loopback_only: true,
    };
    Voice::start(setup, Entropy::seeded([3; 32])).expect("a thread")
}

async fn next(voice: &mut Voice) -> News {
    let told = tokio::time::timeout(Duration::from_secs(20), voice.news()).await;
    told.expect("the voice has news in time").1
}

/// A phone with this audio stream, a call of the voice with it, and where the voice listens.
async fn talks(voice: &mut Voice, stream: &str) -> (UdpSocket, SocketAddr) {
    let phone = UdpSocket::bind((HERE, 0)).await.expect("a port");
    let port = phone.local_addr().expect("it is bound").port();
    let offer = format!("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio {port} {stream}\r\n");
    let taken: Taken = take(offer.as_bytes()).expect("an offer that can be taken");
    voice.order(Order::Open { call: call(1), local: HERE, script: Arc::default() });
    let News::Open(port) = next(voice).await else { panic!("no port") };
    voice.order(Order::Reach { call: call(1), taken });
    (phone, SocketAddr::new(HERE, port))
}

async fn packet(phone: &UdpSocket) -> Vec<u8> {
    let mut bytes = [0; 2048];
    let came = tokio::time::timeout(Duration::from_secs(20), phone.recv(&mut bytes)).await;
    bytes[..came.expect("packets come in time").expect("the port is ours")].to_vec()
}

/// Sends a phone's packet until the voice, which may not know of the phone yet, answers.
async fn mirrored(phone: &UdpSocket, to: SocketAddr, sent: &[u8]) -> Vec<u8> {
    for _ in 0..100 {
        phone.send_to(sent, to).await.expect("loopback takes packets");
        let mut bytes = [0; 2048];
        let came = tokio::time::timeout(Duration::from_millis(200), phone.recv(&mut bytes)).await;
        if let Ok(Ok(length)) = came {
            return bytes[..length].to_vec();
        }
    }
    panic!("nothing came back");
}

#[tokio::test]
async fn a_script_is_read_in_packets_of_twenty_milliseconds_to_its_end_in_either_law() {
    let script: Arc<[Piece]> = [Piece::Fixed(Sentence::Goodbye), Piece::Pause].into();
    let mut heard = Vec::new();
    for law in [0u8, 8] {
        let mut voice = voice(1);
        let (phone, _) = talks(&mut voice, &format!("RTP/AVP {law}")).await;
        voice.order(Order::Read { call: call(1), script: script.clone() });
        let mut sound: Vec<u8> = Vec::new();
        let mut last: Option<(u16, u32)> = None;
        let is_read = async {
            loop {
                let bytes = packet(&phone).await;
                let packet = rtp::read(&bytes).expect("RTP");
                assert_eq!((packet.payload_type, packet.payload.len()), (law, 160));
                if let Some((sequence, timestamp)) = last.replace((packet.sequence, packet.timestamp)) {
                    assert_eq!(packet.sequence, sequence.wrapping_add(1));
                    assert_eq!(packet.timestamp, timestamp.wrapping_add(160));
                }
                sound.extend(packet.payload);
            }
        };
        tokio::select! {
            news = next(&mut voice) => assert_eq!(news, News::WasRead),
            () = is_read => {}
        }
        heard.push(sound);
    }
    let loud = |sound: &[u8], silence: u8| sound.iter().filter(|byte| (**byte | 0x80) != (silence | 0x80)).count();
    assert!(loud(&heard[0], 0xff) > 2000 && loud(&heard[1], 0xd5) > 2000, "a word was heard");
}

#[tokio::test]
async fn keys_are_heard_as_events_from_the_phone_alone() {
    let mut voice = voice(1);
    let (phone, to) = talks(&mut voice, "RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000").await;
    packet(&phone).await;
    let mut stream = Stream::new(5);
    for key in [2u8, 11] {
        let begun = stream.timestamp();
        for held in 1..=3u8 {
            let mut bytes = Vec::new();
            stream.write_event(96, begun, &[key, 10, 0, held * 80], &mut bytes);
            phone.send_to(&bytes, to).await.expect("loopback takes packets");
        }
    }
    assert_eq!([next(&mut voice).await, next(&mut voice).await], [News::Key(b'2'), News::Key(b'#')]);
}

#[tokio::test]
async fn a_test_gets_three_packets_back_whole_or_by_their_payload_and_no_more() {
    let kinds = [
        ("rtp-media-loopback", "0", 0, false),
        ("rtp-pkt-loopback", "0 112\r\na=rtpmap:112 encaprtp/8000", 112, true),
        ("rtp-pkt-loopback", "0 113\r\na=rtpmap:113 rtploopback/8000", 113, false),
    ];
    for (kind, formats, payload_type, is_whole) in kinds {
        let mut voice = voice(1);
        let stream = format!("RTP/AVP {formats}\r\na=loopback:{kind}\r\na=loopback-source");
        let (phone, to) = talks(&mut voice, &stream).await;
        let mut source = Stream::new(7);
        for round in 0..3u8 {
            let mut sent = Vec::new();
            source.write(&[round; 160], &mut sent);
            let bytes = mirrored(&phone, to, &sent).await;
            let came = rtp::read(&bytes).expect("RTP");
            assert_eq!(came.payload_type, payload_type, "{kind}");
            if is_whole {
                // RFC 6849 §7.1.2: a receive timestamp, and the packet as it came.
                assert_eq!(&came.payload[4..], &sent[..]);
            } else {
                assert_eq!(came.payload, &[round; 160]);
            }
        }
        assert_eq!(next(&mut voice).await, News::WasMirrored);
    }
}

#[tokio::test]
async fn the_last_port_is_the_last_call_and_a_call_that_is_over_gives_its_port_back() {
    let mut voice = voice(2);
    let open = |nonce| Order::Open { call: call(nonce), local: HERE, script: Arc::default() };
    for nonce in [1, 2] {
        voice.order(open(nonce));
        assert!(matches!(next(&mut voice).await, News::Open(_)));
    }
    voice.order(open(3));
    assert_eq!(next(&mut voice).await, News::NoPort);
    voice.order(Order::Close { call: call(1) });
    // The port is free when the call's task has seen its end.
    for nonce in 4..200 {
        voice.order(open(nonce));
        if let News::Open(_) = next(&mut voice).await {
            return;
        }
    }
    panic!("no port came back");
}
