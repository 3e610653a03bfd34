//! An endpoint of the interoperability laboratory on quinn: HTTP/0.9 over QUIC (ALPN hq-interop), by environment.
//!
//! ROLE, TESTCASE, REQUESTS and SSLKEYLOGFILE are those of the public QUIC interop runner. The folders and the port are
//! environment too: WWW, DOWNLOADS, CERTS (cert.pem, priv.key, ca.pem) and PORT. It exits with 127 on a test case that
//! quinn's API does not reach.

mod tickets;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::rustls::crypto::ring;
use quinn::{rustls, ClientConfig, Connection, Endpoint, EndpointConfig, Incoming, RecvStream};
use quinn::{SendStream, ServerConfig, TransportConfig};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::{Component, Path, PathBuf};
use std::process::exit;
use std::sync::Arc;
use std::time::Duration;

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

const UNSUPPORTED: i32 = 127;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let testcase = variable("TESTCASE", "");
    match testcase.as_str() {
        "handshake" | "transfer" | "chacha20" | "retry" | "resumption" | "zerortt" | "keyupdate" => {}
        "multiconnect" | "ecn" => {}
        // quinn has no version but 1 (and its drafts): DEFAULT_SUPPORTED_VERSIONS of quinn-proto.
        "v2" => exit(UNSUPPORTED),
        // Beside a preferred address, quinn-proto 0.11.9 issues one connection ID more than the client's limit, and the
        // client closes with CONNECTION_ID_LIMIT_ERROR; as a client it ignores a preferred address.
        "connectionmigration" => exit(UNSUPPORTED),
        _ => exit(UNSUPPORTED),
    }
    let result = match variable("ROLE", "").as_str() {
        "server" => serve(&testcase).await,
        "client" => fetch(&testcase).await,
        _ => Err("ROLE is neither server nor client".into()),
    };
    if let Err(error) = result {
        eprint!("error: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            eprint!(": {error}");
            cause = error.source();
        }
        eprintln!();
        exit(1);
    }
}

/// The variable's value, or the one that the interop runner mounts.
fn variable(name: &str, standard: &str) -> String {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => value,
        _ => standard.into(),
    }
}

fn transport(testcase: &str) -> Result<Arc<TransportConfig>, Failure> {
    let mut transport = TransportConfig::default();
    // It also bounds the handshake, and handshakes at 30 % loss take long.
    let idle = if testcase == "multiconnect" { 180 } else { 60 };
    transport.max_idle_timeout(Some(Duration::from_secs(idle).try_into()?));
    if testcase == "zerortt" {
        // Probe packets would count as data that did not come in 0-RTT.
        transport.mtu_discovery_config(None);
    }
    Ok(Arc::new(transport))
}

fn initial_suite() -> rustls::quic::Suite {
    let suite = ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
    suite.tls13().and_then(|suite| suite.quic_suite()).expect("ring has the suite of Initial packets")
}

// Server.

async fn serve(testcase: &str) -> Result<(), Failure> {
    let folder = PathBuf::from(variable("CERTS", "/certs"));
    let chain = rustls_pemfile::certs(&mut &*std::fs::read(folder.join("cert.pem"))?).collect::<Result<Vec<_>, _>>()?;
    let key = rustls_pemfile::private_key(&mut &*std::fs::read(folder.join("priv.key"))?)?;
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(chain, key.ok_or("priv.key has no key")?)?;
    tls.alpn_protocols = vec![b"hq-interop".to_vec()];
    tls.max_early_data_size = u32::MAX;
    tls.key_log = Arc::new(rustls::KeyLogFile::new());
    let crypto = QuicServerConfig::with_initial(Arc::new(tls), initial_suite())?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(transport(testcase)?);

    let port: u16 = variable("PORT", "443").parse()?;
    let runtime = Arc::new(quinn::TokioRuntime);
    let endpoint = Endpoint::new(EndpointConfig::default(), Some(config), bind(port)?, runtime)?;
    println!("listening on {}", endpoint.local_addr()?);

    let root: Arc<Path> = PathBuf::from(variable("WWW", "/www")).into();
    while let Some(incoming) = endpoint.accept().await {
        if testcase == "retry" && !incoming.remote_address_validated() {
            incoming.retry()?;
            continue;
        }
        tokio::spawn(accept(incoming, root.clone()));
    }
    Ok(())
}

/// A socket for both families, or for IPv4 where there is no IPv6.
fn bind(port: u16) -> std::io::Result<UdpSocket> {
    UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)).or_else(|_| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)))
}

async fn accept(incoming: Incoming, root: Arc<Path>) {
    let connection = match incoming.await {
        Ok(connection) => connection,
        Err(error) => return eprintln!("handshake failed: {error}"),
    };
    while let Ok((mut send, receive)) = connection.accept_bi().await {
        let root = root.clone();
        tokio::spawn(async move {
            if let Err(error) = answer(&mut send, receive, &root).await {
                eprintln!("stream {} failed: {error}", send.id());
                let _ = send.reset(1u32.into());
            }
        });
    }
}

async fn answer(send: &mut SendStream, mut receive: RecvStream, root: &Path) -> Result<(), Failure> {
    let request = String::from_utf8(receive.read_to_end(8192).await?)?;
    let name = request.trim_end_matches(['\r', '\n']).strip_prefix("GET /").ok_or("that is no request of HTTP/0.9")?;
    // Of ordinary parts only, the name cannot climb out of the folder.
    if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
        return Err("that name is refused".into());
    }
    let mut file = File::open(root.join(name))?;
    let mut buffer = vec![0; 65536];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        send.write_all(&buffer[..count]).await?;
    }
    send.finish()?;
    Ok(())
}

