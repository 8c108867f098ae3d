//! The beginning of a connection: who connects, and the proof of it.

use fallible_iterator::FallibleIterator as _;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use crate::postgres::replication::channel::{Channel, Wrong};

/// Logs in, and returns when the server takes commands.
///
/// # Errors
/// When the server refuses, or asks for what bdr has not.
pub fn login(channel: &mut Channel, startup: &[(&str, &str)], (user, password): (&str, Option<&[u8]>)) -> Result<(), Wrong> {
    channel.send(|out| frontend::startup_message(startup.iter().copied(), out))?;
    loop {
        match channel.next()? {
            Message::AuthenticationOk => break,
            Message::AuthenticationCleartextPassword => {
                let password = password.ok_or(Wrong::NoPassword)?;
                channel.send(|out| frontend::password_message(password, out))?;
            }
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(user.as_bytes(), password.ok_or(Wrong::NoPassword)?, body.salt());
                channel.send(|out| frontend::password_message(hash.as_bytes(), out))?;
            }
            Message::AuthenticationSasl(body) => scram(channel, &body, password.ok_or(Wrong::NoPassword)?)?,
            _ => return Err(Wrong::Unclear("it asks for a way to log in that bdr does not know".to_owned())),
        }
    }
    loop {
        match channel.next()? {
            Message::ReadyForQuery(_) => return Ok(()),
            Message::BackendKeyData(_) => {}
            _ => return Err(Wrong::Unclear("it does not take commands after the login".to_owned())),
        }
    }
}

fn scram(channel: &mut Channel, body: &AuthenticationSaslBody, password: &[u8]) -> Result<(), Wrong> {
    if !body.mechanisms().any(|mechanism| Ok(mechanism == SCRAM_SHA_256))? {
        return Err(Wrong::Unclear("it asks for a way to log in that bdr does not know".to_owned()));
    }
    let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
    channel.send(|out| frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), out))?;
    loop {
        match channel.next()? {
            Message::AuthenticationSaslContinue(body) => {
                scram.update(body.data())?;
                channel.send(|out| frontend::sasl_response(scram.message(), out))?;
            }
            // It knows the password too: that it is the server.
            Message::AuthenticationSaslFinal(body) => return Ok(scram.finish(body.data())?),
            _ => return Err(Wrong::Unclear("it leaves the login by password".to_owned())),
        }
    }
}
