//! Requests to a server that answers as a script says, and to names that lead where nothing is to be had.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::super::addresses::tests::FORBIDDEN;
use super::*;

/// What a request was.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Names in small letters, and values.
    pub(crate) headers: Vec<(String, String)>,
    /// What was sent.
    pub(crate) body: String,
}

impl Asked {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

/// A server that answers each request with the next of a script, and the last again and again.
pub(crate) struct Scripted {
    /// Where it is.
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// Begins to answer.
    pub(crate) fn new(script: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, script) = (Arc::clone(&asked), script.to_vec());
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let answer = script[number.min(script.len() - 1)];
                answer_one(stream.unwrap(), answer, &kept);
            }
        });
        Self { address, asked }
    }

    /// What it was asked.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The settings with which it can be reached.
    pub(crate) fn config(&self) -> WebhooksConfig {
        WebhooksConfig {
            allow: vec!["127.0.0.0/8".parse().unwrap()],
            ports: vec![self.address.port()],
            http: Unencrypted::Allowed,
        }
    }

    /// An address of it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }
}

/// What the server does that says nothing.
const SILENT: &str = "silent";

/// What the server does that never comes to an end.
const ENDLESS: &str = "endless";

fn answer_one(stream: TcpStream, answer: &str, kept: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    kept.lock().unwrap().push(Asked { headers, body });
    let mut stream = stream;
    match answer {
        SILENT => {
            // Until the other side has gone.
            let _ = reader.read(&mut [0]);
        }
        ENDLESS => {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            let chunk = format!("400\r\n{}\r\n", "x".repeat(1_024));
            let mut sent = stream.write_all(head.as_bytes());
            while sent.is_ok() {
                sent = stream.write_all(chunk.as_bytes());
            }
        }
        head => {
            let _ = write!(stream, "HTTP/1.1 {head}\r\ncontent-length: 2\r\n\r\nok");
        }
    }
}

/// Names that lead somewhere else each time.
#[derive(Debug)]
struct Flips {
    answers: Vec<SocketAddr>,
    asked: Arc<AtomicUsize>,
}

impl Resolver for Flips {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let mut found = self.empty();
        found.push(self.answers[number % self.answers.len()]);
        Ok(found)
    }
}

const SHORT: Duration = Duration::from_millis(400);

fn route(config: &WebhooksConfig) -> WebhookRoute {
    WebhookRoute::with(config, &Trust::default(), SHORT, DefaultResolver::default())
}

fn send(route: &WebhookRoute, url: &str) -> Reached {
    route.send(&Request {
        url,
        headers: vec![("webhook-id", "ABCDE-1".to_owned())],
        body: "{}",
    })
}

fn not(words: &str, pace: Pace) -> Reached {
    Reached::Not(words.to_owned(), pace)
}

#[test]
fn an_answer_is_sorted_by_what_follows_of_it() {
    for (answer, expected) in [
        ("200 OK", Reached::Taken(200)),
        ("204 No Content", Reached::Taken(204)),
        ("400 Bad Request", not("answered 400", Pace::Usual)),
        ("500 Oops", not("answered 500", Pace::Usual)),
        ("410 Gone", Reached::Gone),
        (
            "429 Slow\r\nRetry-After: 600",
            not("answered 429", Pace::Slower(Some(600))),
        ),
        ("503 Full", not("answered 503", Pace::Slower(None))),
        (ENDLESS, Reached::Taken(200)),
        (SILENT, not("did not answer within 20 seconds", Pace::Usual)),
        ("garbage", not("does not answer as HTTP does", Pace::Usual)),
    ] {
        let server = Scripted::new(&[answer]);
        let found = send(&route(&server.config()), &server.url());
        assert_eq!(found, expected, "{answer}");
        let asked = server.asked();
        assert_eq!(asked.len(), 1, "{answer}");
        assert_eq!(
            (asked[0].header("webhook-id"), asked[0].body.as_str()),
            ("ABCDE-1", "{}")
        );
    }
}

