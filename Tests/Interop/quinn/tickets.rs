//! The session tickets of a client, and word of their arrival.

use quinn::rustls::client::{ClientSessionMemoryCache, ClientSessionStore};
use quinn::rustls::client::{Tls12ClientSessionValue, Tls13ClientSessionValue};
use quinn::rustls::pki_types::ServerName;
use quinn::rustls::NamedGroup;
use tokio::sync::Notify;

#[derive(Debug)]
pub struct Tickets {
    stored: ClientSessionMemoryCache,
    arrived: Notify,
}

impl Default for Tickets {
    fn default() -> Self {
        Tickets { stored: ClientSessionMemoryCache::new(256), arrived: Notify::new() }
    }
}

impl Tickets {
    /// Returns when a ticket has arrived, also when that was before the call.
    pub async fn wait(&self) {
        self.arrived.notified().await
    }
}

impl ClientSessionStore for Tickets {
    fn insert_tls13_ticket(&self, server: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.stored.insert_tls13_ticket(server, value);
        self.arrived.notify_one();
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.stored.take_tls13_ticket(server)
    }

    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.stored.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.stored.kx_hint(server)
    }

    // QUIC has no TLS 1.2.

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}
}
