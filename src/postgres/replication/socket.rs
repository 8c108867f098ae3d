//! The way to a server: a socket of this machine, or TCP, in TLS where that is asked for.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use rustix::net::sockopt;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

use crate::conninfo::{Host, Tls, TlsMode};
use crate::postgres::tls;

trait Way: Read + Write + Send {}
impl<T: Read + Write + Send> Way for T {}

enum Plain {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connected socket.
pub struct Socket {
    way: Box<dyn Way>,
    /// The same without TLS, by which it is told how long to wait.
    plain: Plain,
}

/// A peer that is gone without a word is noticed after about this long, whatever is waited for.
const IDLE: Duration = Duration::from_secs(30);
const BETWEEN: Duration = Duration::from_secs(10);
const PROBES: u32 = 3;

/// What kept it from being opened, in words, and whether anything answered.
type Refused = (String, bool);

impl Socket {
    pub fn open(host: &Host, tls: &Tls, patience: Duration) -> Result<Self, Refused> {
        let unreached = |error: io::Error| (error.to_string(), false);
        if let Some(folder) = host.name.as_deref().filter(|name| name.starts_with('/')) {
            // As with libpq, a socket is never wrapped.
            let socket = UnixStream::connect(format!("{folder}/.s.PGSQL.{}", host.port)).map_err(unreached)?;
            let plain = Plain::Unix(socket.try_clone().map_err(unreached)?);
            let socket = Self { way: Box::new(socket), plain };
            socket.patience(patience).map_err(unreached)?;
            return Ok(socket);
        }
        let tcp = dial(host, patience).map_err(unreached)?;
        keep_alive(&tcp).map_err(|errno| unreached(errno.into()))?;
        tcp.set_nodelay(true).map_err(unreached)?;
        let plain = Plain::Tcp(tcp.try_clone().map_err(unreached)?);
        let mut socket = Self { way: Box::new(tcp.try_clone().map_err(unreached)?), plain };
        socket.patience(patience).map_err(unreached)?;
        if tls.mode == TlsMode::Disable || !socket.asks_for_tls(tls.mode)? {
            return Ok(socket);
        }
        socket.way = Box::new(wrap(tcp, host, tls)?);
        Ok(socket)
    }

    /// Whether the server speaks TLS.
    fn asks_for_tls(&mut self, mode: TlsMode) -> Result<bool, Refused> {
        let mut request = BytesMut::new();
        frontend::ssl_request(&mut request);
        let mut answer = [0];
        let asked = self.way.write_all(&request).and_then(|()| self.way.read_exact(&mut answer));
        asked.map_err(|error| (error.to_string(), true))?;
        match (&answer, mode) {
            (b"S", _) => Ok(true),
            (b"N", TlsMode::Prefer) => Ok(false),
            (b"N", _) => Err(("server does not support TLS".to_owned(), true)),
            _ => Err(("what answers there does not speak PostgreSQL's protocol".to_owned(), true)),
        }
    }

    /// How long a read or a write may take.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn patience(&self, patience: Duration) -> io::Result<()> {
        let patience = Some(patience);
        match &self.plain {
            Plain::Tcp(socket) => socket.set_read_timeout(patience).and_then(|()| socket.set_write_timeout(patience)),
            Plain::Unix(socket) => socket.set_read_timeout(patience).and_then(|()| socket.set_write_timeout(patience)),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.way.read(into)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.way.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.way.flush()
    }
}

/// Each address of a host is tried, in the order in which the system names them.
fn dial(host: &Host, patience: Duration) -> io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = match (host.address, &host.name) {
        (Some(address), _) => vec![SocketAddr::new(address, host.port)],
        (None, name) => (name.as_deref().unwrap_or("localhost"), host.port).to_socket_addrs()?.collect(),
    };
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name of the host has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn keep_alive(socket: impl AsFd) -> rustix::io::Result<()> {
    sockopt::set_socket_keepalive(&socket, true)?;
    sockopt::set_tcp_keepidle(&socket, IDLE)?;
    sockopt::set_tcp_keepintvl(&socket, BETWEEN)?;
    sockopt::set_tcp_keepcnt(&socket, PROBES)
}

fn wrap(tcp: TcpStream, host: &Host, tls: &Tls) -> Result<StreamOwned<ClientConnection, TcpStream>, Refused> {
    let config = tls::config(tls).map_err(|reason| (reason, true))?;
    let name = host.name.clone().or_else(|| host.address.map(|address| address.to_string())).unwrap_or_default();
    let name = ServerName::try_from(name).map_err(|error| (error.to_string(), true))?;
    let session = ClientConnection::new(Arc::new(config), name).map_err(|error| (error.to_string(), true))?;
    let mut stream = StreamOwned::new(session, tcp);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(|error| (error.to_string(), true))?;
    }
    Ok(stream)
}