#[test]
fn no_redirection_is_followed() {
    let other = Scripted::new(&["200 OK"]);
    for status in [301, 302, 303, 307, 308] {
        let answer = format!("{status} Moved\r\nLocation: {}", other.url());
        let server = Scripted::new(&[answer.leak()]);
        let mut config = server.config();
        config.ports.push(other.address.port());
        let found = send(&route(&config), &server.url());
        assert_eq!(found, not(&format!("answered {status}"), Pace::Usual));
    }
    assert_eq!(other.asked().len(), 0);
}

#[test]
fn nobody_is_told_where_there_is_no_way() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let config = WebhooksConfig {
        ports: vec![port],
        ..Scripted::new(&[""]).config()
    };
    let found = send(&route(&config), &format!("http://127.0.0.1:{port}/secret"));
    let Reached::Not(words, Pace::Usual) = found else {
        panic!("nobody is there: {found:?}");
    };
    assert!(
        !words.contains("127.0.0.1") && !words.contains("secret"),
        "{words}"
    );
}

#[test]
fn an_address_that_cannot_be_is_refused_before_anybody_is_asked() {
    let open = WebhooksConfig::default();
    let route = route(&open);
    for (url, expected) in [
        ("https://hooks.example.org/x?y=1", Ok(())),
        ("https://hooks.example.org:443/", Ok(())),
        ("https://1.1.1.1/", Ok(())),
        ("http://hooks.example.org/", Err("is not https://")),
        ("ftp://hooks.example.org/", Err("is not https://")),
        ("file:///etc/passwd", Err("is not https://")),
        ("hooks.example.org", Err("is not a URL")),
        (
            "https://me:pw@hooks.example.org/",
            Err("has a user name or a password in it"),
        ),
        ("https://hooks.example.org/#x", Err("has a fragment in it")),
        (
            "https://hooks.example.org:8443/",
            Err("has a port that is not among `ports` of `[webhooks]`"),
        ),
    ] {
        assert_eq!(route.check(url).map(drop), expected, "{url}");
    }
    let inside = "is not of the public network, nor among `allow` of `[webhooks]`";
    // Numbers that browsers take for addresses are taken for them here, too.
    for url in [
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://①②⑦.0.0.1/",
    ] {
        assert_eq!(route.check(url).map(drop), Err(inside), "{url}");
    }
    for (address, _) in FORBIDDEN {
        let url = match address.parse().unwrap() {
            IpAddr::V4(address) => format!("https://{address}/"),
            IpAddr::V6(address) => format!("https://[{address}]/"),
        };
        assert_eq!(route.check(&url).map(drop), Err(inside), "{url}");
    }
}

/// A listener on the loopback address sees nobody, whatever names say, and whatever they said before.
#[test]
fn no_name_leads_to_an_address_inside() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = WebhooksConfig {
        ports: vec![port],
        http: Unencrypted::Allowed,
        ..WebhooksConfig::default()
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let answers = FORBIDDEN.iter().map(|(address, _)| {
        let ip: IpAddr = address.parse().unwrap();
        SocketAddr::new(ip, port)
    });
    let names = Flips {
        answers: answers.collect(),
        asked: Arc::clone(&asked),
    };
    let route = WebhookRoute::with(&config, &Trust::default(), SHORT, names);
    let url = format!("http://hooks.example.org:{port}/");
    let refused = not(
        "its host has an address that is not of the public network",
        Pace::Usual,
    );
    for (address, _) in FORBIDDEN {
        assert_eq!(send(&route, &url), refused, "{address}");
    }
    // Looked up once for each request, and not again before it is dialled.
    assert_eq!(asked.load(Ordering::SeqCst), FORBIDDEN.len());
    let rebinds = Flips {
        answers: vec![
            SocketAddr::new("1.1.1.1".parse().unwrap(), port),
            SocketAddr::new("127.0.0.1".parse().unwrap(), port),
        ],
        asked: Arc::default(),
    };
    let route = WebhookRoute::with(&config, &Trust::default(), SHORT, rebinds);
    let first = send(&route, &url);
    assert!(
        matches!(first, Reached::Not(..)) && first != refused,
        "{first:?}"
    );
    assert_eq!(send(&route, &url), refused);
    let nobody = listener.accept().unwrap_err();
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}