// Client.

async fn fetch(testcase: &str) -> Result<(), Failure> {
    let requests = variable("REQUESTS", "");
    let requests: Vec<Request> = requests.split_whitespace().map(Request::new).collect::<Result<_, _>>()?;
    let mut provider = ring::default_provider();
    if testcase == "chacha20" {
        provider.cipher_suites = vec![ring::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256];
    }
    let authorities = std::fs::read(Path::new(&variable("CERTS", "/certs")).join("ca.pem"))?;
    let mut roots = rustls::RootCertStore::empty();
    for authority in rustls_pemfile::certs(&mut &*authorities) {
        roots.add(authority?)?;
    }
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"hq-interop".to_vec()];
    tls.key_log = Arc::new(rustls::KeyLogFile::new());
    let tickets = Arc::new(tickets::Tickets::default());
    let resumes = matches!(testcase, "resumption" | "zerortt");
    tls.resumption = match resumes {
        true => rustls::client::Resumption::store(tickets.clone()),
        false => rustls::client::Resumption::disabled(),
    };
    tls.enable_early_data = testcase == "zerortt";
    let mut config = ClientConfig::new(Arc::new(QuicClientConfig::with_initial(Arc::new(tls), initial_suite())?));
    config.transport_config(transport(testcase)?);

    // The first file gives the ticket, all others come over the second connection.
    let share = match testcase {
        "multiconnect" => 1,
        "resumption" | "zerortt" => return resume(testcase, &config, &requests, &tickets).await,
        _ => requests.len().max(1),
    };
    if requests.is_empty() {
        return Err("REQUESTS is empty".into());
    }
    for requests in requests.chunks(share) {
        let (endpoint, connecting) = dial(&config, &requests[0]).await?;
        let connection = connecting.await?;
        download(&connection, requests, testcase == "keyupdate").await?;
        connection.close(0u32.into(), b"");
        endpoint.wait_idle().await;
    }
    Ok(())
}

/// Fetches the first file over one connection, and all others over a second one that resumes it.
async fn resume(
    testcase: &str,
    config: &ClientConfig,
    requests: &[Request],
    tickets: &tickets::Tickets,
) -> Result<(), Failure> {
    if requests.len() < 2 {
        return Err("REQUESTS has too few files for this test case".into());
    }
    let (endpoint, connecting) = dial(config, &requests[0]).await?;
    let connection = connecting.await?;
    download(&connection, &requests[..1], false).await?;
    tokio::time::timeout(Duration::from_secs(10), tickets.wait()).await?;
    connection.close(0u32.into(), b"");
    endpoint.wait_idle().await;

    let (endpoint, connecting) = dial(config, &requests[1]).await?;
    let connection = if testcase == "zerortt" {
        let (connection, accepted) = connecting.into_0rtt().map_err(|_| "there is no ticket for 0-RTT")?;
        download(&connection, &requests[1..], false).await?;
        if !accepted.await {
            return Err("the server rejected 0-RTT".into());
        }
        connection
    } else {
        let connection = connecting.await?;
        download(&connection, &requests[1..], false).await?;
        connection
    };
    connection.close(0u32.into(), b"");
    endpoint.wait_idle().await;
    Ok(())
}

async fn dial(config: &ClientConfig, request: &Request) -> Result<(Endpoint, quinn::Connecting), Failure> {
    let mut addresses = tokio::net::lookup_host((request.host.as_str(), request.port)).await?;
    let address = addresses.next().ok_or("the host has no address")?;
    let local = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let endpoint = Endpoint::client(local)?;
    let connecting = endpoint.connect_with(config.clone(), address, &request.host)?;
    Ok((endpoint, connecting))
}

/// Fetches all files at once, as far as the server's limit of streams allows.
async fn download(connection: &Connection, requests: &[Request], updates_keys: bool) -> Result<(), Failure> {
    let mut running = tokio::task::JoinSet::new();
    for request in requests {
        running.spawn(save(connection.clone(), request.clone(), updates_keys));
    }
    while let Some(result) = running.join_next().await {
        result??;
    }
    Ok(())
}

/// Fetches one file into DOWNLOADS, under the last part of its name.
async fn save(connection: Connection, request: Request, updates_keys: bool) -> Result<(), Failure> {
    let (mut send, mut receive) = connection.open_bi().await?;
    send.write_all(format!("GET {}\r\n", request.path).as_bytes()).await?;
    send.finish()?;
    let name = request.path.rsplit('/').next().unwrap_or_default();
    let mut file = File::create(Path::new(&variable("DOWNLOADS", "/downloads")).join(name))?;
    let mut updated = false;
    while let Some(chunk) = receive.read_chunk(65536, true).await? {
        if updates_keys && !updated {
            // The handshake is confirmed by now, as RFC 9001, section 6 asks.
            connection.force_key_update();
            updated = true;
        }
        file.write_all(&chunk.bytes)?;
    }
    Ok(())
}

#[derive(Clone)]
struct Request {
    host: String,
    port: u16,
    path: String,
}

impl Request {
    fn new(url: &str) -> Result<Request, Failure> {
        let rest = url.strip_prefix("https://").ok_or("a request does not begin with https://")?;
        let (authority, path) = rest.split_once('/').ok_or("a request names no file")?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !authority.ends_with(']') => (host, port.parse()?),
            _ => (authority, 443),
        };
        Ok(Request { host: host.trim_matches(['[', ']']).into(), port, path: format!("/{path}") })
    }
}
