//! TLS and proxies: who is trusted, and which way a request goes.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};
use tempfile::TempDir;

use super::super::fixture::{Server, reply};
use super::*;

/// Not a loopback address by name, so that TLS is spoken, but one that leads to this machine.
const HOST: &str = "0.0.0.0";

/// A server with a certificate that its own authority has signed; the authority's certificate is in
/// `ca.crt` of the folder.
pub(in super::super) fn start_tls_server() -> (String, TempDir) {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.crt"), made.cert.pem()).unwrap();
    let certificate = CertificateDer::from(made.cert.der().to_vec());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind((HOST, 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut socket = stream.unwrap();
            let mut stream = Stream::new(&mut connection, &mut socket);
            // Who does not trust us ends the connection here.
            if stream.read(&mut [0; 4096]).is_ok() {
                stream.write_all(b"HTTP/1.1 204 X\r\n\r\n").unwrap();
            }
        }
    });
    (address, folder)
}

fn send(environment: &Environment, url: &str) -> Result<u16, NoAnswer> {
    let request =
        Request { method: Method::HEAD, url: url.to_owned(), headers: Vec::new(), body: None };
    Transport::of(environment).send(&request).map(|answer| answer.status)
}

#[test]
fn an_authority_of_ones_own_is_trusted_where_it_is_named() {
    let (address, folder) = start_tls_server();
    let url = format!("https://{address}/v2/");
    let environment = Environment::of_process().unwrap();
    let file = environment.clone().with("SSL_CERT_FILE", folder.path().join("ca.crt"));
    assert_eq!(send(&file, &url), Ok(204));

    let NoAnswer::Tls(why) = send(&environment, &url).unwrap_err() else { panic!("it is TLS") };
    assert!(why.contains("certificate"), "{why}");
    let missing = environment.with("SSL_CERT_FILE", "/nowhere").without("SSL_CERT_DIR");
    assert!(matches!(send(&missing, &url), Err(NoAnswer::Tls(_))));
}

#[test]
fn what_is_no_tls_is_told_as_such() {
    let listener = TcpListener::bind((HOST, 0)).unwrap();
    let url = format!("https://{}/v2/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 this is HTTP\r\n\r\n").unwrap();
    });
    let result = send(&Environment::of_process().unwrap(), &url);
    assert!(matches!(result, Err(NoAnswer::NotTls(_))), "{result:?}");
}

#[test]
fn a_proxy_is_asked_to_connect() {
    let proxy = Server::start(|_, _| reply(502, &[]));
    let address = format!("http://{}", proxy.address);
    let environment = Environment::of_process()
        .unwrap()
        .without("NO_PROXY")
        .without("no_proxy")
        .with("HTTPS_PROXY", address);
    let result = send(&environment, "https://registry.invalid/v2/");
    assert!(matches!(result, Err(NoAnswer::Unreachable(_))), "{result:?}");
    assert_eq!(proxy.requests(), ["CONNECT registry.invalid:443"]);
    let direct = environment.with("NO_PROXY", "invalid");
    assert!(send(&direct, "https://registry.invalid/v2/").is_err());
    assert_eq!(proxy.requests().len(), 1);
}
